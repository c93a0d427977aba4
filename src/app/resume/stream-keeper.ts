/**
 * The states of a partition's sensors, where any worker finds them: in the database the last state of each, in the
 * stream what came after. So a worker needs no disk of its own, and takes over what another left at any moment.
 */
import { StateError } from '../../core/state/state-error.ts';
import { AppError } from '../../errors.ts';
import type { Database } from '../../store/database.ts';
import { committedPlaces } from '../../store/ingest.ts';
import {
  type AnalysisPlace,
  analysisPlace,
  readState,
  writeState,
} from '../../store/stream-places.ts';
import { decodeBatch } from '../../stream/batch-codec.ts';
import type { JetStream } from '../../stream/jetstream.ts';
import { partitionOf } from '../../stream/partition.ts';
import type { Log } from '../log.ts';
import type { AnalysisKeeper, Recalled } from './analysis-keeper.ts';
import type { JournalEntry } from './journal.ts';
import { KeptStream } from './kept-stream.ts';
import { openState } from './sealed-state.ts';

export interface StreamKeeperOptions {
  readonly db: Database;
  readonly stream: JetStream;
  readonly snapshotMs: number;
  /** The position up to which the partition is stored. */
  readonly position: () => number;
  /** Gives up reading from the stream. */
  readonly signal: AbortSignal;
  readonly log: Pick<Log, 'warn' | 'info'>;
  /** An analysis began anew, or batches are missing in it. */
  readonly onLoss: (what: 'state' | 'batches', count: number) => void;
}

export class StreamKeeper implements AnalysisKeeper {
  readonly hasJournal = false;
  readonly attempts = 3;
  readonly #options: StreamKeeperOptions;
  /** Sensors whose state was recalled and lacks something, until they are kept. */
  readonly #behind = new Set<string>();

  constructor(options: StreamKeeperOptions) {
    this.#options = options;
  }

  async recall(sensorId: string): Promise<Recalled> {
    const { db } = this.#options;
    const place = await analysisPlace(db, sensorId);
    const committed = await committedPlaces(db, sensorId);
    if (place && place.lastPosition > place.statePosition) this.#behind.add(sensorId);
    return {
      committed,
      snapshot: async () => {
        const state = place && (await readState(db, sensorId));
        return state ? openState(Buffer.from(state)) : null;
      },
      journal: () => this.#entries(place),
      next: 0,
      isEmpty: place === null,
      isKept: place !== null,
    };
  }

  async keep(
    sensorId: string,
    _generation: number,
    pieces: readonly Uint8Array[] | null,
  ): Promise<KeptStream> {
    const { db, snapshotMs, position, log } = this.#options;
    const kept = new KeptStream({
      snapshotMs,
      isBehind: this.#behind.delete(sensorId),
      position,
      write: (state, at) => writeState(db, { sensorId, position: at, state }),
      onTrouble(reason) {
        if (reason) log.warn({ sensorId, reason }, 'the analysis could not be kept');
      },
    });
    if (pieces) await kept.snapshot(pieces, Promise.resolve());
    return kept;
  }

  async release(kept: KeptStream): Promise<void> {
    await kept.idle();
  }

  noteLoss(sensorId: string, reason: string): void {
    this.#options.onLoss('state', 1);
    this.#options.log.warn(
      { sensorId },
      `The analysis begins anew: what was open is lost, because ${reason}. Windows say so in their completeness`,
    );
  }

  noteGap(sensorId: string, batches: number): void {
    this.#options.onLoss('batches', batches);
    this.#options.log.warn(
      { sensorId, batches },
      'The stream lacks batches that the analysis is counted again from. Windows say so in their completeness',
    );
  }

  async *#entries(place: AnalysisPlace | null): AsyncGenerator<JournalEntry> {
    if (!place || place.statePosition >= place.lastPosition) return;
    const { stream, signal } = this.#options;
    const { sensorId, statePosition, lastPosition } = place;
    const { first } = await stream.state(partitionOf(sensorId));
    if (first > statePosition + 1)
      throw new StateError(`the stream begins after batch ${statePosition} of its partition`);
    let number = 0;
    for await (const message of stream.replay(sensorId, statePosition, lastPosition, signal))
      if (isBatch(message.bytes))
        yield { number: ++number, lostBefore: message.lostBefore, batch: message.bytes };
    signal.throwIfAborted();
  }
}

/** What is none was set aside when it came. */
function isBatch(bytes: Uint8Array): boolean {
  try {
    decodeBatch(bytes);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
