/** `phantomnet alerts ack|resolve|false-positive|reopen|assign|comment|undo|history`: what people do with alerts. */
import { AlertFilter } from '../contract/alert-filter.ts';
import { type AlertAction, AlertActionList, AlertActionResult } from '../contract/triage.ts';
import { AppError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { printable } from './printable.ts';

const ACTIONS = '/api/v1/alert-actions';

interface Output {
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
}

/** Which alerts an order is for, where no ids say it. */
export interface FilterWords {
  readonly type?: string;
  readonly severity?: string;
  readonly status?: string;
  readonly source?: string;
}

export interface Change {
  readonly status?: string;
  readonly assignee?: string | null;
  readonly comment?: string;
}

/** @throws AppError `usage` where neither or both of ids and filter are given; what the server says */
export async function act(
  api: ApiClient,
  ids: readonly string[],
  change: Change,
  words: Output & FilterWords,
): Promise<void> {
  const order = ids.length > 0 ? { ids } : { filter: filterOf(words) };
  if (ids.length > 0 && hasFilter(words))
    throw new AppError('usage', 'Cannot take ids and a filter at once: give one of them');
  show(AlertActionResult.parse(await api.send('POST', ACTIONS, { ...order, ...change })), words);
}

/** @throws AppError `not_found`, `conflict` */
export async function undo(api: ApiClient, actionId: string, output: Output): Promise<void> {
  const path = `${ACTIONS}/${encodeURIComponent(actionId)}/undo`;
  show(AlertActionResult.parse(await api.send('POST', path)), output);
}

/** Newest first. */
export async function history(api: ApiClient, id: string, { json, out }: Output): Promise<void> {
  const path = `/api/v1/alerts/${encodeURIComponent(id)}/actions`;
  const { actions } = await api.get(path, AlertActionList);
  for (const action of actions) out.write(`${json ? JSON.stringify(action) : lineOf(action)}\n`);
  if (actions.length === 0 && !json) out.write('Nobody has done anything with it.\n');
}

function hasFilter({ type, severity, status, source }: FilterWords): boolean {
  return [type, severity, status, source].some((word) => word !== undefined);
}

function filterOf(words: FilterWords): AlertFilter {
  if (!hasFilter(words))
    throw new AppError('usage', 'Cannot tell which alerts: give ids, or a filter such as --type');
  const { type: alert_type, severity, status, source: source_ip } = words;
  const filter = AlertFilter.safeParse({ alert_type, severity, status, source_ip });
  if (filter.success) return filter.data;
  const [issue] = filter.error.issues;
  throw new AppError('usage', `Cannot filter by ${issue?.path.join('.')}: ${issue?.message}`);
}

function show(result: AlertActionResult, { json, out }: Output): void {
  if (json) {
    out.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const { action_id: id, changed, unchanged, missing, is_cut: isCut, skipped } = result;
  const lines = [`${changed} changed${unchanged > 0 ? `, ${unchanged} were so already` : ''}`];
  if (missing.length > 0) lines.push(`There is no alert ${missing.join(', ')}`);
  for (const { alert_id: alert, reason } of skipped) lines.push(`Left ${alert}: ${reason}`);
  if (isCut) lines.push('There are more: the newest were changed, run it again for the next');
  if (id !== null) lines.push(`To take it back: phantomnet alerts undo ${id}`);
  out.write(`${lines.map(printable).join('\n')}\n`);
}

function lineOf({ action_id: id, at, by, before, after, comment, undone_by }: AlertAction): string {
  const changes = (['status', 'assignee'] as const)
    .filter((field) => field in after)
    .map((field) => `${field} ${before[field] ?? 'nobody'} to ${after[field] ?? 'nobody'}`);
  const what = [...changes, ...(comment === null ? [] : [`"${comment}"`])].join(', ');
  const undone = undone_by === null ? '' : ' (undone)';
  return printable(`${at.slice(0, 19).replace('T', ' ')}  ${by}: ${what}${undone}  ${id}`);
}
