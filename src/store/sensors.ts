/** The sensors that ever sent a batch, with what they reported. */
import type { SensorList } from '../contract/api.ts';
import type { Queryable } from './database.ts';

type SensorStatus = SensorList['sensors'][number];

export async function listSensors(db: Queryable): Promise<SensorStatus[]> {
  const rows = await db.query<Omit<SensorStatus, 'last_seen'> & { last_seen: Date }>(
    `SELECT sensor_id, last_seen, batches, packets, kernel_drops, late_packets FROM sensors
     ORDER BY sensor_id`,
  );
  return rows.map((row) => ({ ...row, last_seen: row.last_seen.toISOString() }));
}

/** The last stored sequence number of a spool, so that a sensor that lost its place can resume; -1: none. */
export async function lastSequence(
  db: Queryable,
  sensorId: string,
  epoch: string,
): Promise<number> {
  const [row] = await db.query<{ sequence: number }>(
    'SELECT sequence FROM ingest_offsets WHERE sensor_id = $1 AND epoch = $2',
    [sensorId, epoch],
  );
  return row?.sequence ?? -1;
}
