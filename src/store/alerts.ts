/** Alerts as people read and triage them. The analysis writes them, see `alert-upsert.ts`. */
import type { Alert, AlertStatus } from '../contract/alert.ts';
import type { AlertPage, AlertQuery } from '../contract/api.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { Queryable } from './database.ts';
import { Filter } from './filter.ts';

const COLUMNS = `id, alert_type, severity, source_ip, destination_ip, destination_port, protocol,
  confidence, description, first_seen, last_seen, detected_at, created_at, packet_count, byte_count,
  flow_count, window_size, sensor_id, mitre, evidence, explanation, model, decision, status,
  resolved_at, packets, number`;

type Row = Omit<Alert, 'created_at' | 'resolved_at'> & {
  created_at: Date;
  resolved_at: Date | null;
  number: number;
};

/** One page, newest `last_seen` first. @throws AppError `invalid_request` for a cursor that is not ours. */
export async function listAlerts(db: Queryable, query: AlertQuery): Promise<AlertPage> {
  const filter = new Filter()
    .equal('alert_type', query.alert_type)
    .equal('severity', query.severity)
    .equal('status', query.status)
    .address('source_ip', query.source_ip);
  if (query.before !== undefined) {
    const { key, tie } = decodeCursor(query.before);
    filter.add('(last_seen, number) < (?, ?)', key, tie);
  }
  const found = await db.query<Row>(
    `SELECT ${COLUMNS} FROM detected_alerts ${filter.where}
     ORDER BY last_seen DESC, number DESC LIMIT ${query.limit + 1}`,
    filter.values,
  );
  const { rows, next } = pageOf(found, query.limit, (row) => ({
    key: row.last_seen,
    tie: row.number,
  }));
  return { alerts: rows.map(present), next };
}

export async function getAlert(db: Queryable, id: string): Promise<Alert | null> {
  const [row] = await db.query<Row>(`SELECT ${COLUMNS} FROM detected_alerts WHERE id = $1`, [id]);
  return row ? present(row) : null;
}

/** The changed alert, or null where there is none. Resolved and false-positive ones get `resolved_at`. */
export async function changeAlertStatus(
  db: Queryable,
  id: string,
  status: AlertStatus,
): Promise<Alert | null> {
  const [row] = await db.query<Row>(
    `UPDATE detected_alerts SET status = $2,
       resolved_at = CASE WHEN $2 IN ('resolved', 'false_positive') THEN coalesce(resolved_at, now()) END
     WHERE id = $1 RETURNING ${COLUMNS}`,
    [id, status],
  );
  return row ? present(row) : null;
}

function present({ number: _number, created_at, resolved_at, ...row }: Row): Alert {
  return {
    ...row,
    created_at: created_at.toISOString(),
    resolved_at: resolved_at?.toISOString() ?? null,
  };
}
