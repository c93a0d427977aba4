/**
 * What stands between ingest and the worker: a queue in this process, or a stream across machines. What a push
 * was answered for is safe; a batch that was not settled comes again. One suite runs against every kind.
 */
import type { PacketBatch } from '../contract/packet-batch.ts';
import type { BatchMeta } from './batch-meta.ts';

/** `duplicate`: the batch had been stored before, nothing changed. */
export type StoreResult = 'stored' | 'duplicate';

/** A batch on its way to the worker, which must settle it one way or the other before it begins with the sensor's next. */
export interface Delivery {
  readonly batch: PacketBatch;
  readonly meta: BatchMeta;
  /** The batch as it came (`encodeBatch`); null where it came as something else. */
  readonly encoded: Uint8Array | null;
  /** Its place in its partition, growing; where to go on reading after a restart. */
  readonly position: number;
  /** The batch is stored: it does not come again. */
  settle(result: StoreResult): void;
  /** The batch is not stored: it comes again, from whoever pushed it or from the stream. */
  fail(error: unknown): void;
}

/** A message of the stream that is no batch. */
interface SpoiltMessage {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly reason: string;
}

/** What of a stream of several partitions is wanted. A queue has one, and forgets what it delivered. */
export interface Reading {
  readonly partition: number;
  /** Deliveries after this position; 0: from the beginning. */
  readonly after: number;
  readonly signal: AbortSignal;
  /** Must keep it: the rest goes on when the promise resolves. */
  readonly onSpoilt: (message: SpoiltMessage) => Promise<void>;
}

export interface BatchStream {
  /**
   * Waits for room, then until the batch is safe. The batch belongs to the stream from now on.
   * @throws AppError `overloaded` when there is no room in time or the stream closes first; what the worker failed with.
   */
  push(batch: PacketBatch, meta: BatchMeta, encoded?: Uint8Array): Promise<StoreResult>;
  /** Deliveries in the order of the pushes, until the stream is closed. One consumer of a partition at a time. */
  deliveries(reading?: Reading): AsyncIterable<Delivery>;
  /** Refuses further pushes and those that still wait for room; nothing that was answered is lost. */
  close(): void | Promise<void>;
}
