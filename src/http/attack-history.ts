/** Packets of each attack type over time, from the roll-up that the ingest writes. */
import type { AlertKind } from '../contract/alert-kinds.ts';
import type { Queryable } from '../store/database.ts';
import { addByKey } from '../store/shards/merge-rows.ts';
import { overShards } from '../store/shards/over-shards.ts';
import { trafficSpan } from '../store/traffic-span.ts';

const MAX_POINTS = 240;

export interface AttackPoint {
  /** Start of the bucket, ISO 8601. */
  readonly at: string;
  readonly attack_type: AlertKind;
  readonly packets: number;
}

/** Oldest first; the span of `minutes` ends with the newest traffic, as the overview's does. */
export async function attackHistory(db: Queryable, minutes: number): Promise<AttackPoint[]> {
  const [first, last] = await trafficSpan(db, minutes);
  const lists = await overShards(db, (shard) =>
    shard.query<{ at: Date; attack_type: AlertKind; packets: number }>(
      `SELECT date_bin($3 * interval '1 minute', minute, $1) AS at, attack_type, sum(packets) AS packets
       FROM traffic_by_attack WHERE minute >= $1 AND minute < $2 GROUP BY 1, 2 ORDER BY 1, 2`,
      [first, last, Math.ceil(minutes / MAX_POINTS)],
    ),
  );
  const rows = addByKey(lists, ({ at, attack_type }) => `${at.getTime()} ${attack_type}`, [
    'packets',
  ]).sort((a, b) => a.at.getTime() - b.at.getTime() || (a.attack_type < b.attack_type ? -1 : 1));
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
