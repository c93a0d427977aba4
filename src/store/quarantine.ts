/**
 * Batches that were acknowledged and can never be stored: kept with the reason for a person to look at. Of the oldest
 * the bytes go first, and the reasons stay: a broken sender must not fill the disk, nor take the alerts' place.
 */
import type { QuarantinedBatch } from '../contract/api.ts';
import { cleanText } from './clean-text.ts';
import type { Queryable } from './database.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';

const MAX_BATCHES = 1_000;
/** Of one batch, and of all of them. */
const MAX_KEPT_BYTES = 16 << 20;
const MAX_ALL_BYTES = 64 << 20;
/** Of the store's whole budget, where that is less. */
const BUDGET_SHARE = 0.01;
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

/** Returns of how many older ones the bytes went for it. */
export async function quarantine(tx: Queryable, batch: Quarantined): Promise<number> {
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
  return (await emptyOldest(tx, MAX_ALL_BYTES)).batches;
}

/** As much of the quarantine as a store of this budget keeps. */
export function quarantineCap(budgetBytes: number): number {
  return Math.min(MAX_ALL_BYTES, Math.floor(budgetBytes * BUDGET_SHARE));
}

/** Lets the bytes of the oldest go, until those of all others are `capBytes` at most. Returns what went. */
export async function emptyOldest(
  tx: Queryable,
  capBytes: number,
): Promise<{ batches: number; bytes: number }> {
  // The bytes first, since they are gone in what an UPDATE returns.
  const [gone] = await tx.query<{ batches: number; bytes: number }>(
    `WITH over AS (
       SELECT id, bytes FROM (
         SELECT id, length(batch)::int8 AS bytes, sum(length(batch)) OVER (ORDER BY id DESC) AS newer
         FROM quarantined_batches WHERE batch IS NOT NULL
       ) AS b WHERE newer > $1
     ), emptied AS (
       UPDATE quarantined_batches AS q SET batch = NULL FROM over WHERE q.id = over.id RETURNING over.bytes
     )
     SELECT count(*)::int8 AS batches, coalesce(sum(bytes), 0)::int8 AS bytes FROM emptied`,
    [capBytes],
  );
  return gone ?? { batches: 0, bytes: 0 };
}

export async function countQuarantined(db: Queryable): Promise<number> {
  const rows = await overShards(db, (shard) =>
    shard.query<{ count: number }>('SELECT count(*) AS count FROM quarantined_batches'),
  );
  return rows.flat().reduce((sum, { count }) => sum + count, 0);
}

/** Newest first. */
export async function listQuarantined(db: Queryable): Promise<QuarantinedBatch[]> {
  const lists = await overShards(db, (shard) =>
    shard.query<Omit<QuarantinedBatch, 'quarantined_at'> & { quarantined_at: Date }>(
      `SELECT id, quarantined_at, sensor_id, epoch, sequence, packets, reason, length(batch) AS bytes
       FROM quarantined_batches ORDER BY id DESC`,
    ),
  );
  const rows = mergeSorted(
    lists,
    Number.POSITIVE_INFINITY,
    (a, b) => b.quarantined_at.getTime() - a.quarantined_at.getTime(),
  );
  return rows.map((row) => ({ ...row, quarantined_at: row.quarantined_at.toISOString() }));
}
