/** What stands between ingest and the worker: a queue in this process, or a stream across machines. One suite runs against every kind. */
import type { PacketBatch } from '../contract/packet-batch.ts';
import type { BatchMeta } from './batch-meta.ts';

/** `duplicate`: the batch had been stored before, nothing changed. */
export type StoreResult = 'stored' | 'duplicate';

/** A batch on its way to the worker, which must settle it one way or the other. */
export interface Delivery {
  readonly batch: PacketBatch;
  readonly meta: BatchMeta;
  /** The batch as it came (`encodeBatch`); null where it came as something else. */
  readonly encoded: Uint8Array | null;
  /** The batch is safe: whoever pushed it may say so. */
  settle(result: StoreResult): void;
  /** The batch is not stored: whoever pushed it is told why and delivers it again. */
  fail(error: unknown): void;
}

export interface BatchStream {
  /**
   * Waits for room, then until the batch is safe. The batch belongs to the stream from now on.
   * @throws AppError `overloaded` when the stream closes first; what the worker failed with.
   */
  push(batch: PacketBatch, meta: BatchMeta, encoded?: Uint8Array): Promise<StoreResult>;
  /** Deliveries in the order of the pushes, until the stream is closed and empty. One consumer. */
  deliveries(): AsyncIterable<Delivery>;
  /** Refuses further pushes and those that still wait for room; what was accepted is delivered. */
  close(): void;
}
