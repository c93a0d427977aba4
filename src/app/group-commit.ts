/**
 * Batches that are ready while the database commits others wait, and then go into one transaction: what a batch
 * costs whatever it holds is paid once for all. Where none waits, a batch goes at once and alone.
 *
 * Each is answered for itself: where a group cannot be written, its batches are written one by one, so that only what
 * is wrong with one of them fails.
 */
import type { AnalysedBatch } from '../contract/analysis.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { StoreResult } from '../stream/batch-stream.ts';

/** Of one transaction. What is longer gains nothing, and holds up those that wait. */
const MAX_ROWS = 16_384;
const MAX_BATCHES = 64;
/** Transactions at once: while one waits for the disk, the other's rows are encoded. */
const LANES = 2;
/** What is no batch's fault. */
const OF_ALL: ReadonlySet<ErrorCode> = new Set(['database_unavailable', 'overloaded']);

interface Waiting {
  readonly batch: AnalysedBatch;
  readonly resolve: (result: StoreResult) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #commit: (batches: readonly AnalysedBatch[]) => Promise<readonly StoreResult[]>;
  /** Oldest first. Bounded by the sensors that are at work at once. */
  readonly #waiting: Waiting[] = [];
  #busy = 0;

  /** @param commit all or none of them, which are of different sensors. */
  constructor(commit: (batches: readonly AnalysedBatch[]) => Promise<readonly StoreResult[]>) {
    this.#commit = commit;
  }

  /** A sensor's next batch may come when the one before is answered. */
  store(batch: AnalysedBatch): Promise<StoreResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#begin();
    });
  }

  #begin(): void {
    while (this.#busy < LANES && this.#waiting.length > 0) {
      this.#busy++;
      void this.#write(this.#nextGroup()).finally(() => {
        this.#busy--;
        this.#begin();
      });
    }
  }

  #nextGroup(): Waiting[] {
    let rows = 0;
    let count = 0;
    for (const { batch } of this.#waiting) {
      rows += batch.packets.length;
      if (count > 0 && (rows > MAX_ROWS || count === MAX_BATCHES)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#commit(group.map(({ batch }) => batch));
      for (const [at, { resolve }] of group.entries()) resolve(results[at] ?? 'stored');
    } catch (error) {
      const isOfAll = error instanceof AppError && OF_ALL.has(error.code);
      if (group.length === 1 || isOfAll) for (const { reject } of group) reject(error);
      else for (const one of group) await this.#write([one]);
    }
  }
}
