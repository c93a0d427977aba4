/**
 * The states of all sensors on disk: what a sensor's analysis goes on from after a restart, and the measures.
 *
 * What the database has committed is the truth. A batch is in the journal before it is committed, so the journal
 * reaches at least as far; entries beyond are dropped, the sensor sends them again.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { AnalysisKeeper, Place, Recalled } from './analysis-keeper.ts';
import { type JournalEntry, readJournal } from './journal.ts';
import { KeptSensor } from './kept-sensor.ts';
import { readSnapshot } from './snapshot-file.ts';
import { StateFolder } from './state-folder.ts';

/** Sensors whose state is kept; past it the one longest unchanged goes. */
const MAX_FOLDERS = 1_000;

export interface StateKeeperOptions {
  readonly dir: string;
  readonly snapshotMs: number;
  readonly journalBytes: number;
  /** The last committed batch of each epoch of the sensor, the latest first. */
  readonly committed: (sensorId: string) => Promise<readonly Place[]>;
  readonly log: Pick<Log, 'warn' | 'info'>;
  /** The disk failed, or (null) works again. */
  readonly onTrouble: (reason: string | null) => void;
}

export class StateKeeper implements AnalysisKeeper {
  readonly hasJournal = true;
  readonly attempts = 1;
  readonly #options: StateKeeperOptions;
  readonly #kept = new Set<KeptSensor>();
  /** By sensor: why nothing is kept of it. */
  readonly #troubles = new Map<string, string>();
  /** States that could not be restored, since the start. */
  losses = 0;
  /** Times that a sensor's state could not be written any more, since the start. */
  failures = 0;

  constructor(options: StateKeeperOptions) {
    this.#options = options;
  }

  /** Of the sensors at work. */
  get journalBytes(): number {
    return [...this.#kept].reduce((sum, kept) => sum + kept.journalBytes, 0);
  }

  get snapshotBytes(): number {
    return [...this.#kept].reduce((sum, kept) => sum + kept.snapshotBytes, 0);
  }

  /** Of the oldest snapshot that something came after. */
  get ageMs(): number {
    return Math.max(0, ...[...this.#kept].map((kept) => kept.ageMs));
  }

  /** @throws AppError database_unavailable */
  async recall(sensorId: string): Promise<Recalled> {
    const committed = await this.#options.committed(sensorId);
    const folder = this.#folderOf(sensorId);
    const { snapshots, journals } = await folder.list().catch((error: Error) => {
      this.#note(sensorId, `${folder.dir} cannot be read: ${error.message}`);
      return { snapshots: [], journals: [] };
    });
    const newest = snapshots.at(-1);
    const from = newest ?? 0;
    const after = journals.filter((generation) => generation >= from);
    return {
      committed,
      snapshot: async () =>
        newest === undefined ? null : readSnapshot(folder.snapshotPath(newest)),
      journal: () => entriesOf(folder, after),
      next: Math.max(-1, ...snapshots, ...journals) + 1,
      isEmpty: newest === undefined && journals[0] !== 0,
      isKept: false,
    };
  }

  /** Begins to keep a sensor's state, from these pieces on; null: from nothing. */
  async keep(
    sensorId: string,
    generation: number,
    pieces: readonly Uint8Array[] | null,
  ): Promise<KeptSensor> {
    const { snapshotMs, journalBytes } = this.#options;
    await this.#makeRoom();
    const kept = await KeptSensor.begin(
      {
        folder: this.#folderOf(sensorId),
        snapshotMs,
        journalBytes,
        onTrouble: (reason) => this.#note(sensorId, reason),
      },
      generation,
      pieces,
    );
    this.#kept.add(kept);
    return kept;
  }

  async release(kept: KeptSensor): Promise<void> {
    this.#kept.delete(kept);
    await kept.close();
  }

  /** The disk fails a sensor's state, or (null) does not. Every snapshot fails while it is full: it is said once. */
  #note(sensorId: string, reason: string | null): void {
    if (reason === (this.#troubles.get(sensorId) ?? null)) return;
    const { log, onTrouble } = this.#options;
    if (reason === null) {
      this.#troubles.delete(sensorId);
      log.info({ sensorId }, 'the analysis is kept over a restart again');
    } else {
      this.failures++;
      this.#troubles.set(sensorId, reason);
      log.warn({ sensorId, reason }, 'the analysis is not kept over a restart');
    }
    const [first = null] = this.#troubles.values();
    onTrouble(first);
  }

  noteLoss(sensorId: string, reason: string): void {
    this.losses++;
    this.#options.log.warn(
      { sensorId },
      `The analysis begins anew: what was open before the restart is lost, because ${reason}. Windows say so in their completeness`,
    );
  }

  /** A sensor that lost its spool leaves one: it is counted where it comes, in the windows. */
  noteGap(): void {}

  #folderOf(sensorId: string): StateFolder {
    return new StateFolder(this.#options.dir, sensorId);
  }

  async #makeRoom(): Promise<void> {
    const { dir } = this.#options;
    const names = await readdir(dir).catch(() => []);
    if (names.length < MAX_FOLDERS) return;
    const folders = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })),
    );
    folders.sort((a, b) => a.at - b.at);
    for (const { name } of folders.slice(0, names.length - MAX_FOLDERS + 1))
      await rm(join(dir, name), { recursive: true, force: true });
  }
}

async function* entriesOf(
  folder: StateFolder,
  generations: readonly number[],
): AsyncGenerator<JournalEntry> {
  for (const generation of generations) yield* readJournal(folder.journalPath(generation));
}
