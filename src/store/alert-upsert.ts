/** Alerts of a batch: new ones in, grown ones replaced, suppressed ones marked, what an analyst said of them kept. */
import type { Alert } from '../contract/alert.ts';
import { cleanJson } from './clean-text.ts';
import type { Transaction } from './database.ts';
import { markSuppressed } from './hidden-alerts.ts';

/** What the analysis owns, and the mark. `status`, `assignee` and the like belong to people and the store. */
const GROWING = [
  'alert_type',
  'severity',
  'source_ip',
  'destination_ip',
  'destination_port',
  'protocol',
  'confidence',
  'proven_confidence',
  'description',
  'first_seen',
  'last_seen',
  'detected_at',
  'packet_count',
  'byte_count',
  'flow_count',
  'window_size',
  'sensor_id',
  'mitre',
  'evidence',
  'explanation',
  'model',
  'decision',
  'packets',
  'suppressed_by',
] as const satisfies readonly (keyof Alert)[];

const COLUMNS = ['id', ...GROWING].join(', ');
const UPSERT = `
  INSERT INTO detected_alerts AS t (${COLUMNS}, status, created_at, resolved_at)
  SELECT ${COLUMNS}, status, coalesce(created_at, now()), resolved_at
  FROM jsonb_populate_recordset(NULL::detected_alerts, $1::jsonb)
  ORDER BY id
  ON CONFLICT (id) DO UPDATE SET ${GROWING.map((name) => `${name} = excluded.${name}`).join(', ')}
  RETURNING id, (xmax = 0) AS is_new`;

/** Returns the ids that were not there before. Of several versions in `alerts` the last counts. */
export async function upsertAlerts(
  tx: Transaction,
  alerts: readonly Alert[],
): Promise<Set<string>> {
  if (alerts.length === 0) return new Set();
  const latest = new Map(alerts.map((alert) => [alert.id, alert]));
  const rows = await tx.query<{ id: string; is_new: boolean }>(UPSERT, [
    cleanJson(await markSuppressed(tx, [...latest.values()])),
  ]);
  return new Set(rows.filter((row) => row.is_new).map((row) => row.id));
}
