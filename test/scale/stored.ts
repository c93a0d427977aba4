/** What a database holds, without what differs from run to run: numbers it gave and times of its clock. */
import type { Database } from '../../src/store/database.ts';
import { BATCH_SECONDS, BEGIN } from './made-traffic.ts';

const TABLES: Readonly<Record<string, readonly string[]>> = {
  raw_packets: ['id'],
  traffic_data: ['id_num'],
  aggregated_features: [],
  detected_alerts: ['created_at', 'number'],
  traffic_stats: ['id'],
  traffic_by_protocol: [],
  traffic_by_attack: [],
  traffic_by_source: [],
};

/** Rows and digest of each table. */
export async function storedDigest(db: Database): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [table, without] of Object.entries(TABLES)) {
    const [row] = await db.query<{ rows: number; digest: string | null }>(
      `SELECT count(*) AS rows, md5(string_agg(line, ';' ORDER BY line)) AS digest
       FROM (SELECT (to_jsonb(t) - $1::text[])::text AS line FROM ${table} AS t) AS lines`,
      [without],
    );
    digests[table] = `${row?.rows} ${row?.digest}`;
  }
  return digests;
}

/** Packets of each batch of each sensor: `sensor number` to rows. */
export async function rowsByBatch(db: Database): Promise<Record<string, number>> {
  const rows = await db.query<{ sensor_id: string; number: number; rows: number }>(
    `SELECT sensor_id, floor((timestamp - ${BEGIN}) / ${BATCH_SECONDS})::int AS number, count(*) AS rows
     FROM raw_packets GROUP BY 1, 2 ORDER BY 1, 2`,
  );
  return Object.fromEntries(rows.map((row) => [`${row.sensor_id} ${row.number}`, row.rows]));
}
