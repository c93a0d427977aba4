/** One thread that captures, seen from the thread that keeps its batches. */
import { Worker } from 'node:worker_threads';
import type { LiveSourceOptions, RingShare } from '../capture/live-source.ts';
import type { SourceStats } from '../capture/source.ts';
import { type DecoderCounts, sumOfCounts } from '../core/wire/decoder-counts.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { BatchPlace, EncodedBatch } from './batch-producer.ts';
import type { EvidenceOptions } from './evidence/evidence-ring.ts';
import type { EvidenceStats } from './evidence/evidence-stats.ts';

export interface CaptureThreadData {
  readonly place: BatchPlace;
  readonly capture: LiveSourceOptions;
  readonly share: RingShare;
  readonly flushMs: number;
  readonly maxRows: number;
  /** One number for all threads: how many batches have been numbered. */
  readonly numbered: SharedArrayBuffer;
  /** The thread's own ring; null: packets are not kept. */
  readonly evidence: Omit<EvidenceOptions, 'onTrouble'> | null;
}

/** To the thread: all sockets are open, a batch is in the spool, stop. */
export type CaptureRequest = 'begin' | 'kept' | 'stop';

export type CaptureMessage =
  | { readonly kind: 'open'; readonly group: number | null }
  | { readonly kind: 'begun' }
  | { readonly kind: 'batch'; readonly batch: EncodedBatch }
  | {
      readonly kind: 'stats';
      readonly stats: SourceStats;
      readonly evidence: EvidenceStats | null;
      readonly decoder: DecoderCounts;
    }
  | { readonly kind: 'trouble'; readonly message: string }
  | { readonly kind: 'failure'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'end' };

/** `.ts` when run from the sources, `.js` when built. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export class CaptureThread {
  readonly stats: SourceStats = { frames: 0, bytes: 0, kernelDrops: 0 };
  evidence: EvidenceStats | null = null;
  decoder: DecoderCounts = sumOfCounts([]);
  /** The group of its socket once it is open; undefined where it ended before. */
  readonly opened: Promise<number | null | undefined>;
  /** False where it ended before any packet could come. */
  readonly begun: Promise<boolean>;
  /** What it failed with, null for nothing, once it has ended. */
  readonly ended: Promise<unknown>;
  readonly #worker: Worker;

  /**
   * @param onBatch called with each batch, in the order of their numbers within this thread.
   * @param onTrouble called with what a person should know.
   */
  constructor(
    data: CaptureThreadData,
    onBatch: (batch: EncodedBatch) => void,
    onTrouble: (message: string) => void,
  ) {
    this.#worker = new Worker(new URL(`./capture-worker.${EXTENSION}`, import.meta.url), {
      workerData: data,
      // What the process was started with (`--input-type`, …) need not suit a thread.
      execArgv: [],
    });
    let resolve: (group: number | null | undefined) => void = () => {};
    this.opened = new Promise((settle) => {
      resolve = settle;
    });
    let resolveBegun: (isBegun: boolean) => void = () => {};
    this.begun = new Promise((settle) => {
      resolveBegun = settle;
    });
    let failure: unknown = null;
    this.#worker.on('message', (message: CaptureMessage) => {
      if (message.kind === 'open') resolve(message.group);
      else if (message.kind === 'begun') resolveBegun(true);
      else if (message.kind === 'stats') {
        Object.assign(this.stats, message.stats);
        this.evidence = message.evidence;
        this.decoder = message.decoder;
      } else if (message.kind === 'trouble') onTrouble(message.message);
      else if (message.kind === 'failure') failure = new AppError(message.code, message.message);
      else if (message.kind === 'batch') onBatch(message.batch);
    });
    this.#worker.on('error', (error) => {
      failure ??= error;
    });
    this.ended = new Promise((done) => {
      this.#worker.once('exit', () => {
        resolve(undefined);
        resolveBegun(false);
        done(failure);
      });
    });
  }

  request(what: CaptureRequest): void {
    this.#worker.postMessage(what);
  }
}
