/** Packets of each attack type over time, from the roll-up that the ingest writes. */
import type { AlertKind } from '../contract/alert-kinds.ts';
import type { Queryable } from '../store/database.ts';

const MAX_POINTS = 240;

export interface AttackPoint {
  /** Start of the bucket, ISO 8601. */
  readonly at: string;
  readonly attack_type: AlertKind;
  readonly packets: number;
}

/** Oldest first; the span of `minutes` ends with the newest traffic, as the overview's does. */
export async function attackHistory(db: Queryable, minutes: number): Promise<AttackPoint[]> {
  const rows = await db.query<{ at: Date; attack_type: AlertKind; packets: number }>(
    `WITH newest AS (
       SELECT coalesce(max(timestamp), date_trunc('minute', now())) + interval '1 minute' AS last
       FROM traffic_stats WHERE timestamp <= now() + interval '1 minute')
     SELECT date_bin($2 * interval '1 minute', minute, last - $1 * interval '1 minute') AS at,
       attack_type, sum(packets) AS packets
     FROM traffic_by_attack, newest
     WHERE minute >= last - $1 * interval '1 minute' AND minute < last
     GROUP BY 1, 2 ORDER BY 1, 2`,
    [minutes, Math.ceil(minutes / MAX_POINTS)],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
