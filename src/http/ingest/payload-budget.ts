/** Bytes of request bodies that may be in memory at once; past it senders are told to come back. */
import { AppError } from '../../errors.ts';

const BUDGET_BYTES = 64 * 1024 * 1024;
/** A small body may decode into a large batch. */
const MAX_PAYLOADS = 16;

export class PayloadBudget {
  #usedBytes = 0;
  #payloads = 0;
  readonly #budgetBytes: number;

  constructor(budgetBytes: number = BUDGET_BYTES) {
    this.#budgetBytes = budgetBytes;
  }

  /** @throws AppError overloaded where `bytes` do not fit beside what is being worked on. */
  async hold<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#payloads === MAX_PAYLOADS || this.#usedBytes + bytes > this.#budgetBytes)
      throw new AppError('overloaded', 'Cannot take the batch now: others are being stored');
    this.#usedBytes += bytes;
    this.#payloads++;
    try {
      return await work();
    } finally {
      this.#usedBytes -= bytes;
      this.#payloads--;
    }
  }
}
