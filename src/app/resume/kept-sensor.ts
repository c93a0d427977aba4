/**
 * Keeps what one sensor's analysis would lose with the process: each batch in a journal before it is
 * committed, and now and then the whole state, after which the journal begins anew.
 *
 * Where the disk fails nothing is kept until a snapshot succeeds again; the packets are counted all the same,
 * and a restart in between finds that the journal does not reach to what is committed.
 */
import { fileTrouble } from '../../errors.ts';
import type { KeptState } from './analysis-keeper.ts';
import { Journal } from './journal.ts';
import { writeSnapshot } from './snapshot-file.ts';
import type { StateFolder } from './state-folder.ts';

export interface KeptSensorOptions {
  readonly folder: StateFolder;
  /** Between two snapshots while batches come. */
  readonly snapshotMs: number;
  /** Of the journal, from which on a snapshot is taken at once. */
  readonly journalBytes: number;
  /** The disk failed, or (null) works again. */
  readonly onTrouble: (reason: string | null) => void;
}

export class KeptSensor implements KeptState {
  readonly #options: KeptSensorOptions;
  #generation: number;
  /** Null: nothing is being kept. */
  #journal: Journal | null = null;
  /** What has to be done before the next entry is written. */
  #turn: Promise<void> = Promise.resolve();
  #writing: Promise<void> | null = null;
  #snapshotAtMs = performance.now();
  #isDirty = false;
  /** Batches that came since the beginning, kept or not. */
  entries = 0;
  /** Bytes of the last snapshot on disk. */
  snapshotBytes = 0;

  private constructor(options: KeptSensorOptions, generation: number) {
    this.#options = options;
    this.#generation = generation;
  }

  /** Begins a generation with this state; null: with nothing, as generation 0. Older ones go. */
  static async begin(
    options: KeptSensorOptions,
    generation: number,
    pieces: readonly Uint8Array[] | null,
  ): Promise<KeptSensor> {
    const kept = new KeptSensor(options, generation);
    try {
      await options.folder.make();
      if (pieces)
        kept.snapshotBytes = await writeSnapshot(options.folder.snapshotPath(generation), pieces);
      kept.#journal = await Journal.begin(options.folder.journalPath(generation));
      await options.folder.removeBefore(generation);
      options.onTrouble(null);
    } catch (error) {
      await kept.#fail(error);
    }
    return kept;
  }

  get journalBytes(): number {
    return this.#journal?.byteLength ?? 0;
  }

  /** Since the state that a restart would begin with; 0 where nothing came after it. */
  get ageMs(): number {
    return this.#isDirty ? performance.now() - this.#snapshotAtMs : 0;
  }

  /** Something came that is not in the last snapshot. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** It is time for `snapshot`. */
  get isDue(): boolean {
    if (!this.#isDirty || this.#writing) return false;
    return this.ageMs >= this.#options.snapshotMs || this.isFull;
  }

  get isFull(): boolean {
    return this.journalBytes >= this.#options.journalBytes;
  }

  /** Resolves when the batch would outlive the process, or cannot. Never rejects. */
  append(batch: Uint8Array, lostBefore: number): Promise<void> {
    this.#isDirty = true;
    const number = ++this.entries;
    this.#turn = this.#turn.then(async () => {
      try {
        await this.#journal?.append({ number, lostBefore, batch });
      } catch (error) {
        await this.#fail(error);
      }
    });
    return this.#turn;
  }

  /**
   * Takes the state over; entries from now on come after it. It is written when `ready` resolves: until then
   * a restart counts again what it includes. Resolves when it is on disk. Never rejects.
   */
  snapshot(pieces: readonly Uint8Array[], ready: Promise<unknown>): Promise<void> {
    const generation = ++this.#generation;
    this.#isDirty = false;
    this.#snapshotAtMs = performance.now();
    this.#turn = this.#turn.then(() => this.#beginJournal(generation));
    const writing = Promise.all([this.#writing, this.#turn, ready]).then(() =>
      this.#write(generation, pieces),
    );
    this.#writing = writing;
    return writing.then(() => {
      if (this.#writing === writing) this.#writing = null;
    });
  }

  /** There is no state to take over now: nothing is kept until there is. */
  giveUp(reason: string): Promise<void> {
    this.#snapshotAtMs = performance.now();
    this.#turn = this.#turn.then(() => this.#fail(new Error(reason)));
    return this.#turn;
  }

  async #beginJournal(generation: number): Promise<void> {
    const { folder } = this.#options;
    try {
      await folder.make();
      const journal = await Journal.begin(folder.journalPath(generation));
      await this.#journal?.close();
      this.#journal = journal;
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #write(generation: number, pieces: readonly Uint8Array[]): Promise<void> {
    const { folder } = this.#options;
    try {
      this.snapshotBytes = await writeSnapshot(folder.snapshotPath(generation), pieces);
      await folder.removeBefore(generation);
      this.#options.onTrouble(null);
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** Resolves when no snapshot is being written. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#turn;
    await this.#journal?.close();
    this.#journal = null;
  }

  async #fail(error: unknown): Promise<void> {
    const journal = this.#journal;
    this.#journal = null;
    this.#options.onTrouble(reasonOf(error, this.#options.folder));
    await journal?.close().catch(() => undefined);
  }
}

function reasonOf(error: unknown, { dir }: StateFolder): string {
  const isOfDisk = (error as NodeJS.ErrnoException).code !== undefined;
  return isOfDisk ? `${dir} cannot be written: ${fileTrouble(error)}` : (error as Error).message;
}
