/** An alert as a line of a table. */
import type { Alert } from '../contract/alert.ts';
import { printable } from './printable.ts';
import { utcOf } from './utc-of.ts';

const WIDTHS = [20, 18, 10, 18, 7, 10, 14] as const;

export const ALERT_HEADER = row(
  ['last seen (UTC)', 'id', 'severity', 'kind', 'conf.', 'decision', 'status'],
  'what',
);

export function alertLine(alert: Alert): string {
  const { id, severity, alert_type, confidence, decision, status, description } = alert;
  const seen = utcOf(alert.last_seen);
  const cells = [seen, id, severity, alert_type, confidence.toFixed(2), decision, status];
  return printable(row(cells, description));
}

/** What is longer than its column, as the ids of the lures' alerts are, moves the rest of the line. */
function row(cells: readonly string[], last: string): string {
  return cells.map((cell, at) => `${cell.padEnd((WIDTHS[at] ?? 0) - 1)} `).join('') + last;
}
