/**
 * Live capture in threads of its own, as a producer of batches.
 *
 * Several threads share the packets by flow: both directions of a conversation come to the same thread, in
 * order. Their batches are numbered as they close and handed out in that order, so packets of different
 * conversations may come late by at most the time after which a batch closes.
 */
import type { LiveSourceOptions } from '../capture/live-source.ts';
import type { SourceStats } from '../capture/source.ts';
import { type DecoderCounts, sumOfCounts } from '../core/wire/decoder-counts.ts';
import type { BatchPlace, BatchProducer, EncodedBatch } from './batch-producer.ts';
import { CaptureThread } from './capture-thread.ts';
import { DEFAULT_EVIDENCE_BYTES } from './evidence/evidence-ring.ts';
import { type EvidenceStats, sumOfStats } from './evidence/evidence-stats.ts';
import { type EvidenceSettings, removeRingsFrom, ringFolder } from './evidence/ring-folders.ts';

export interface LiveBatchesOptions extends LiveSourceOptions {
  /** Threads that share the packets; default 1. More than one needs AF_PACKET. */
  readonly workers?: number | undefined;
  /** Sockets that the program that this one was before left open, one for each thread. */
  readonly fds?: readonly number[] | undefined;
  /** A batch is closed after this; default 1 s, with several threads a quarter of it. */
  readonly flushMs?: number;
  readonly maxRows?: number;
  /** Called once packets are being captured. */
  readonly onOpen?: (() => void) | undefined;
  /** Keeps the packets' bytes, each thread in a ring of its own; default: they are not kept. */
  readonly evidence?: EvidenceSettings | undefined;
  /** Called with what a person should know; default: nothing. */
  readonly onTrouble?: ((message: string) => void) | undefined;
}

/** More than a file's batches have: what a batch costs beside its rows is a third of all work under a flood. */
const LIVE_ROWS = 16_384;
const FLUSH_MS = 1000;
/** Well within the two seconds that the analysis waits for packets that come late. */
const SHARED_FLUSH_MS = 250;

export class LiveBatches implements BatchProducer {
  readonly name: string;
  readonly #options: LiveBatchesOptions;
  #threads: readonly CaptureThread[] = [];

  constructor(options: LiveBatchesOptions) {
    this.name = options.interfaces.join(',') || 'any';
    this.#options = options;
  }

  get stats(): SourceStats {
    const sum: SourceStats = { frames: 0, bytes: 0, kernelDrops: 0 };
    for (const { stats } of this.#threads) {
      sum.frames += stats.frames;
      sum.bytes += stats.bytes;
      sum.kernelDrops += stats.kernelDrops;
    }
    return sum;
  }

  get decoder(): DecoderCounts {
    return sumOfCounts(this.#threads.map(({ decoder }) => decoder));
  }

  get evidence(): EvidenceStats | null {
    return sumOfStats(this.#threads.flatMap(({ evidence }) => evidence ?? []));
  }

  async run(
    place: BatchPlace,
    keep: (batch: EncodedBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const threads: CaptureThread[] = [];
    let failure: unknown = null;
    const stop = () => {
      for (const thread of threads) thread.request('stop');
    };
    const fail = (error: unknown) => {
      failure ??= error;
      stop();
    };
    signal.addEventListener('abort', stop, { once: true });
    const order = new BatchOrder(place.firstSequence, keep, fail);
    this.#threads = threads;
    const isOpen = await this.#open(place, threads, order);
    if (isOpen && !signal.aborted) {
      for (const thread of threads) thread.request('begin');
      const begun = await Promise.all(threads.map((thread) => thread.begun));
      if (begun.every(Boolean)) this.#options.onOpen?.();
    } else stop();
    await Promise.all(
      threads.map(async (thread) => {
        const error = await thread.ended;
        if (error !== null) fail(error);
      }),
    );
    signal.removeEventListener('abort', stop);
    await order.idle();
    if (failure !== null) throw failure;
  }

  /** One after the other: the first begins the group that the others join. False where one could not. */
  async #open(place: BatchPlace, threads: CaptureThread[], order: BatchOrder): Promise<boolean> {
    const {
      workers = 1,
      fds,
      flushMs,
      maxRows = LIVE_ROWS,
      onOpen: _,
      evidence,
      onTrouble = () => {},
      ...capture
    } = this.#options;
    const numbered = new SharedArrayBuffer(4);
    let group: number | 'new' | null = workers > 1 ? 'new' : null;
    // Whoever opens a ring in the same folder says what is wrong with it.
    if (evidence)
      await removeRingsFrom(evidence.dir, place.sensorId, workers).catch(() => undefined);
    for (let index = 0; index < workers; index++) {
      const data = {
        place,
        capture,
        share: { group, fd: fds?.[index] },
        flushMs: flushMs ?? (workers > 1 ? SHARED_FLUSH_MS : FLUSH_MS),
        maxRows,
        numbered,
        evidence: evidence ? shareOf(evidence, place.sensorId, index, workers) : null,
      };
      const thread: CaptureThread = new CaptureThread(
        data,
        (batch) => order.add(batch, () => thread.request('kept')),
        onTrouble,
      );
      threads.push(thread);
      const opened = await thread.opened;
      if (opened === undefined) return false;
      group = opened;
    }
    return true;
  }
}

/** The ring of one of several threads, and its part of the budget. */
function shareOf(
  { dir, maxBytes = DEFAULT_EVIDENCE_BYTES, snapBytes }: EvidenceSettings,
  sensorId: string,
  index: number,
  workers: number,
) {
  const share = Math.floor(maxBytes / workers);
  return { dir: ringFolder(dir, sensorId, index), maxBytes: share, snapBytes };
}

/**
 * Hands out batches by number, one at a time. At most the threads' batches that run ahead wait here: the
 * one with the lowest number that has not been handed out is never held back by its thread.
 */
class BatchOrder {
  readonly #keep: (batch: EncodedBatch) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Map<number, { batch: EncodedBatch; onKept: () => void }>();
  #next: number;
  #working: Promise<void> = Promise.resolve();

  constructor(
    first: number,
    keep: (batch: EncodedBatch) => Promise<void>,
    onError: (error: unknown) => void,
  ) {
    this.#next = first;
    this.#keep = keep;
    this.#onError = onError;
  }

  add(batch: EncodedBatch, onKept: () => void): void {
    this.#waiting.set(batch.sequence, { batch, onKept });
    for (;;) {
      const ready = this.#waiting.get(this.#next);
      if (!ready) return;
      this.#waiting.delete(this.#next++);
      this.#working = this.#working
        .then(() => this.#keep(ready.batch))
        .catch(this.#onError)
        .then(ready.onKept);
    }
  }

  /** Resolves when what could be handed out is. */
  async idle(): Promise<void> {
    await this.#working;
  }
}
