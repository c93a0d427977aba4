/**
 * From an accepted batch to a commit: analysed by its sensor's own analysis, written in one transaction,
 * then told to whoever listens. What has been answered `stored` is in the
 * database; what failed may be sent again and gives the same result, because the analysis of a batch that
 * could not be written is kept until it can.
 *
 * One batch never stops those behind it: where the analysis itself fails the packets are stored unjudged and
 * the sensor's analysis begins anew; what the store cannot write for a reason of its own is refused in the end.
 *
 * With a `keeper` the analyses outlive the process: a batch stands in the sensor's journal before it is
 * committed, and the state is written now and then (`resume/`).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Alert } from '../contract/alert.ts';
import type { AnalysedBatch, AnalysisOutput, BlockRequest } from '../contract/analysis.ts';
import { PacketVerdicts } from '../contract/analysis.ts';
import type { PacketBatch } from '../contract/packet-batch.ts';
import { Analysis, type AnalysisOptions } from '../core/engine/analysis.ts';
import type { Judge } from '../core/engine/judge.ts';
import { StateError } from '../core/state/state-error.ts';
import { AppError } from '../errors.ts';
import { encodeBatch } from '../stream/batch-codec.ts';
import type { BatchMeta } from '../stream/batch-meta.ts';
import type { StoreResult } from '../stream/batch-stream.ts';
import { beginOf, earliestOf, isSetBack } from './batch-time.ts';
import type { AnalysisKeeper, Place, Recalled } from './resume/analysis-keeper.ts';
import { replayJournal } from './resume/replay-journal.ts';
import { loadAnalysis, saveAnalysis } from './resume/saved-analysis.ts';
import {
  batchesMissing,
  isPlace,
  lostPacketsBefore,
  newSensorState,
  remember,
  type SensorState,
  settle,
} from './sensor-state.ts';

/** Sensors analysed at once, where nothing else is said. Their tables take tens of megabytes each at full load. */
const MAX_SENSORS = 64;
/** Failures of the store that are no want of a database, until the batch is refused. */
const MAX_ATTEMPTS = 3;
/** Flows, windows and what stayed below the threshold of batches that a sensor gave up, kept for its next one; past it the oldest are lost. */
const MAX_CARRIED = 100_000;

/**
 * States written at once: each is copied first, some ten megabytes that take some milliseconds. Those of many sensors
 * are due at the same time, and take turns.
 */
const MAX_SAVING = 2;
/** Between two attempts to recall a state. */
const RECALL_PAUSE_MS = 500;
/** Entries of a journal come in its folder's name: the sensor's may be one that no batch may bear. */
const JOURNAL_SENSOR = 'journal';

const TOO_LARGE = 'there is more of it than can be kept';

export interface PipelineOptions {
  readonly analysis: Omit<AnalysisOptions, 'sensorId'>;
  /** Commits a batch, or finds that it was committed before. */
  readonly store: (batch: AnalysedBatch) => Promise<StoreResult>;
  /** After the commit. */
  readonly onStored: (batch: AnalysedBatch) => void;
  /** After the commit, for the response. A promise: until it resolves the batch stays in the journal. */
  readonly onBlocks: (blocks: readonly BlockRequest[], sensorId: string) => unknown;
  /** A bug: the analysis or the store failed at this batch. */
  readonly onBug: (error: unknown, place: BatchMeta) => void;
  /** Absent: after a restart the analyses begin anew. */
  readonly keeper?: AnalysisKeeper;
  /** Sensors analysed at once; past it the one quiet longest is let go. Default 64. */
  readonly maxSensors?: number;
  /** Blocks of committed batches whose end may have cut off the asking: to be asked for where nobody has. */
  readonly onRecalledBlocks?: PipelineOptions['onBlocks'];
}

export class Pipeline {
  readonly #options: PipelineOptions;
  #currentJudge: Judge | null;
  readonly #sensors = new Map<string, SensorState>(); // longest quiet first
  /** Sensors of which a batch is under way: they are not let go. */
  readonly #busy = new Set<string>();
  /** Sensors let go whose state is still being written: what they send next waits for it. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Resolves when all blocks asked for were decided on. */
  #asked: Promise<unknown> = Promise.resolve();
  /** States that are being written. */
  #saving = 0;
  /** Analyses let go because there were too many sensors, since the start. */
  evictions = 0;
  /** Batches at which analysis or store failed by a bug, since the start. */
  bugs = 0;
  /** Flows and windows lost with batches that sensors gave up, since the start. */
  lostRows = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#currentJudge = options.analysis.judge;
  }

  /** Another model judges what comes from now on, of every sensor. */
  judgeWith(judge: Judge | null): void {
    this.#currentJudge = judge;
    for (const { analysis } of this.#sensors.values()) analysis.judgeWith(judge);
  }

  /**
   * One at a time of each sensor: the next call for it must wait for the answer to this one. Sensors may be at work at once.
   * @throws AppError database_unavailable when it cannot be committed now, input_invalid when it never can
   */
  async ingest(
    packets: PacketBatch,
    place: BatchMeta,
    encoded: Uint8Array | null = null,
  ): Promise<StoreResult> {
    this.#busy.add(place.sensorId);
    try {
      return await this.#ingest(packets, place, encoded);
    } finally {
      this.#busy.delete(place.sensorId);
    }
  }

  async #ingest(
    packets: PacketBatch,
    place: BatchMeta,
    encoded: Uint8Array | null,
  ): Promise<StoreResult> {
    const state = await this.#stateOf(place.sensorId);
    if (place.sequence <= (state.committed.get(place.epoch) ?? -1)) return 'duplicate';
    const isKnown = isPlace(state.pending, place);
    const written = isKnown ? undefined : this.#note(state, packets, place, encoded);
    const batch = this.#analyse(state, packets, place);
    await written;
    const isRepeat = state.attempts > 0;
    const outcome = await this.#store(state, batch);
    state.pending = null;
    state.attempts = 0;
    settle(state, place, packets.length);
    // A repeat that was stored before: the commit succeeded and its answer was lost, nobody has heard of it.
    if (outcome === 'stored' || isRepeat) {
      this.#options.onStored(batch);
      this.#ask(this.#options.onBlocks, batch);
    }
    if (this.#mayBeSaved(state)) this.#save(state);
    if (state.kept?.isFull) await state.kept.idle();
    return outcome;
  }

  #ask(ask: PipelineOptions['onBlocks'] | undefined, { blocks, sensorId }: AnalysedBatch): void {
    if (blocks.length > 0) this.#asked = Promise.all([this.#asked, ask?.(blocks, sensorId)]);
  }

  #analyse(state: SensorState, packets: PacketBatch, place: BatchMeta): AnalysedBatch {
    const { pending } = state;
    if (pending && isPlace(pending, place)) return pending;
    let batch = this.#judge(state, packets, place);
    if (pending) batch = { ...batch, ...this.#joined(pending, batch) };
    state.pending = batch;
    state.attempts = 0;
    state.unstored += packets.length + (batch.lostPackets ?? 0);
    return batch;
  }

  #judge(state: SensorState, packets: PacketBatch, place: BatchMeta): AnalysedBatch {
    const verdicts = new PacketVerdicts(packets.length);
    const hadPackets = Number.isFinite(state.analysis.clockMicros);
    if (state.isMissing && packets.length > 0) {
      state.isMissing = false;
      state.analysis.missBefore(beginOf(packets));
    }
    try {
      const before = isSetBack(packets, state.analysis.clockMicros)
        ? this.#endCapture(state, place)
        : NOTHING;
      const countsBefore = state.analysis.counts;
      const lostPackets = lostPacketsBefore(state, place);
      if (lostPackets > 0)
        state.analysis.miss(lostPackets, earliestOf(packets, state.analysis.clockMicros));
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
      // Of what it had counted before, nothing is left.
      state.isMissing = hadPackets;
      state.analysis = this.#newAnalysis(place.sensorId);
      // The windows of now begin anew without them.
      state.analysis.miss(packets.length, earliestOf(packets, state.analysis.clockMicros));
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
    const latest = (alerts: readonly Alert[]) => [
      ...new Map(alerts.map((alert) => [alert.id, alert])).values(),
    ];
    return {
      flows: this.#bounded([...before.flows, ...after.flows]),
      windows: this.#bounded([...before.windows, ...after.windows]),
      alerts: latest([...before.alerts, ...after.alerts]),
      quiet: this.#bounded(latest([...(before.quiet ?? []), ...(after.quiet ?? [])])),
      blocks: [...before.blocks, ...after.blocks],
    };
  }

  #bounded<Row>(rows: Row[]): Row[] {
    this.lostRows += Math.max(0, rows.length - MAX_CARRIED);
    return rows.slice(-MAX_CARRIED);
  }

  #newAnalysis(sensorId: string): Analysis {
    return new Analysis({ ...this.#options.analysis, judge: this.#currentJudge, sensorId });
  }

  async #stateOf(sensorId: string): Promise<SensorState> {
    await this.#leaving.get(sensorId);
    const known = this.#sensors.get(sensorId);
    const state = known ?? (await this.#begin(sensorId));
    // It may have changed while what was kept was read.
    if (!known) state.analysis.judgeWith(this.#currentJudge);
    this.#sensors.delete(sensorId);
    this.#sensors.set(sensorId, state);
    if (this.#sensors.size > (this.#options.maxSensors ?? MAX_SENSORS)) await this.#letGo();
    return state;
  }

  /** The sensor that has been quiet longest, if any is quiet. */
  async #letGo(): Promise<void> {
    for (const [sensorId, state] of this.#sensors) {
      if (this.#busy.has(sensorId)) continue;
      this.#sensors.delete(sensorId);
      this.evictions++;
      const released = this.#release(state);
      const left = released.catch(() => undefined);
      this.#leaving.set(sensorId, left);
      await left;
      this.#leaving.delete(sensorId);
      return released;
    }
  }

  async #begin(sensorId: string): Promise<SensorState> {
    const { keeper } = this.#options;
    if (!keeper) return newSensorState(this.#newAnalysis(sensorId));
    const { recalled, state } = await this.#recalled(sensorId, keeper, 1);
    for (const { epoch, sequence } of [...recalled.committed].reverse())
      remember(state, { epoch, sequence });
    await this.#asked;
    const isFirst = (recalled.isEmpty || recalled.isKept) && !state.isMissing;
    const pieces = isFirst ? null : this.#pieces(state);
    state.kept = await keeper.keep(sensorId, recalled.next, pieces);
    if (!isFirst && pieces === null) await state.kept.giveUp(TOO_LARGE);
    return state;
  }

  async #recalled(
    sensorId: string,
    keeper: AnalysisKeeper,
    attempt: number,
  ): Promise<{ recalled: Recalled; state: SensorState }> {
    const isLast = attempt >= keeper.attempts;
    const recalled = await keeper.recall(sensorId);
    try {
      const onGap = (batches: number, before: Place) => {
        if (isLast) keeper.noteGap(sensorId, batches);
        else throw new StateError(`${batches} batches before ${before.sequence} are missing`);
      };
      return { recalled, state: await this.#restored(sensorId, recalled, onGap) };
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      if (isLast) {
        keeper.noteLoss(sensorId, error.message);
        return {
          recalled,
          state: { ...newSensorState(this.#newAnalysis(sensorId)), isMissing: true },
        };
      }
    }
    await sleep(RECALL_PAUSE_MS);
    return this.#recalled(sensorId, keeper, attempt + 1);
  }

  /**
   * @param onGap told of batches that are missing in the journal, and that the sensor has not called lost
   * @throws StateError where what was kept does not lead to what the database has
   */
  async #restored(
    sensorId: string,
    recalled: Recalled,
    onGap: (batches: number, before: Place) => void,
  ): Promise<SensorState> {
    const fresh = newSensorState(this.#newAnalysis(sensorId));
    const { committed, isEmpty } = recalled;
    if (isEmpty && committed.length > 0) throw new StateError('nothing was kept of it');
    const snapshot = await recalled.snapshot();
    const begin = snapshot
      ? loadAnalysis(snapshot, { ...this.#options.analysis, judge: this.#currentJudge, sensorId })
      : { ...fresh, entries: 0, places: [] };
    const state = { ...fresh, ...begin, committed: new Map<string, number>() };
    for (const place of begin.places) state.committed.set(place.epoch, place.sequence);
    await replayJournal(recalled.journal(), committed, begin, (packets, place, isCommitted) => {
      const missing = batchesMissing(state, place);
      if (missing > 0) onGap(missing, place);
      const batch = this.#judge(state, packets, { ...place, sensorId });
      this.#ask(this.#options.onRecalledBlocks, batch);
      state.unstored += packets.length + (batch.lostPackets ?? 0);
      if (isCommitted) settle(state, place, packets.length);
    });
    return state;
  }

  /** Puts the batch into the journal, where there is one. */
  #note(
    { kept }: SensorState,
    packets: PacketBatch,
    place: BatchMeta,
    encoded: Uint8Array | null,
  ): Promise<void> | undefined {
    if (!kept) return undefined;
    if (!this.#options.keeper?.hasJournal) return kept.append(NO_BYTES, 0);
    const bytes = encoded ?? encodeBatch(packets, { ...place, sensorId: JOURNAL_SENSOR });
    return kept.append(bytes, place.lostBefore ?? 0);
  }

  /** It is time, and few are being written; a journal that is full cannot wait. */
  #mayBeSaved({ kept }: SensorState): boolean {
    return kept?.isDue === true && (this.#saving < MAX_SAVING || kept.isFull);
  }

  #save(state: SensorState): void {
    const pieces = this.#pieces(state);
    const { kept } = state;
    this.#saving++;
    const written = pieces ? kept?.snapshot(pieces, this.#asked) : kept?.giveUp(TOO_LARGE);
    void Promise.resolve(written).finally(() => this.#saving--);
  }

  /** Null: there is too much of it. */
  #pieces({ kept, ...state }: SensorState): readonly Uint8Array[] | null {
    try {
      const { analysis, last, committed, isMissing, batches, packets } = state;
      const entries = kept?.entries ?? 0;
      const places = [...committed].map(([epoch, sequence]) => ({ epoch, sequence }));
      return saveAnalysis({ analysis, last, places, isMissing, batches, packets, entries });
    } catch (error) {
      if (error instanceof StateError) return null;
      throw error;
    }
  }

  /** With what came since the last snapshot, but for what waits for its commit: that is not in the database. */
  async #release(state: SensorState): Promise<void> {
    const { kept, pending } = state;
    if (!kept) return;
    if (pending === null && kept.isDirty) this.#save(state);
    await this.#options.keeper?.release(kept);
  }

  /** Makes a sensor's analysis ready before its next batch comes. @throws AppError database_unavailable */
  async restore(sensorId: string): Promise<void> {
    await this.#stateOf(sensorId);
  }

  /** Writes down the states for which it is time, also of sensors that have fallen silent. */
  saveDue(): void {
    for (const state of this.#sensors.values())
      if (state.pending === null && this.#mayBeSaved(state)) this.#save(state);
  }

  /** Writes down what a restart would have to count again. No call of `ingest` may be under way. */
  async close(): Promise<void> {
    for (const state of this.#sensors.values()) await this.#release(state);
    this.#sensors.clear();
  }
}

const NO_BYTES = new Uint8Array(0);
const NOTHING: AnalysisOutput = { flows: [], windows: [], alerts: [], blocks: [] };
