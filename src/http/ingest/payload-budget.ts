/**
 * Bytes of request bodies that may be in memory at once; past it senders are told to come back. Of those, a few are
 * worked on; the others wait for their turn with their bodies unread, which is sooner than coming back.
 */
import { AppError } from '../../errors.ts';

const BUDGET_BYTES = 64 * 1024 * 1024;
/** A small body may decode into a large batch. */
const MAX_PAYLOADS = 16;
const MAX_WAITING = 256;

export class PayloadBudget {
  #usedBytes = 0;
  #payloads = 0;
  /** First come, first served. */
  readonly #waiting: (() => void)[] = [];
  readonly #budgetBytes: number;

  constructor(budgetBytes: number = BUDGET_BYTES) {
    this.#budgetBytes = budgetBytes;
  }

  /** @throws AppError overloaded where `bytes` do not fit beside what is being worked on and what waits. */
  async hold<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#usedBytes + bytes > this.#budgetBytes || this.#waiting.length === MAX_WAITING)
      throw new AppError('overloaded', 'Cannot take the batch now: others are being stored');
    this.#usedBytes += bytes;
    if (this.#payloads < MAX_PAYLOADS) this.#payloads++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#usedBytes -= bytes;
      const next = this.#waiting.shift();
      // Its turn is passed on.
      if (next) next();
      else this.#payloads--;
    }
  }
}
