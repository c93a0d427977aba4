/**
 * The stream of one machine: a queue in memory, bounded in rows and bytes. A full queue makes `push`
 * wait, in order; the sensor's spool holds what does not fit. Nothing is lost by a crash either: a
 * batch is acknowledged to the sensor only after the worker settled it.
 */
import type { PacketBatch } from '../contract/packet-batch.ts';
import { AppError } from '../errors.ts';
import type { BatchMeta } from './batch-meta.ts';
import type { BatchStream, Delivery, StoreResult } from './batch-stream.ts';

export interface BatchQueueOptions {
  /** Of all batches accepted and not settled. Defaults: 262,144 rows and 128 MiB. One batch always fits. */
  readonly maxRows?: number;
  readonly maxBytes?: number;
}

export interface BatchQueueStats {
  /** Accepted and not settled. */
  rows: number;
  bytes: number;
  batches: number;
  /** Pushes that wait for room. */
  waiting: number;
}

interface Push {
  readonly delivery: Delivery;
  readonly rows: number;
  readonly bytes: number;
  readonly refuse: (error: AppError) => void;
}

export class BatchQueue implements BatchStream {
  readonly stats: BatchQueueStats = { rows: 0, bytes: 0, batches: 0, waiting: 0 };
  readonly #maxRows: number;
  readonly #maxBytes: number;
  /** Without room yet, oldest first. Their number is bounded by the connections that the server accepts. */
  readonly #waiting: Push[] = [];
  readonly #ready: Delivery[] = [];
  #wakeConsumer: () => void = () => {};
  #isClosed = false;
  #position = 0;

  constructor(options: BatchQueueOptions = {}) {
    this.#maxRows = options.maxRows ?? 262_144;
    this.#maxBytes = options.maxBytes ?? 128 << 20;
  }

  push(
    batch: PacketBatch,
    meta: BatchMeta,
    encoded: Uint8Array | null = null,
  ): Promise<StoreResult> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(closed());
        return;
      }
      const rows = batch.length;
      const bytes = bytesOf(batch) + (encoded?.length ?? 0);
      let isSettled = false;
      const once = (act: () => void) => {
        if (isSettled) return;
        isSettled = true;
        this.#release(rows, bytes);
        act();
      };
      const delivery: Delivery = {
        batch,
        meta,
        encoded,
        position: ++this.#position,
        settle: (result) => once(() => resolve(result)),
        fail: (error) => once(() => reject(error)),
      };
      this.#waiting.push({ delivery, rows, bytes, refuse: reject });
      this.#accept();
    });
  }

  /** Once closed, until it is empty. */
  async *deliveries(): AsyncGenerator<Delivery> {
    for (;;) {
      const next = this.#ready.shift();
      if (next) yield next;
      else if (this.#isClosed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wakeConsumer = resolve;
        });
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const push of this.#waiting.splice(0)) push.refuse(closed());
    this.stats.waiting = 0;
    this.#wakeConsumer();
  }

  /** Moves pushes from waiting to ready while there is room, never past an older one. */
  #accept(): void {
    for (;;) {
      const push = this.#waiting[0];
      if (!push || !this.#hasRoom(push)) break;
      this.#waiting.shift();
      this.stats.rows += push.rows;
      this.stats.bytes += push.bytes;
      this.stats.batches++;
      this.#ready.push(push.delivery);
      this.#wakeConsumer();
    }
    this.stats.waiting = this.#waiting.length;
  }

  #hasRoom({ rows, bytes }: Push): boolean {
    if (this.stats.batches === 0) return true;
    const { stats } = this;
    return stats.rows + rows <= this.#maxRows && stats.bytes + bytes <= this.#maxBytes;
  }

  #release(rows: number, bytes: number): void {
    this.stats.rows -= rows;
    this.stats.bytes -= bytes;
    this.stats.batches--;
    this.#accept();
  }
}

function closed(): AppError {
  return new AppError('overloaded', 'Cannot take the packet batch: the server is stopping');
}

/** All columns but the texts: what `PacketBatch` allocates for one row. */
const COLUMN_BYTES_PER_ROW = 190;

/** About what the batch holds in memory. */
function bytesOf(batch: PacketBatch): number {
  let bytes = batch.capacity * COLUMN_BYTES_PER_ROW;
  for (const { values } of batch.textColumns()) {
    for (const value of values) bytes += 2 * value.length + 32;
  }
  return bytes;
}
