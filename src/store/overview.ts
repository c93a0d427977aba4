/** The numbers of the front page, all from roll-ups and small tables. */
import type { AlertKind } from '../contract/alert-kinds.ts';
import type { Overview } from '../contract/api.ts';
import type { Database, Queryable } from './database.ts';
import { IS_HIDDEN } from './hidden-alerts.ts';
import { addByKey } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';
import { type SumQueries, topSums } from './shards/top-sums.ts';
import { trafficSpan } from './traffic-span.ts';

/** The chart has at most that many points. */
const MAX_POINTS = 240;
const BUCKET_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120];
const TOP_SOURCES = 10;

type Source = Overview['top_sources'][number];

interface Totals {
  total_packets: number;
  malicious_packets: number;
  total_bytes: number;
  flows: number;
}

/** @param minutes length of the span that is summed and drawn. */
export async function overview(db: Database, minutes: number): Promise<Overview> {
  const bounds = await trafficSpan(db, minutes);
  const [totals, traffic, alertTypes, topSources, protocols, counts] = await Promise.all([
    readTotals(db, bounds),
    readTraffic(db, bounds, minutes),
    readAlertTypes(db, bounds),
    readTopSources(db, bounds),
    readProtocols(db, bounds),
    readCounts(db, minutes),
  ]);
  return {
    ...totals,
    ...counts,
    traffic,
    alert_types: alertTypes,
    top_sources: topSources,
    protocols,
  };
}

async function readTotals(db: Database, bounds: unknown[]): Promise<Totals> {
  const lists = await overShards(db, (shard) =>
    shard.query<Totals & Record<string, number>>(
      `SELECT coalesce(sum(total_packets), 0) AS total_packets,
         coalesce(sum(malicious_packets), 0) AS malicious_packets,
         coalesce(sum(total_bytes), 0) AS total_bytes, coalesce(sum(flows), 0) AS flows
       FROM traffic_stats WHERE timestamp >= $1 AND timestamp < $2`,
      bounds,
    ),
  );
  const [row] = addByKey(lists, () => 'all', [
    'total_packets',
    'malicious_packets',
    'total_bytes',
    'flows',
  ]);
  return row ?? { total_packets: 0, malicious_packets: 0, total_bytes: 0, flows: 0 };
}

/** Every bucket of the span, those without traffic as zeros. */
async function readTraffic(
  db: Database,
  bounds: unknown[],
  minutes: number,
): Promise<Overview['traffic']> {
  const bucket = BUCKET_MINUTES.find((size) => minutes / size <= MAX_POINTS) ?? 120;
  const lists = await overShards(db, (shard) =>
    shard.query<{ at: Date; packets: number; malicious: number; bytes: number }>(
      `SELECT b.at, coalesce(sum(total_packets), 0) AS packets,
         coalesce(sum(malicious_packets), 0) AS malicious, coalesce(sum(total_bytes), 0) AS bytes
       FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 minute', $3 * interval '1 minute') AS b(at)
       LEFT JOIN (SELECT date_bin($3 * interval '1 minute', timestamp, $1) AS at, *
                  FROM traffic_stats WHERE timestamp >= $1 AND timestamp < $2) AS s ON s.at = b.at
       GROUP BY b.at ORDER BY b.at`,
      [...bounds, bucket],
    ),
  );
  // Each has the same buckets in the same order.
  const rows = addByKey(lists, ({ at }) => at.getTime(), ['packets', 'malicious', 'bytes']);
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

async function readAlertTypes(db: Database, bounds: unknown[]): Promise<Overview['alert_types']> {
  const lists = await overShards(db, (shard) =>
    shard.query<{ alert_type: AlertKind; count: number }>(
      `SELECT alert_type, count(*) AS count FROM detected_alerts
       WHERE last_seen >= extract(epoch FROM $1::timestamptz)::float8
         AND last_seen < extract(epoch FROM $2::timestamptz)::float8 AND NOT ${IS_HIDDEN}
       GROUP BY alert_type ORDER BY count DESC, alert_type`,
      bounds,
    ),
  );
  return addByKey(lists, (row) => row.alert_type, ['count']).sort((a, b) => b.count - a.count);
}

async function readTopSources(db: Database, bounds: unknown[]): Promise<Overview['top_sources']> {
  const query = (shard: Queryable, { where = '', rest = '' }, ...more: unknown[]) =>
    shard.query<Source>(
      `SELECT src_ip AS ip, sum(packets) AS packets, sum(malicious) AS malicious, max(country) AS country
       FROM traffic_by_source WHERE minute >= $1 AND minute < $2 ${where} GROUP BY src_ip ${rest}`,
      [...bounds, ...more],
    );
  const queries: SumQueries<string, Source> = {
    top: (shard, count) => query(shard, { rest: 'ORDER BY packets DESC, src_ip LIMIT $3' }, count),
    atLeast: (shard, sum) => query(shard, { rest: 'HAVING sum(packets) >= $3::float8' }, sum),
    of: (shard, ips) => query(shard, { where: 'AND src_ip = ANY($3)' }, ips),
    keyOf: ({ ip }) => ip,
    sumOf: ({ packets }) => packets,
    add: (a, b) => ({
      ip: a.ip,
      packets: a.packets + b.packets,
      malicious: a.malicious + b.malicious,
      country: a.country ?? b.country,
    }),
  };
  return topSums((question) => overShards(db, question), TOP_SOURCES, queries);
}

async function readProtocols(db: Database, bounds: unknown[]): Promise<Overview['protocols']> {
  const lists = await overShards(db, (shard) =>
    shard.query<Overview['protocols'][number]>(
      `SELECT protocol, sum(packets) AS packets FROM traffic_by_protocol
       WHERE minute >= $1 AND minute < $2 GROUP BY protocol ORDER BY packets DESC, protocol`,
      bounds,
    ),
  );
  return addByKey(lists, (row) => row.protocol, ['packets']).sort((a, b) => b.packets - a.packets);
}

/** What stands open now; visits to the lures are of the last `minutes` by the clock, as lures have no replay. */
async function readCounts(
  db: Database,
  minutes: number,
): Promise<Pick<Overview, 'open_alerts' | 'active_blocks' | 'simulated_blocks' | 'lure_sessions'>> {
  const open = await overShards(db, (shard) =>
    shard.query<{ count: number }>(
      `SELECT count(*) AS count FROM detected_alerts WHERE status = 'open' AND NOT ${IS_HIDDEN}`,
    ),
  );
  const [row] = await db.query<Record<string, number>>(
    `SELECT
       (SELECT count(*) FROM decisions WHERE state = 'active' AND action = 'BLOCK'
          AND (expires_at IS NULL OR expires_at > now())) AS active_blocks,
       (SELECT count(*) FROM decisions WHERE state = 'simulated' AND action = 'BLOCK'
          AND (expires_at IS NULL OR expires_at > now())) AS simulated_blocks,
       (SELECT count(*) FROM lure_sessions
          WHERE started_at >= now() - $1 * interval '1 minute') AS lure_sessions`,
    [minutes],
  );
  return {
    open_alerts: open.flat().reduce((sum, { count }) => sum + count, 0),
    active_blocks: row?.active_blocks ?? 0,
    simulated_blocks: row?.simulated_blocks ?? 0,
    lure_sessions: row?.lure_sessions ?? 0,
  };
}
