/** Totals since the database was made (or since retention), and the newest minutes. */
import type { Queryable } from './database.ts';
import { addByKey } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';

const HISTORY_MINUTES = 60;

export interface TrafficStats {
  readonly total: number;
  readonly malicious: number;
  /** Oldest first; `timestamp` is the start of the minute, ISO 8601. */
  readonly history: readonly {
    readonly timestamp: string;
    readonly total_packets: number;
    readonly malicious_packets: number;
  }[];
}

export async function trafficStats(db: Queryable): Promise<TrafficStats> {
  const sums = await overShards(db, (shard) =>
    shard.query<{ total: number; malicious: number }>(
      `SELECT coalesce(sum(total_packets), 0) AS total,
         coalesce(sum(malicious_packets), 0) AS malicious FROM traffic_stats`,
    ),
  );
  const lists = await overShards(db, (shard) =>
    shard.query<{ timestamp: Date; total_packets: number; malicious_packets: number }>(
      `SELECT timestamp, total_packets, malicious_packets FROM traffic_stats
       ORDER BY timestamp DESC LIMIT ${HISTORY_MINUTES}`,
    ),
  );
  const [all] = addByKey(sums, () => 'all', ['total', 'malicious']);
  // A minute that is among the newest of all is among the newest of each shard that has it.
  const rows = addByKey(lists, ({ timestamp }) => timestamp.getTime(), [
    'total_packets',
    'malicious_packets',
  ]);
  const history = rows
    .sort((a, b) => a.timestamp.getTime() - b.timestamp.getTime())
    .slice(-HISTORY_MINUTES)
    .map((row) => ({ ...row, timestamp: row.timestamp.toISOString() }));
  return { total: all?.total ?? 0, malicious: all?.malicious ?? 0, history };
}
