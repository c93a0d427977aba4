/** Says an expected failure once a minute, with how often it came meanwhile: sensors try again many times a second. */
import type { AppError } from '../errors.ts';
import type { Services } from './services.ts';

const SILENCE_MS = 60_000;
/** Different ones that are remembered; past it the longest known is forgotten, and said again. */
const MAX_MESSAGES = 64;

export class FailureLog {
  readonly #log: Pick<Services['log'], 'warn'>;
  readonly #said = new Map<string, { atMs: number; unsaid: number }>();

  constructor(log: Pick<Services['log'], 'warn'>) {
    this.#log = log;
  }

  note(failure: AppError, url: string, nowMs: number): void {
    const key = `${failure.code} ${failure.message}`;
    const known = this.#said.get(key);
    if (known && nowMs - known.atMs < SILENCE_MS) {
      known.unsaid++;
      return;
    }
    this.#said.delete(key);
    const repeated = known?.unsaid ?? 0;
    this.#log.warn({ err: failure, url, ...(repeated > 0 && { repeated }) }, 'request failed');
    this.#said.set(key, { atMs: nowMs, unsaid: 0 });
    const [oldest] = this.#said.keys();
    if (this.#said.size > MAX_MESSAGES && oldest !== undefined) this.#said.delete(oldest);
  }
}
