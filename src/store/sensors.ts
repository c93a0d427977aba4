/** The sensors that ever sent a batch, with what they reported. */
import type { SensorList } from '../contract/api.ts';
import type { Queryable } from './database.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';

/** All but the clock, which the database does not know. */
type StoredSensor = Omit<SensorList['sensors'][number], 'clock_skew_s'>;

export async function listSensors(db: Queryable): Promise<StoredSensor[]> {
  const lists = await overShards(db, (shard) =>
    shard.query<Omit<StoredSensor, 'last_seen'> & { last_seen: Date }>(
      `SELECT sensor_id, last_seen, batches, packets, kernel_drops, late_packets, out_of_order_packets, lost_packets
       FROM sensors ORDER BY sensor_id`,
    ),
  );
  const rows = mergeSorted(lists, Number.POSITIVE_INFINITY, (a, b) =>
    a.sensor_id < b.sensor_id ? -1 : 1,
  );
  return rows.map((row) => ({ ...row, last_seen: row.last_seen.toISOString() }));
}
