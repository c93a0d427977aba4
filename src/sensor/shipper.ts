/**
 * Sends what waits in the spool to the server, in order, one batch at a time, and keeps each until
 * the server says it has it. What the server cannot take now is tried again with growing pauses;
 * what it will never take is set aside with its answer, and the rest goes on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, fileTrouble } from '../errors.ts';
import { BATCH_CONTENT_TYPE } from '../stream/batch-codec.ts';
import { batchKey } from '../stream/batch-meta.ts';
import { CLOCK_HEADER, type ClockExchange, clockAnswer, clockNote } from '../stream/clock-note.ts';
import { LOST_HEADER } from '../stream/lost-note.ts';
import { refusalOf, type ServerAnswer, ServerLink, type ServerTrust } from './server-link.ts';
import type { Spool, SpoolEntry } from './spool.ts';

export interface ShipperOptions {
  readonly spool: Spool;
  readonly sensorId: string;
  /** The server, without `/ingest_packets`. */
  readonly url: string;
  /** An API key of the role `sensor`. */
  readonly key: string;
  /** Which certificate an https server must show; default: one of a public authority. */
  readonly trust?: ServerTrust | undefined;
  /** First and longest pause after a failure; the pause doubles and is drawn from its upper half. */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
  /** A request without an answer is given up after this. */
  readonly requestTimeoutMs?: number;
  /** Ends with an error where the server refuses the key or has no such path, instead of trying again. */
  readonly failOnAccess?: boolean;
  /** Called with what to tell a person when an attempt fails in a new way. */
  readonly onTrouble?: (message: string) => void;
}

export interface ShipperStats {
  sentBatches: number;
  sentRows: number;
  rejectedBatches: number;
  /** Attempts that failed and are repeated. */
  retries: number;
  /** What the last failed attempt met; null after a success. */
  trouble: string | null;
}

type Outcome =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly answer: string }
  | Later;

interface Later {
  readonly kind: 'later';
  readonly why: string;
  readonly afterMs: number;
}

/** Answers that a repeat may change: time-outs, rate limits, and a key or path that a person mends meanwhile. */
const TEMPORARY_STATUS = new Set([401, 403, 404, 408, 421, 425, 429]);
/** Of these, the ones that only a person mends. */
const ACCESS_STATUS = new Set([401, 403, 404]);
const MAX_ANSWER_CHARACTERS = 4096;
const MAX_RETRY_AFTER_MS = 300_000;

export class Shipper {
  readonly stats: ShipperStats = {
    sentBatches: 0,
    sentRows: 0,
    rejectedBatches: 0,
    retries: 0,
    trouble: null,
  };
  readonly #options: ShipperOptions;
  readonly #link: ServerLink;
  /** The clocks at the last batch that was answered. */
  #exchange: ClockExchange | null = null;

  /** @throws AppError `usage` where the URL is none, or has no certificate to trust; `config_invalid`. */
  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#link = new ServerLink(ingestUrl(options.url), options.trust);
  }

  /**
   * Sends until `signal` aborts; a request under way is finished first, within its time-out.
   * @throws AppError `unauthenticated` or `not_found`, only with `failOnAccess`.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#options.spool.waitForBatch(signal);
        await this.drain(signal);
      }
    } finally {
      this.#link.close();
    }
  }

  /** Sends until nothing waits, or `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    const { spool } = this.#options;
    for (;;) {
      const entry = spool.entries[0];
      if (!entry || signal.aborted) return;
      await this.#ship(entry, signal);
    }
  }

  async #ship(entry: SpoolEntry, signal: AbortSignal): Promise<void> {
    const { spool, firstPauseMs = 250, longestPauseMs = 30_000 } = this.#options;
    const bytes = await spool.read(entry);
    if (bytes === null) return spool.lose(entry.sequence);
    let pause = firstPauseMs;
    while (!signal.aborted) {
      const outcome = await this.#post(entry, bytes);
      const later = outcome.kind === 'later' ? outcome : await this.#settle(entry, outcome);
      if (later === null) return;
      this.stats.retries++;
      this.#report(later.why);
      // Half fixed, half random, so that many sensors do not come back at once.
      const jittered = pause / 2 + (pause / 2) * Math.random();
      await pausing(Math.max(jittered, later.afterMs), signal);
      pause = Math.min(2 * pause, longestPauseMs);
      // Meanwhile the spool's bound may have taken it.
      if (spool.entries[0]?.sequence !== entry.sequence) return;
    }
  }

  /** Null: it left the spool; else why it could not, a disk that fails: it is sent again, which changes nothing. */
  async #settle(entry: SpoolEntry, outcome: Exclude<Outcome, Later>): Promise<Later | null> {
    const { spool } = this.#options;
    try {
      if (outcome.kind === 'taken') await spool.acknowledge(entry.sequence);
      else await spool.reject(entry.sequence, outcome.answer);
    } catch (error) {
      const why = `cannot change the spool ${spool.dir}: ${fileTrouble(error)}`;
      return { kind: 'later', why, afterMs: 0 };
    }
    if (outcome.kind === 'taken') {
      this.stats.sentBatches++;
      this.stats.sentRows += entry.rows;
      this.stats.trouble = null;
    } else {
      const [reason] = outcome.answer.split('\n', 1);
      this.stats.rejectedBatches++;
      this.#report(`the server refused batch ${entry.sequence}: ${reason}`);
    }
    return null;
  }

  async #post(entry: SpoolEntry, bytes: Uint8Array): Promise<Outcome> {
    const { spool, sensorId, key, requestTimeoutMs = 30_000 } = this.#options;
    const meta = { sensorId, epoch: spool.epoch, sequence: entry.sequence };
    let response: ServerAnswer;
    const sentMs = Date.now();
    try {
      response = await this.#link.post(
        {
          'content-type': BATCH_CONTENT_TYPE,
          authorization: `Bearer ${key}`,
          'idempotency-key': batchKey(meta),
          [CLOCK_HEADER]: clockNote(sentMs, this.#exchange),
          ...(entry.lostBefore > 0 && { [LOST_HEADER]: String(entry.lostBefore) }),
        },
        bytes,
        requestTimeoutMs,
      );
    } catch (error) {
      return { kind: 'later', why: `no answer: ${(error as Error).message}`, afterMs: 0 };
    }
    const clock = response.headers[CLOCK_HEADER];
    this.#exchange = clockAnswer(clock === undefined ? null : String(clock), sentMs, Date.now());
    const { status, statusLine } = response;
    if (status >= 200 && status < 300) return { kind: 'taken' };
    if (status >= 400 && status < 500 && !TEMPORARY_STATUS.has(status)) {
      return {
        kind: 'refused',
        answer: `${refusalOf(response)}\n${response.text.slice(0, MAX_ANSWER_CHARACTERS)}`,
      };
    }
    if (this.#options.failOnAccess && ACCESS_STATUS.has(status)) {
      const what = `Cannot ship packets to ${this.#link.url.href}: the server answered ${refusalOf(response)}`;
      throw new AppError(status === 404 ? 'not_found' : 'unauthenticated', what);
    }
    return {
      kind: 'later',
      why: `the server answered ${ACCESS_STATUS.has(status) ? refusalOf(response) : statusLine}`,
      afterMs: retryAfterMs(response),
    };
  }

  /** The same trouble is told once, until something got through. */
  #report(message: string): void {
    if (message === this.stats.trouble) return;
    this.stats.trouble = message;
    this.#options.onTrouble?.(`Cannot ship packets to ${this.#link.url.origin}: ${message}`);
  }
}

/** Where a server takes batches. @throws AppError `usage` where it is no URL of http or https. */
export function ingestUrl(server: string): URL {
  const url = URL.canParse(server) ? new URL('ingest_packets', server.replace(/\/*$/, '/')) : null;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new AppError('usage', `Cannot ship packets to ${server}: it is not a URL`);
}

/** `Retry-After` as a number of seconds or a date; 0 where there is none. */
function retryAfterMs({ headers }: ServerAnswer): number {
  const text = headers['retry-after'];
  if (text === undefined) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : 0;
}

async function pausing(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
