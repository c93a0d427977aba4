/**
 * The span that charts show: it ends with the newest traffic, or now where that is later than now. A replayed capture
 * shows itself, and a sensor with a broken clock does not take the page away from the others.
 */
import type { Queryable } from './database.ts';
import { overShards } from './shards/over-shards.ts';

const MINUTE_MS = 60_000;

/** From `first` on, before `last`. */
export async function trafficSpan(
  db: Queryable,
  minutes: number,
): Promise<[first: Date, last: Date]> {
  const lists = await overShards(db, (shard) =>
    shard.query<{ newest: Date | null; now: Date }>(
      `SELECT max(timestamp) AS newest, date_trunc('minute', now()) AS now
       FROM traffic_stats WHERE timestamp <= now() + interval '1 minute'`,
    ),
  );
  const rows = lists.flat();
  const newest = rows.flatMap((row) => (row.newest ? [row.newest.getTime()] : []));
  const times = newest.length > 0 ? newest : rows.map(({ now }) => now.getTime());
  const last = Math.max(...times) + MINUTE_MS;
  return [new Date(last - minutes * MINUTE_MS), new Date(last)];
}
