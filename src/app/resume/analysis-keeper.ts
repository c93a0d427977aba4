/** Where the analyses' states outlive the process: a folder of this machine, or the database and the stream. */
import type { BatchMeta } from '../../stream/batch-meta.ts';
import type { JournalEntry } from './journal.ts';

/** A batch that the database has. */
export type Place = Pick<BatchMeta, 'epoch' | 'sequence'>;

/** What there is to go on from. */
export interface Recalled {
  /** The last committed batch of each epoch, the latest first. */
  readonly committed: readonly Place[];
  /** Null: there is none, the journal begins with the sensor. */
  readonly snapshot: () => Promise<Uint8Array | null>;
  readonly journal: () => AsyncIterable<JournalEntry>;
  /** The generation to begin. */
  readonly next: number;
  /** There is nothing, not even an empty beginning. */
  readonly isEmpty: boolean;
  /** It can be gone on from again: nothing has to be written when it was restored. */
  readonly isKept: boolean;
}

/** What one sensor's analysis would lose with the process. */
export interface KeptState {
  /** Batches that the journal has had before the next one. */
  readonly entries: number;
  /** Something came that is not in the last snapshot. */
  readonly isDirty: boolean;
  /** It is time for `snapshot`. */
  readonly isDue: boolean;
  /** It must not grow before a snapshot is written. */
  readonly isFull: boolean;
  /** Resolves when the batch would outlive the process, or cannot. Never rejects. */
  append(batch: Uint8Array, lostBefore: number): Promise<void>;
  /** Takes the state over; it counts when `ready` has resolved and it is written. Never rejects. */
  snapshot(pieces: readonly Uint8Array[], ready: Promise<unknown>): Promise<void>;
  /** There is no state to take over now. */
  giveUp(reason: string): Promise<void>;
  /** Resolves when no snapshot is being written. */
  idle(): Promise<void>;
}

export interface AnalysisKeeper {
  /** True: a batch is put into the journal before it is committed; false: it is there already. */
  readonly hasJournal: boolean;
  /** Times that a state is recalled before what does not fit is given up: of several copies one may be incomplete for a time. */
  readonly attempts: number;
  /** @throws AppError database_unavailable */
  recall(sensorId: string): Promise<Recalled>;
  /** Begins to keep a sensor's state, from these pieces on; null: from nothing, or from what was recalled. */
  keep(
    sensorId: string,
    generation: number,
    pieces: readonly Uint8Array[] | null,
  ): Promise<KeptState>;
  release(kept: KeptState): Promise<void>;
  noteLoss(sensorId: string, reason: string): void;
  /** What the analysis is counted again from lacks batches that it cannot have lacked before: windows call them missed. */
  noteGap(sensorId: string, batches: number): void;
}
