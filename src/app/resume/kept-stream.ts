/**
 * Keeps one sensor's state in the database, now and then; what came after it is in the stream.
 *
 * A state counts for every position up to which the partition was stored when it was taken, whatever other sensors
 * sent meanwhile: so one that has fallen silent holds nothing back.
 */
import type { KeptState } from './analysis-keeper.ts';
import { sealState } from './sealed-state.ts';

/** A larger one is not kept: it would be written again and again. */
const MAX_SEALED_BYTES = 64 << 20;

export interface KeptStreamOptions {
  readonly snapshotMs: number;
  /** The state that can be gone on from lacks something that was stored. */
  readonly isBehind: boolean;
  /** The position up to which the partition is stored. */
  readonly position: () => number;
  /** Null: what came up to there is not kept. */
  readonly write: (state: Uint8Array | null, position: number) => Promise<void>;
  /** It could not be kept, or (null) is kept again. */
  readonly onTrouble: (reason: string | null) => void;
}

export class KeptStream implements KeptState {
  readonly entries = 0;
  readonly isFull = false;
  readonly #options: KeptStreamOptions;
  /** Spread, so that not all sensors of a partition are written at once. */
  #snapshotAtMs: number;
  #isDirty: boolean;
  #writing: Promise<void> | null = null;
  /** Bytes of the last one written. */
  snapshotBytes = 0;

  constructor(options: KeptStreamOptions) {
    this.#options = options;
    this.#isDirty = options.isBehind;
    this.#snapshotAtMs = performance.now() - Math.random() * options.snapshotMs;
  }

  get isDirty(): boolean {
    return this.#isDirty;
  }

  get isDue(): boolean {
    const ageMs = performance.now() - this.#snapshotAtMs;
    return this.#isDirty && this.#writing === null && ageMs >= this.#options.snapshotMs;
  }

  async append(): Promise<void> {
    this.#isDirty = true;
  }

  snapshot(pieces: readonly Uint8Array[], ready: Promise<unknown>): Promise<void> {
    const position = this.#begin();
    const writing = Promise.all([this.#writing, ready]).then(() => this.#write(pieces, position));
    return this.#track(writing);
  }

  giveUp(reason: string): Promise<void> {
    const position = this.#begin();
    this.#options.onTrouble(reason);
    return this.#track(this.#options.write(null, position).catch((error) => this.#fail(error)));
  }

  async idle(): Promise<void> {
    await this.#writing;
  }

  #begin(): number {
    this.#isDirty = false;
    this.#snapshotAtMs = performance.now();
    return this.#options.position();
  }

  #track(writing: Promise<void>): Promise<void> {
    this.#writing = writing;
    return writing.then(() => {
      if (this.#writing === writing) this.#writing = null;
    });
  }

  async #write(pieces: readonly Uint8Array[], position: number): Promise<void> {
    const { write, onTrouble } = this.#options;
    try {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of sealState(pieces)) {
        bytes += chunk.length;
        if (bytes > MAX_SEALED_BYTES) {
          await write(null, position);
          onTrouble('there is more of it than can be kept');
          return;
        }
        chunks.push(chunk);
      }
      await write(Buffer.concat(chunks), position);
      this.snapshotBytes = bytes;
      onTrouble(null);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The database is away: it is tried again when it is time. */
  #fail(error: unknown): void {
    this.#isDirty = true;
    this.#options.onTrouble((error as Error).message);
  }
}
