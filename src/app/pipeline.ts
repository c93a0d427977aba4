/**
 * From an accepted batch to a commit: analysed by its sensor's own analysis, written in one transaction,
 * then told to whoever listens. What has been answered `stored` is in the
 * database; what failed may be sent again and gives the same result, because the analysis of a batch that
 * could not be written is kept until it can.
 *
 * One batch never stops those behind it: where the analysis itself fails the packets are stored unjudged and
 * the sensor's analysis begins anew; what the store cannot write for a reason of its own is refused in the end.
 */
import type { AnalysedBatch, AnalysisOutput, BlockRequest } from '../contract/analysis.ts';
import { PacketVerdicts } from '../contract/analysis.ts';
import type { PacketBatch } from '../contract/packet-batch.ts';
import { Analysis, type AnalysisOptions } from '../core/engine/analysis.ts';
import { AppError } from '../errors.ts';
import type { BatchMeta } from '../stream/batch-meta.ts';
import type { StoreResult } from '../stream/batch-stream.ts';

/** Sensors analysed at once. Their tables take tens of megabytes each at full load. */
const MAX_SENSORS = 64;
/** Failures of the store that are no want of a database, until the batch is refused. */
const MAX_ATTEMPTS = 3;
/** Flows and windows of batches that a sensor gave up, kept for its next one; past it the oldest are lost. */
const MAX_CARRIED = 100_000;
/** A sensor's clock that is set back by more than this begins a new capture: else all it sees would come too late. */
const SET_BACK_MICROS = 600e6;

interface SensorState {
  analysis: Analysis;
  epoch: string;
  /** The last one that was committed or is known to be. */
  sequence: number;
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

export interface PipelineOptions {
  readonly analysis: Omit<AnalysisOptions, 'sensorId'>;
  /** Commits a batch, or finds that it was committed before. */
  readonly store: (batch: AnalysedBatch) => Promise<StoreResult>;
  /** After the commit. */
  readonly onStored: (batch: AnalysedBatch) => void;
  /** After the commit, for the response. */
  readonly onBlocks: (blocks: readonly BlockRequest[], sensorId: string) => void;
  /** A bug: the analysis or the store failed at this batch. */
  readonly onBug: (error: unknown, place: BatchMeta) => void;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #sensors = new Map<string, SensorState>(); // longest quiet first
  /** Analyses let go because there were too many sensors, since the start. */
  evictions = 0;
  /** Batches at which analysis or store failed by a bug, since the start. */
  bugs = 0;
  /** Flows and windows lost with batches that sensors gave up, since the start. */
  lostRows = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /**
   * One at a time: the next call must wait for the answer to this one.
   * @throws AppError database_unavailable when it cannot be committed now, input_invalid when it never can
   */
  async ingest(packets: PacketBatch, place: BatchMeta): Promise<StoreResult> {
    const state = this.#stateOf(place);
    if (state.epoch === place.epoch && place.sequence <= state.sequence) return 'duplicate';
    const batch = this.#analyse(state, packets, place);
    const isRepeat = state.attempts > 0;
    const outcome = await this.#store(state, batch);
    state.pending = null;
    state.attempts = 0;
    state.unstored = 0;
    if (state.epoch !== place.epoch) state.batches = state.packets = 0;
    if (packets.length > 0) state.batches++;
    state.packets += packets.length;
    state.epoch = place.epoch;
    state.sequence = place.sequence;
    // A repeat that was stored before: the commit succeeded and its answer was lost, nobody has heard of it.
    if (outcome === 'stored' || isRepeat) {
      this.#options.onStored(batch);
      if (batch.blocks.length > 0) this.#options.onBlocks(batch.blocks, batch.sensorId);
    }
    return outcome;
  }

  #analyse(state: SensorState, packets: PacketBatch, place: BatchMeta): AnalysedBatch {
    const { pending } = state;
    if (pending?.epoch === place.epoch && pending.sequence === place.sequence) return pending;
    let batch = this.#judge(state, packets, place);
    if (pending) batch = { ...batch, ...this.#joined(pending, batch) };
    state.pending = batch;
    state.attempts = 0;
    state.unstored += packets.length + (batch.lostPackets ?? 0);
    return batch;
  }

  #judge(state: SensorState, packets: PacketBatch, place: BatchMeta): AnalysedBatch {
    const verdicts = new PacketVerdicts(packets.length);
    try {
      const before = isSetBack(state.analysis, packets) ? this.#endCapture(state, place) : NOTHING;
      const countsBefore = state.analysis.counts;
      const lostPackets = lostBefore(state, place);
      if (lostPackets > 0) state.analysis.miss(lostPackets, earliestOf(packets, state.analysis));
      // An empty batch ends the sensor's capture; what comes after it is a new one.
      if (packets.length === 0)
        return { ...place, packets, verdicts, lostPackets, ...this.#endCapture(state, place) };
      state.analysis.push(packets, verdicts);
      const { counts } = state.analysis;
      const latePackets = counts.latePackets - countsBefore.latePackets;
      const outOfOrderPackets = counts.outOfOrderPackets - countsBefore.outOfOrderPackets;
      const output = this.#joined(before, state.analysis.take());
      const { sensorId, epoch, sequence } = place;
      const numbers = { latePackets, outOfOrderPackets, lostPackets };
      return { sensorId, epoch, sequence, packets, verdicts, ...numbers, ...output };
    } catch (error) {
      this.#noteBug(error, place);
      state.analysis = this.#newAnalysis(place.sensorId);
      // The windows of now begin anew without them.
      state.analysis.miss(packets.length, earliestOf(packets, state.analysis));
      return { ...place, packets, verdicts: new PacketVerdicts(packets.length), ...NOTHING };
    }
  }

  #endCapture(state: SensorState, { sensorId }: BatchMeta): AnalysisOutput {
    const { analysis } = state;
    state.analysis = this.#newAnalysis(sensorId);
    analysis.finish();
    return analysis.take();
  }

  async #store(state: SensorState, batch: AnalysedBatch): Promise<StoreResult> {
    try {
      return await this.#options.store(batch);
    } catch (error) {
      state.attempts++;
      if (error instanceof AppError) throw error;
      this.#noteBug(error, batch);
      if (state.attempts < MAX_ATTEMPTS) throw error;
      // What the analysis made of it goes too: it may be what cannot be written.
      state.pending = null;
      state.attempts = 0;
      throw new AppError(
        'input_invalid',
        `Cannot store batch ${batch.sequence} of ${batch.sensorId}: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  #noteBug(error: unknown, { sensorId, epoch, sequence }: BatchMeta): void {
    this.bugs++;
    this.#options.onBug(error, { sensorId, epoch, sequence });
  }

  /** The sensor gave a batch up that we had analysed: what came out of it must not be lost with its packets. */
  #joined(before: AnalysisOutput, after: AnalysisOutput): AnalysisOutput {
    if (before === NOTHING) return after;
    const alerts = new Map([...before.alerts, ...after.alerts].map((alert) => [alert.id, alert]));
    return {
      flows: this.#bounded([...before.flows, ...after.flows]),
      windows: this.#bounded([...before.windows, ...after.windows]),
      alerts: [...alerts.values()],
      blocks: [...before.blocks, ...after.blocks],
    };
  }

  #bounded<Row>(rows: Row[]): Row[] {
    this.lostRows += Math.max(0, rows.length - MAX_CARRIED);
    return rows.slice(-MAX_CARRIED);
  }

  #newAnalysis(sensorId: string): Analysis {
    return new Analysis({ ...this.#options.analysis, sensorId });
  }

  #stateOf({ sensorId }: BatchMeta): SensorState {
    let state = this.#sensors.get(sensorId);
    this.#sensors.delete(sensorId);
    state ??= {
      analysis: this.#newAnalysis(sensorId),
      epoch: '',
      sequence: -1,
      pending: null,
      attempts: 0,
      unstored: 0,
      batches: 0,
      packets: 0,
    };
    this.#sensors.set(sensorId, state);
    if (this.#sensors.size > MAX_SENSORS) {
      const [quiet] = this.#sensors.keys();
      if (quiet !== undefined) this.#sensors.delete(quiet);
      this.evictions++;
    }
    return state;
  }
}

const NOTHING: AnalysisOutput = { flows: [], windows: [], alerts: [], blocks: [] };

/**
 * Packets between the last batch and this one that the analysis has not seen: as many as the sensor says; where
 * it says nothing and numbers are missing (it was restarted meanwhile), as many as its batches have on average.
 */
function lostBefore(state: SensorState, { epoch, sequence, lostBefore = 0 }: BatchMeta): number {
  const isKnown = epoch === state.epoch && state.batches > 0;
  const missing = isKnown ? sequence - state.sequence - 1 : 0;
  // It gave up a batch that had come here all the same.
  if (isKnown && missing === 0) return 0;
  if (lostBefore > 0) return Math.max(0, lostBefore - state.unstored);
  if (!isKnown) return 0;
  return Math.max(0, Math.round((missing * state.packets) / state.batches) - state.unstored);
}

/** The least time of the batch: a broken timestamp must not move the clock on. */
function earliestOf({ tsMicros, length }: PacketBatch, { clockMicros }: Analysis): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (let row = 0; row < length; row++) earliest = Math.min(earliest, tsMicros[row] ?? earliest);
  return Number.isFinite(earliest) ? earliest : clockMicros;
}

/** Judged by the packet in the middle: one broken timestamp is no clock set back. */
function isSetBack(analysis: Analysis, { tsMicros, length }: PacketBatch): boolean {
  const middle = length > 0 ? (tsMicros[length >> 1] ?? 0) : Number.POSITIVE_INFINITY;
  return middle < analysis.clockMicros - SET_BACK_MICROS;
}
