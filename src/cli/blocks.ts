/** `phantomnet blocks`, `block`, `unblock` and `protect`: decisions by hand at a running platform. */
import { DecisionPage, ProtectedList } from '../contract/api.ts';
import { Decision } from '../contract/decision.ts';
import { canonicalAddress } from '../core/response/address.ts';
import { AppError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { printable } from './printable.ts';

const DECISIONS = '/api/v1/decisions';
const PROTECTED = '/api/v1/protected';
const PAGE = 1000;
/** States of a decision that holds now. */
const STANDING = ['active', 'pending', 'simulated'] as const;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

interface Output {
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
}

/** Those that hold now; with `all`, also those that are over. */
export async function blocks(
  api: ApiClient,
  { all, json, out }: Output & { readonly all: boolean },
): Promise<void> {
  const found = all ? await decisionsIn(api, null) : await standing(api);
  for (const decision of found)
    out.write(`${json ? JSON.stringify(decision) : lineOf(decision)}\n`);
  if (found.length === 0 && !json) out.write('Nobody is blocked.\n');
}

/** @throws AppError `protected_address`, `firewall_unavailable`, `invalid_request` */
export async function block(
  api: ApiClient,
  ip: string,
  words: Output & { readonly for?: string; readonly reason?: string },
): Promise<void> {
  const seconds = words.for === undefined ? undefined : parseDuration(words.for);
  const answer = await api.send('POST', DECISIONS, {
    ip: addressOf(ip),
    ...(seconds !== undefined && { duration_s: seconds }),
    ...(words.reason !== undefined && { reason: words.reason }),
  });
  show(Decision.parse(answer), words);
}

/** @throws AppError `not_found`, `conflict` */
export async function unblock(api: ApiClient, idOrIp: string, output: Output): Promise<void> {
  const ip = canonicalAddress(idOrIp);
  const ids =
    ip === null
      ? [idOrIp]
      : (await standing(api)).filter((each) => each.ip === ip).map(({ id }) => id);
  if (ids.length === 0) throw new AppError('not_found', `Cannot unblock ${ip}: it is not blocked`);
  for (const id of ids)
    show(
      Decision.parse(await api.send('DELETE', `${DECISIONS}/${encodeURIComponent(id)}`)),
      output,
    );
}

/** Without a network, prints the list. @throws AppError `invalid_request`, `conflict` */
export async function protect(
  api: ApiClient,
  network: string | undefined,
  { remove, reason, json, out }: Output & { readonly remove: boolean; readonly reason: string },
): Promise<void> {
  if (network === undefined && remove)
    throw new AppError('usage', 'Cannot take a network off the list: say which');
  if (network !== undefined && remove)
    await api.send('DELETE', `${PROTECTED}/${encodeURIComponent(network)}`);
  else if (network !== undefined) await api.send('POST', PROTECTED, { cidr: network, reason });
  const { networks } = await api.get(PROTECTED, ProtectedList);
  for (const each of networks)
    out.write(
      json
        ? `${JSON.stringify(each)}\n`
        : `${printable(`${each.cidr.padEnd(44)}${each.removable ? 'by hand' : 'found'.padEnd(7)}  ${each.reason}`)}\n`,
    );
}

/** `90`, `90s`, `10m`, `2h`, `7d` in seconds. @throws AppError `usage` */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(number) * (UNIT_SECONDS[unit] ?? 1);
  if (Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new AppError('usage', `Cannot take ${text} as a time: give seconds, or 10m, 2h, 7d`);
}

function addressOf(text: string): string {
  const ip = canonicalAddress(text);
  if (ip === null) throw new AppError('usage', `Cannot block ${text}: it is not an IP address`);
  return ip;
}

async function standing(api: ApiClient): Promise<Decision[]> {
  const found: Decision[] = [];
  for (const state of STANDING) found.push(...(await decisionsIn(api, state)));
  return found;
}

async function decisionsIn(api: ApiClient, state: Decision['state'] | null): Promise<Decision[]> {
  const found: Decision[] = [];
  let before: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (state !== null) query.set('state', state);
    if (before !== null) query.set('before', before);
    const page: DecisionPage = await api.get(`${DECISIONS}?${query}`, DecisionPage);
    found.push(...page.decisions);
    before = page.next;
  } while (before !== null);
  return found;
}

function show(decision: Decision, { json, out }: Output): void {
  out.write(`${json ? JSON.stringify(decision) : lineOf(decision)}\n`);
}

function lineOf({
  id,
  ip,
  state,
  simulated,
  expires_at,
  created_by,
  reason,
  detail,
}: Decision): string {
  const until = expires_at === null ? 'removed by hand' : expires_at.slice(0, 19).replace('T', ' ');
  const how = simulated && state !== 'simulated' ? `${state} (simulated)` : state;
  return printable(
    `${ip.padEnd(40)}${how.padEnd(12)} until ${until}  ${id}  by ${created_by}: ${reason}${detail ? ` (${detail})` : ''}`,
  );
}
