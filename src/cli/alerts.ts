/** `phantomnet alerts` and `phantomnet explain ID`: what a running platform has found, and why. */
import { Alert, type Contribution, type ExplainedRow, type Finding } from '../contract/alert.ts';
import { AlertPage } from '../contract/api.ts';
import { ALERT_HEADER, alertLine } from './alert-line.ts';
import type { ApiClient } from './api-client.ts';
import { printable } from './printable.ts';
import { utcOf } from './utc-of.ts';

const PAGE = 500;
const SHOWN_CONTRIBUTIONS = 12;

export interface AlertsOptions {
  readonly json: boolean;
  /** At most so many, newest first. */
  readonly limit: number;
  readonly type?: string;
  readonly severity?: string;
  readonly status?: string;
  readonly source?: string;
  readonly assignee?: string;
  /** Those that a suppression hides, in place of the others. */
  readonly suppressed: boolean;
  readonly out: NodeJS.WritableStream;
}

/** @throws AppError what the server says of the filters */
export async function alerts(api: ApiClient, options: AlertsOptions): Promise<void> {
  const { type, severity, status, source, assignee, suppressed, limit, json, out } = options;
  const filters = {
    ...{ alert_type: type, severity, status, source_ip: source, assignee },
    suppressed: suppressed ? 'only' : undefined,
  };
  let left = limit;
  let before: string | null = null;
  let isEmpty = true;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(left, PAGE)) });
    for (const [name, value] of Object.entries(filters))
      if (value !== undefined) query.set(name, value);
    if (before !== null) query.set('before', before);
    const page: AlertPage = await api.get(`/api/v1/alerts?${query}`, AlertPage);
    if (isEmpty && !json && page.alerts.length > 0) out.write(`${ALERT_HEADER}\n`);
    for (const alert of page.alerts)
      out.write(`${json ? JSON.stringify(alert) : alertLine(alert)}\n`);
    isEmpty &&= page.alerts.length === 0;
    left -= page.alerts.length;
    before = page.next;
  } while (before !== null && left > 0);
  if (isEmpty && !json) out.write('No alerts.\n');
}

export async function explain(
  api: ApiClient,
  id: string,
  { json, packets, out }: { json: boolean; packets?: string; out: NodeJS.WritableStream },
): Promise<void> {
  const path = `/api/v1/alerts/${encodeURIComponent(id)}`;
  const alert = await api.get(path, Alert);
  if (packets !== undefined) await api.download(`${path}/packets.pcapng`, packets);
  out.write(json ? `${JSON.stringify(alert)}\n` : explanation(alert));
}

function explanation(alert: Alert): string {
  const { model, packet_count: packets, byte_count: bytes, flow_count: flows } = alert;
  const from = alert.source_ip ?? 'many sources';
  const port = alert.destination_port === null ? '' : ` port ${alert.destination_port}`;
  const lines = [
    `${alert.alert_type} (${alert.severity}, confidence ${alert.confidence.toFixed(2)}, ${alert.decision}, ${alert.status})`,
    `  ${alert.description}`,
    '',
    `  from        ${from}`,
    `  to          ${alert.destination_ip ?? (alert.alert_type.startsWith('Honeypot') ? 'a lure here' : 'many targets')}${port}${alert.protocol ? ` (${alert.protocol})` : ''}`,
    `  when (UTC)  ${utcOf(alert.first_seen)} to ${utcOf(alert.last_seen)}, detected ${utcOf(alert.detected_at)}`,
    `  traffic     ${packets} packets, ${bytes} bytes, ${flows} flows, seen by ${alert.sensor_id}`,
    `  ATT&CK      ${alert.mitre.join(', ') || 'none'}`,
    '',
    'Evidence',
    ...alert.evidence.flatMap(findingLines),
  ];
  const moved = alert.explanation.filter(
    ({ contribution }) => shownContribution(contribution) !== 0,
  );
  if (model)
    lines.push(
      '',
      `What moved the model ${model.name} (${model.hash.slice(0, 12)}), largest first`,
      ...(model.explained ? [`  ${wordsOf(model.explained)}`] : []),
      ...moved.slice(0, SHOWN_CONTRIBUTIONS).map(contributionLine),
      ...(moved.length === 0 ? ['  nothing: it sees nothing unusual in this traffic'] : []),
    );
  return `${lines.map(printable).join('\n')}\n`;
}

function wordsOf({ row, entity, start, method, unit, class_name, catalogue_hash }: ExplainedRow) {
  const what = row === 'flow' ? `conversation ${entity}` : `5 s of ${row} ${entity}`;
  const how =
    method === 'tree_shap'
      ? `exact contributions to the ${unit} of ${class_name}`
      : 'path lengths: what each cut did to isolate it (log2 of the score)';
  return `${what} from ${utcOf(start)}, features ${catalogue_hash}; ${how}`;
}

function findingLines({
  detector,
  at,
  confidence,
  summary,
  numbers,
  thresholds,
}: Finding): string[] {
  return [
    `  ${utcOf(at)}  ${detector}, confidence ${confidence.toFixed(2)}: ${summary}`,
    ...Object.entries(numbers).map(([name, value]) => {
      const limit = thresholds[name];
      const against = limit === undefined ? '' : `  (limit ${rounded(limit)})`;
      return `      ${name.padEnd(28)} ${typeof value === 'number' ? rounded(value) : value}${against}`;
    }),
  ];
}

function contributionLine({ feature, value, contribution }: Contribution): string {
  const sign = contribution >= 0 ? '+' : '-';
  const shown = value === null ? 'unknown' : rounded(value);
  return `  ${sign}${Math.abs(contribution).toFixed(3)}  ${feature.padEnd(28)} ${shown}`;
}

function shownContribution(contribution: number): number {
  return Number(contribution.toFixed(3));
}

function rounded(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
}
