/** Totals since the database was made (or since retention), and the newest minutes. */
import type { Queryable } from './database.ts';

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
  const [sums] = await db.query<{ total: number; malicious: number }>(
    `SELECT coalesce(sum(total_packets), 0) AS total,
       coalesce(sum(malicious_packets), 0) AS malicious FROM traffic_stats`,
  );
  const rows = await db.query<{
    timestamp: Date;
    total_packets: number;
    malicious_packets: number;
  }>(
    `SELECT timestamp, total_packets, malicious_packets FROM traffic_stats
     ORDER BY timestamp DESC LIMIT ${HISTORY_MINUTES}`,
  );
  const history = rows.reverse().map((row) => ({ ...row, timestamp: row.timestamp.toISOString() }));
  return { total: sums?.total ?? 0, malicious: sums?.malicious ?? 0, history };
}
