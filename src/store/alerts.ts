/** Alerts as people read them. The analysis writes them, see `alert-upsert.ts`; people change them by `alert-actions.ts`. */
import type { Alert } from '../contract/alert.ts';
import type { AlertFilter } from '../contract/alert-filter.ts';
import type { AlertPage, AlertQuery } from '../contract/api.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { Queryable } from './database.ts';
import { Filter } from './filter.ts';
import { IS_HIDDEN } from './hidden-alerts.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { firstOfShards, overShards } from './shards/over-shards.ts';

const COLUMNS = `id, alert_type, severity, source_ip, destination_ip, destination_port, protocol,
  confidence, description, first_seen, last_seen, detected_at, created_at, packet_count, byte_count,
  flow_count, window_size, sensor_id, mitre, evidence, explanation, model, decision, status,
  resolved_at, packets, assignee, proven_confidence,
  CASE WHEN ${IS_HIDDEN} THEN suppressed_by END AS suppressed_by, number`;

type Row = Omit<Alert, 'created_at' | 'resolved_at'> & {
  created_at: Date;
  resolved_at: Date | null;
  number: number;
};

/** One page, newest `last_seen` first. @throws AppError `invalid_request` for a cursor that is not ours. */
export async function listAlerts(db: Queryable, query: AlertQuery): Promise<AlertPage> {
  const filter = filterOf(query);
  if (query.before !== undefined) {
    const { key, tie } = decodeCursor(query.before);
    filter.add('(last_seen, number) < (?, ?)', key, tie);
  }
  const lists = await overShards(db, (shard) =>
    shard.query<Row>(
      `SELECT ${COLUMNS} FROM detected_alerts ${filter.where}
       ORDER BY last_seen DESC, number DESC LIMIT ${query.limit + 1}`,
      filter.values,
    ),
  );
  const found = mergeSorted(lists, query.limit + 1, newestFirst);
  const { rows, next } = pageOf(found, query.limit, (row) => ({
    key: row.last_seen,
    tie: row.number,
  }));
  return { alerts: rows.map(present), next };
}

/** @throws AppError `database_unavailable` where it may be on a shard that is away */
export async function getAlert(db: Queryable, id: string): Promise<Alert | null> {
  return firstOfShards(db, async (shard) => {
    const sql = `SELECT ${COLUMNS} FROM detected_alerts WHERE id = $1`;
    const [row] = await shard.query<Row>(sql, [id]);
    return row ? present(row) : null;
  });
}

/** Those of `ids` that are not hidden. */
export async function visibleAlerts(db: Queryable, ids: readonly string[]): Promise<Alert[]> {
  const lists = await overShards(db, (shard) =>
    shard.query<Row>(
      `SELECT ${COLUMNS} FROM detected_alerts WHERE id = ANY($1) AND NOT ${IS_HIDDEN} ORDER BY number`,
      [ids],
    ),
  );
  return lists.flat().map(present);
}

/** What the filter of a list stands for. */
export function filterOf(filter: AlertFilter): Filter {
  const where = new Filter()
    .equal('alert_type', filter.alert_type)
    .equal('severity', filter.severity)
    .equal('status', filter.status)
    .equal('assignee', filter.assignee)
    .address('source_ip', filter.source_ip);
  if (filter.suppressed === undefined) where.add(`NOT ${IS_HIDDEN}`);
  if (filter.suppressed === 'only') where.add(IS_HIDDEN);
  return where;
}

/** The order of a list of alerts. */
export function newestFirst(
  a: { last_seen: number; number: number },
  b: { last_seen: number; number: number },
): number {
  return b.last_seen - a.last_seen || b.number - a.number;
}

function present({ number: _number, created_at, resolved_at, ...row }: Row): Alert {
  return {
    ...row,
    created_at: created_at.toISOString(),
    resolved_at: resolved_at?.toISOString() ?? null,
  };
}
