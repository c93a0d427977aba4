/**
 * What a store holds, on one database or on several, without what differs from run to run: numbers that it gave and times
 * of its clock.
 */
import { createHash } from 'node:crypto';
import type { Database } from '../../src/store/database.ts';
import { BATCH_SECONDS, BEGIN } from './made-traffic.ts';

type Line = Record<string, unknown>;

/** Columns that are left out; of roll-ups, those that one line is found by: numbers on several databases are added. */
const TABLES: Readonly<Record<string, { without: readonly string[]; key?: readonly string[] }>> = {
  raw_packets: { without: ['id'] },
  traffic_data: { without: ['id_num'] },
  aggregated_features: { without: [] },
  detected_alerts: { without: ['created_at', 'number'] },
  traffic_stats: { without: ['id'], key: ['timestamp'] },
  traffic_by_protocol: { without: [], key: ['minute', 'protocol'] },
  traffic_by_attack: { without: [], key: ['minute', 'attack_type'] },
  traffic_by_source: { without: [], key: ['minute', 'src_ip'] },
};

/** Rows and digest of each table. */
export async function storedDigest(db: Database): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [table, { without, key }] of Object.entries(TABLES)) {
    const lines: Line[] = [];
    for (const shard of db.shards ?? [db]) {
      const sql = `SELECT to_jsonb(t) - $1::text[] AS line FROM ${table} AS t`;
      const rows = await shard.query<{ line: Line }>(sql, [without]);
      lines.push(...rows.map(({ line }) => line));
    }
    const texts = (key ? added(lines, key) : lines).map((line) => JSON.stringify(line)).sort();
    digests[table] = `${texts.length} ${createHash('md5').update(texts.join(';')).digest('hex')}`;
  }
  return digests;
}

function added(lines: readonly Line[], key: readonly string[]): Line[] {
  const sums = new Map<string, Line>();
  for (const line of lines) {
    const name = key.map((column) => line[column]).join(' ');
    const sum = sums.get(name);
    sums.set(name, sum ? addedTo(sum, line) : line);
  }
  return [...sums.values()];
}

function addedTo(sum: Line, line: Line): Line {
  return Object.fromEntries(
    Object.entries(sum).map(([column, value]) => [
      column,
      typeof value === 'number' ? value + Number(line[column]) : value,
    ]),
  );
}

/** Packets of each batch of each sensor: `sensor number` to rows. */
export async function rowsByBatch(db: Database): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const shard of db.shards ?? [db]) {
    const rows = await shard.query<{ sensor_id: string; number: number; rows: number }>(
      `SELECT sensor_id, floor((timestamp - ${BEGIN}) / ${BATCH_SECONDS})::int AS number, count(*) AS rows
       FROM raw_packets GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    // What is on two databases is there twice.
    for (const { sensor_id, number, rows: count } of rows)
      found[`${sensor_id} ${number}`] = (found[`${sensor_id} ${number}`] ?? 0) + count;
  }
  return found;
}
