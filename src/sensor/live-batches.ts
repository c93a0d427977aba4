/** Live capture in a thread of its own, as a producer of batches. */
import { Worker } from 'node:worker_threads';
import type { AfPacketOptions } from '../capture/af-packet.ts';
import type { SourceStats } from '../capture/source.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { BatchPlace, BatchProducer, EncodedBatch } from './batch-producer.ts';
import { BATCH_ROWS } from './source-batches.ts';

export interface LiveBatchesOptions extends AfPacketOptions {
  /** A batch is closed after this; default 1 s. */
  readonly flushMs?: number;
  readonly maxRows?: number;
  /** Called once the socket is open. */
  readonly onOpen?: () => void;
}

export interface CaptureWorkerData {
  readonly place: BatchPlace;
  readonly capture: AfPacketOptions;
  readonly flushMs: number;
  readonly maxRows: number;
}

/** To the worker: a batch is in the spool, or stop. */
export type CaptureRequest = 'kept' | 'stop';

export type CaptureMessage =
  | { readonly kind: 'open' }
  | { readonly kind: 'batch'; readonly batch: EncodedBatch }
  | { readonly kind: 'stats'; readonly stats: SourceStats }
  | { readonly kind: 'failure'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'end' };

/** `.ts` when run from the sources, `.js` when built. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export class LiveBatches implements BatchProducer {
  readonly name: string;
  readonly stats: SourceStats = { frames: 0, bytes: 0, kernelDrops: 0 };
  readonly #options: LiveBatchesOptions;

  constructor(options: LiveBatchesOptions) {
    this.name = options.interfaces.join(',') || 'any';
    this.#options = options;
  }

  async run(
    place: BatchPlace,
    keep: (batch: EncodedBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { flushMs = 1000, maxRows = BATCH_ROWS, onOpen: _, ...capture } = this.#options;
    const workerData: CaptureWorkerData = { place, capture, flushMs, maxRows };
    const worker = new Worker(new URL(`./capture-worker.${EXTENSION}`, import.meta.url), {
      workerData,
      // What the process was started with (`--input-type`, …) need not suit a thread.
      execArgv: [],
    });
    const request = (what: CaptureRequest) => worker.postMessage(what);
    const stop = () => request('stop');
    let keeping = Promise.resolve();
    let failure: unknown = null;
    worker.on('message', (message: CaptureMessage) => {
      if (message.kind === 'open') this.#options.onOpen?.();
      else if (message.kind === 'stats') Object.assign(this.stats, message.stats);
      else if (message.kind === 'failure') failure = new AppError(message.code, message.message);
      else if (message.kind === 'batch') {
        keeping = keeping
          .then(() => keep(message.batch))
          .catch((error) => {
            failure ??= error;
            stop();
          })
          .then(() => request('kept'));
      }
    });
    worker.on('error', (error) => {
      failure ??= error;
    });
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    await new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    signal.removeEventListener('abort', stop);
    await keeping;
    if (failure !== null) throw failure;
  }
}
