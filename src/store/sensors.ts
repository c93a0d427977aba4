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
