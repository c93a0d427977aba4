/** `phantomnet story IP`: what an address did and what was done about it, in order. */
import { Story, type StoryEntry } from '../contract/story.ts';
import { canonicalAddress } from '../core/response/address.ts';
import { AppError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { printable } from './printable.ts';

/** With `json` one line for each entry. @throws AppError `usage` for what is no address */
export async function story(
  api: ApiClient,
  address: string,
  { days, json, out }: { days: number; json: boolean; out: NodeJS.WritableStream },
): Promise<void> {
  const ip = canonicalAddress(address);
  if (ip === null)
    throw new AppError('usage', `Cannot tell of ${address}: it is not an IP address`);
  const path = `/api/v1/sources/${encodeURIComponent(ip)}/story?days=${days}`;
  const told = await api.get(path, Story);
  for (const entry of told.entries)
    out.write(`${json ? JSON.stringify(entry) : printable(lineOf(entry))}\n`);
  if (json) return;
  if (told.entries.length === 0)
    out.write(`Nothing is kept of ${ip} from the last ${days} days.\n`);
  if (told.is_cut) out.write('There are older entries than these.\n');
}

function lineOf({ at, kind, text, alert, is_simulated, is_suppressed }: StoryEntry): string {
  const name =
    alert?.alert_type ?? `${kind.replaceAll('_', ' ')}${is_simulated ? ' (simulated)' : ''}`;
  const hidden = is_suppressed ? ' (suppressed)' : '';
  return `${at.slice(0, 19).replace('T', ' ')}  ${name.padEnd(20)} ${text}${hidden}`;
}
