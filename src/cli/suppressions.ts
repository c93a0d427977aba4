/** `phantomnet suppress`, `unsuppress`, `suppressions` and `policy`: what nobody is to hear of, and from where on alerts and blocks are. */
import { Policy } from '../contract/api.ts';
import { ChangePreview, type PreviewGroup } from '../contract/preview.ts';
import { Suppression, SuppressionList } from '../contract/suppression.ts';
import { AppError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { parseDuration } from './blocks.ts';
import { printable } from './printable.ts';

const SUPPRESSIONS = '/api/v1/suppressions';
const POLICY = '/api/v1/policy';

interface Output {
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
}

interface PreviewWords {
  /** Change nothing. */
  readonly preview: boolean;
  readonly err: NodeJS.WritableStream;
  readonly days: number;
}

export interface SuppressWords extends Output, PreviewWords {
  readonly type?: string;
  readonly source?: string;
  readonly target?: string;
  readonly port?: number;
  readonly sensor?: string;
  readonly reason?: string;
  readonly for?: string;
}

/** Says first what it would have done. @throws AppError `usage` without a reason; what the server says of the criteria */
export async function suppress(api: ApiClient, words: SuppressWords): Promise<void> {
  const criteria = {
    alert_type: words.type,
    source: words.source,
    target: words.target,
    port: words.port,
    sensor_id: words.sensor,
  };
  if (!words.preview && words.reason === undefined)
    throw new AppError('usage', 'Cannot suppress without a reason: give --reason');
  const order = { ...criteria, days: words.days };
  const preview = ChangePreview.parse(await api.send('POST', `${SUPPRESSIONS}/preview`, order));
  if (words.preview) {
    showPreview(preview, words);
    return;
  }
  words.err.write(briefly(preview));
  const answer = await api.send('POST', SUPPRESSIONS, {
    ...criteria,
    reason: words.reason,
    ...(words.for !== undefined && { duration_s: parseDuration(words.for) }),
  });
  show(Suppression.parse(answer), words);
}

/** @throws AppError `not_found`, `conflict` */
export async function unsuppress(api: ApiClient, id: string, output: Output): Promise<void> {
  const path = `${SUPPRESSIONS}/${encodeURIComponent(id)}`;
  show(Suppression.parse(await api.send('DELETE', path)), output);
}

export async function suppressions(
  api: ApiClient,
  { all, ...output }: Output & { readonly all: boolean },
): Promise<void> {
  const list = await api.get(`${SUPPRESSIONS}?all=${all}`, SuppressionList);
  for (const each of list.suppressions) show(each, output);
  if (list.suppressions.length === 0 && !output.json) output.out.write('Nothing is suppressed.\n');
}

/** Prints the policy; where a change is asked for, says first what it would have done. @throws AppError `forbidden`, `invalid_request` */
export async function policy(
  api: ApiClient,
  words: Output & PreviewWords & { readonly alertFrom?: number; readonly blockFrom?: number },
): Promise<void> {
  const { alertFrom, blockFrom, days, json, out, err } = words;
  const change = {
    ...(alertFrom !== undefined && { alert_threshold: alertFrom }),
    ...(blockFrom !== undefined && { block_threshold: blockFrom }),
  };
  const isChange = Object.keys(change).length > 0;
  if (words.preview || isChange) {
    const order = { ...change, days };
    const preview = ChangePreview.parse(await api.send('POST', `${POLICY}/preview`, order));
    if (words.preview) {
      showPreview(preview, words);
      return;
    }
    err.write(briefly(preview));
  }
  let now = await api.get(POLICY, Policy);
  if (isChange) now = Policy.parse(await api.send('PUT', POLICY, { ...now, ...change }));
  out.write(
    json
      ? `${JSON.stringify(now)}\n`
      : `alert from ${now.alert_threshold}, block from ${now.block_threshold} for ${now.block_seconds} s, ${now.armed ? 'armed' : 'simulated'}\n`,
  );
}

function showPreview(preview: ChangePreview, { json, out }: Output): void {
  if (json) {
    out.write(`${JSON.stringify(preview)}\n`);
    return;
  }
  const { days, looked_at: lookedAt, is_cut: isCut, notes } = preview;
  const lines = [
    `In the last ${days} days (${lookedAt} alerts looked at${isCut ? ', the newest; there are more' : ''}) it would have`,
    ...groupLines('hidden', preview.hidden),
    ...groupLines('raised', preview.raised),
    ...groupLines('blocked', preview.blocked),
    ...groupLines('not blocked', preview.unblocked),
    ...notes.map((note) => `Note: ${note}`),
    'Nothing was changed.',
  ];
  out.write(`${lines.map(printable).join('\n')}\n`);
}

/** One line, for who changes something without having asked. */
function briefly({ days, hidden, raised, blocked, unblocked }: ChangePreview): string {
  return `In the last ${days} days it would have hidden ${hidden.count}, raised ${raised.count}, blocked ${blocked.count} and not blocked ${unblocked.count}.\n`;
}

function groupLines(name: string, { count, sources, by_type, examples }: PreviewGroup): string[] {
  if (count === 0) return [`  ${name.padEnd(12)} nothing`];
  const kinds = by_type.map((each) => `${each.count} ${each.alert_type}`).join(', ');
  return [
    `  ${name.padEnd(12)} ${count} (${kinds}) from ${sources} sources, such as`,
    ...examples.map(({ id, description }) => `    ${id}  ${description}`),
  ];
}

function show(suppression: Suppression, { json, out }: Output): void {
  out.write(`${json ? JSON.stringify(suppression) : lineOf(suppression)}\n`);
}

function lineOf(suppression: Suppression): string {
  const { id, alert_type, source, target, port, sensor_id, reason, hit_count } = suppression;
  const criteria = [
    alert_type,
    source && `from ${source}`,
    target && `to ${target}`,
    port !== null && `port ${port}`,
    sensor_id && `at ${sensor_id}`,
  ].filter(Boolean);
  const { expires_at, removed_at, removed_by, created_by } = suppression;
  const until = `${(removed_at ?? expires_at).slice(0, 16).replace('T', ' ')}`;
  const end = removed_by === null ? `until ${until}` : `removed ${until} by ${removed_by}`;
  return printable(
    `${id}  ${criteria.join(' ')}, ${end}, hid ${hit_count}, by ${created_by}: ${reason}`,
  );
}
