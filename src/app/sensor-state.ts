/** What is remembered of a sensor between two batches, and what follows from it about the next. */
import type { AnalysedBatch } from '../contract/analysis.ts';
import type { Analysis } from '../core/engine/analysis.ts';
import type { BatchMeta } from '../stream/batch-meta.ts';
import type { KeptState, Place } from './resume/analysis-keeper.ts';

/** Epochs of a sensor whose last committed batch is remembered. */
const MAX_EPOCHS = 1_000;

export interface SensorState {
  analysis: Analysis;
  /** By epoch: the last batch that was committed or is known to be. */
  readonly committed: Map<string, number>;
  /** The latest of them. */
  last: Place | null;
  /** What came before is lost; the next packets say up to when. */
  isMissing: boolean;
  /** Null: nothing outlives the process. */
  kept: KeptState | null;
  /** Analysed and not yet committed. */
  pending: AnalysedBatch | null;
  /** How often the store has failed to write `pending`. */
  attempts: number;
  /** Packets of batches that were analysed and not stored, since the last that was: a sensor that gave them up calls them lost. */
  unstored: number;
  /** Of this epoch, stored: for the size of a batch that nobody knows. */
  batches: number;
  packets: number;
}

export function newSensorState(analysis: Analysis): SensorState {
  return {
    analysis,
    committed: new Map(),
    last: null,
    isMissing: false,
    kept: null,
    pending: null,
    attempts: 0,
    unstored: 0,
    batches: 0,
    packets: 0,
  };
}

/** The batch is committed. */
export function settle(state: SensorState, place: Place, packets: number): void {
  state.unstored = 0;
  if (state.last?.epoch !== place.epoch) state.batches = state.packets = 0;
  if (packets > 0) state.batches++;
  state.packets += packets;
  remember(state, place);
}

export function remember(state: SensorState, { epoch, sequence }: Place): void {
  state.last = { epoch, sequence };
  state.committed.delete(epoch);
  state.committed.set(epoch, sequence);
  const [oldest] = state.committed.keys();
  if (state.committed.size > MAX_EPOCHS && oldest !== undefined) state.committed.delete(oldest);
}

/**
 * Packets between the last batch and this one that the analysis has not seen: as many as the sensor says; where
 * it says nothing and numbers are missing (it was restarted meanwhile), as many as its batches have on average.
 */
export function lostPacketsBefore(
  state: SensorState,
  { epoch, sequence, lostBefore = 0 }: BatchMeta,
): number {
  const { last } = state;
  const known = last?.epoch === epoch && state.batches > 0 ? last : null;
  const missing = known ? sequence - known.sequence - 1 : 0;
  // It gave up a batch that had come here all the same.
  if (known && missing === 0) return 0;
  if (lostBefore > 0) return Math.max(0, lostBefore - state.unstored);
  if (!known) return 0;
  return Math.max(0, Math.round((missing * state.packets) / state.batches) - state.unstored);
}

/** Batches between the last one and this, neither come nor called lost by the sensor. */
export function batchesMissing({ last, unstored }: SensorState, place: BatchMeta): number {
  const { epoch, sequence, lostBefore = 0 } = place;
  if (last?.epoch !== epoch || unstored > 0 || lostBefore > 0) return 0;
  return sequence - last.sequence - 1;
}

export function isPlace(one: Place | null, other: Place): boolean {
  return one?.epoch === other.epoch && one.sequence === other.sequence;
}
