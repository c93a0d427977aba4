/** Batches that were acknowledged and can never be stored: kept with the reason for a person to look at. */
import type { QuarantinedBatch } from '../contract/api.ts';
import { cleanText } from './clean-text.ts';
import type { Queryable } from './database.ts';

/** The oldest go: a broken sender must not fill the disk. */
const MAX_BATCHES = 1_000;
const MAX_KEPT_BYTES = 16 << 20;
const MAX_REASON_CHARACTERS = 2_000;

export interface Quarantined {
  /** Null: the bytes do not say. */
  readonly meta: { sensorId: string; epoch: string; sequence: number } | null;
  readonly partition: number;
  readonly position: number;
  readonly packets: number | null;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

export async function quarantine(tx: Queryable, batch: Quarantined): Promise<void> {
  const { meta, partition, position, packets, reason, bytes } = batch;
  await tx.query(
    `INSERT INTO quarantined_batches (sensor_id, epoch, sequence, partition, position, packets, reason, batch)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      meta?.sensorId ?? null,
      meta?.epoch ?? null,
      meta?.sequence ?? null,
      partition,
      position,
      packets,
      cleanText(reason.slice(0, MAX_REASON_CHARACTERS)),
      bytes.length <= MAX_KEPT_BYTES ? bytes : null,
    ],
  );
  await tx.query(
    `DELETE FROM quarantined_batches WHERE id <=
       (SELECT id FROM quarantined_batches ORDER BY id DESC OFFSET ${MAX_BATCHES} LIMIT 1)`,
  );
}

export async function countQuarantined(db: Queryable): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    'SELECT count(*) AS count FROM quarantined_batches',
  );
  return row?.count ?? 0;
}

/** Newest first. */
export async function listQuarantined(db: Queryable): Promise<QuarantinedBatch[]> {
  const rows = await db.query<Omit<QuarantinedBatch, 'quarantined_at'> & { quarantined_at: Date }>(
    `SELECT id, quarantined_at, sensor_id, epoch, sequence, packets, reason, length(batch) AS bytes
     FROM quarantined_batches ORDER BY id DESC`,
  );
  return rows.map((row) => ({ ...row, quarantined_at: row.quarantined_at.toISOString() }));
}
