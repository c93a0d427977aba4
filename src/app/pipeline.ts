/**
 * From an accepted batch to a commit: one at a time per server, analysed by its sensor's own analysis,
 * written in one transaction, then told to whoever listens. What has been answered `stored` is in the
 * database; what failed may be sent again and gives the same result, because the analysis of a batch that
 * could not be written is kept until it can.
 */
import type { Alert } from '../contract/alert.ts';
import type { AnalysedBatch, BlockRequest } from '../contract/analysis.ts';
import { PacketVerdicts } from '../contract/analysis.ts';
import type { PacketBatch } from '../contract/packet-batch.ts';
import { Analysis, type AnalysisOptions } from '../core/engine/analysis.ts';
import { AppError } from '../errors.ts';
import type { BatchMeta } from '../stream/batch-meta.ts';

/** Sensors analysed at once. Their tables take tens of megabytes each at full load. */
const MAX_SENSORS = 64;
/** Batches waiting for their turn; past it senders are told to come back. */
const MAX_WAITING = 32;

interface SensorState {
  analysis: Analysis;
  epoch: string;
  /** The last one that was committed or is known to be. */
  sequence: number;
  /** Analysed and not yet committed. */
  pending: AnalysedBatch | null;
}

export interface PipelineOptions {
  readonly analysis: Omit<AnalysisOptions, 'sensorId'>;
  /** Commits a batch, or finds that it was committed before. */
  readonly store: (batch: AnalysedBatch) => Promise<'stored' | 'duplicate'>;
  /** After the commit. */
  readonly onStored: (batch: AnalysedBatch) => void;
  /** After the commit, for the response. */
  readonly onBlocks: (blocks: readonly BlockRequest[], alerts: readonly Alert[]) => void;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #sensors = new Map<string, SensorState>(); // longest quiet first
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Analyses let go because there were too many sensors, since the start. */
  evictions = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** @throws AppError overloaded when too many batches wait, database_unavailable when it cannot be committed now */
  async ingest(packets: PacketBatch, place: BatchMeta): Promise<'stored' | 'duplicate'> {
    if (this.#waiting >= MAX_WAITING)
      throw new AppError(
        'overloaded',
        `Cannot take the batch now: ${this.#waiting} wait for the database`,
      );
    this.#waiting++;
    const mine = this.#turn.then(() => this.#ingest(packets, place));
    this.#turn = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }

  /** Resolves when everything accepted so far was committed or refused. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  async #ingest(packets: PacketBatch, place: BatchMeta): Promise<'stored' | 'duplicate'> {
    const state = this.#stateOf(place);
    if (state.epoch === place.epoch && place.sequence <= state.sequence) return 'duplicate';
    const batch = this.#analyse(state, packets, place);
    const outcome = await this.#options.store(batch);
    state.pending = null;
    state.epoch = place.epoch;
    state.sequence = place.sequence;
    if (outcome === 'stored') {
      this.#options.onStored(batch);
      if (batch.blocks.length > 0) this.#options.onBlocks(batch.blocks, batch.alerts);
    }
    return outcome;
  }

  #analyse(state: SensorState, packets: PacketBatch, place: BatchMeta): AnalysedBatch {
    const { pending } = state;
    if (pending?.epoch === place.epoch && pending.sequence === place.sequence) return pending;
    const verdicts = new PacketVerdicts(packets.length);
    const lateBefore = state.analysis.counts.latePackets;
    // An empty batch ends the sensor's capture; what comes after it is a new one.
    if (packets.length > 0) state.analysis.push(packets, verdicts);
    else state.analysis.finish();
    const latePackets = state.analysis.counts.latePackets - lateBefore;
    const output = state.analysis.take();
    if (packets.length === 0) state.analysis = this.#newAnalysis(place.sensorId);
    const made = pending ? joined(pending, output) : output;
    const batch = { ...place, packets, verdicts, latePackets, ...made };
    state.pending = batch;
    return batch;
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

/** The sensor gave a batch up that we had analysed: what came out of it must not be lost with its packets. */
function joined(
  before: AnalysedBatch,
  after: Pick<AnalysedBatch, 'flows' | 'windows' | 'alerts' | 'blocks'>,
) {
  return {
    flows: [...before.flows, ...after.flows],
    windows: [...before.windows, ...after.windows],
    alerts: [
      ...new Map([...before.alerts, ...after.alerts].map((alert) => [alert.id, alert])).values(),
    ],
    blocks: [...before.blocks, ...after.blocks],
  };
}
