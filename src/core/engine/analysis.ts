/**
 * Packets in, everything else out: flows, windows, verdicts, alerts, blocks asked for. The same object
 * serves a live sensor and a capture file, and its output is a function of the packets alone: no clock,
 * no randomness, no dependence on how the packets were cut into batches.
 *
 * One sensor has one analysis; its packets come in capture order, give or take the allowed lateness.
 * Memory is bounded by the tables inside, each of which states its cap and counts its losses.
 */
import type { AnalysisOutput, PacketVerdicts } from '../../contract/analysis.ts';
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { DETECTION_DEFAULTS } from '../detection/detection-limits.ts';
import type { Observation } from '../detection/observation.ts';
import { WindowAggregator } from '../features/window-aggregator.ts';
import type { WindowLimits } from '../features/window-state.ts';
import { FlowTable, type FlowTableOptions } from '../flows/flow-table.ts';
import { TimeJump } from '../flows/time-jump.ts';
import { StateError } from '../state/state-error.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { Investigation, type InvestigationOptions } from './investigation.ts';
import type { Judge } from './judge.ts';
import { emptyObservation, observeInto, sightsOf } from './sights.ts';
import { stateLayout } from './state-layout.ts';

export interface AnalysisOptions extends InvestigationOptions {
  /** Where the defaults of the tables do not suit: their caps. */
  readonly caps?: Pick<FlowTableOptions, 'maxFlows'> & Partial<WindowLimits>;
}

export interface AnalysisCounts {
  readonly packets: number;
  /** Packets that came after their window was closed. */
  readonly latePackets: number;
  /** Packets behind the latest one that were counted all the same. */
  readonly outOfOrderPackets: number;
  /** State dropped to stay in bounds, by what. */
  readonly evictions: Readonly<Record<string, number>>;
}

export class Analysis {
  readonly #options: AnalysisOptions;
  readonly #flowTable: FlowTable;
  readonly #windowTable: WindowAggregator;
  readonly #investigation: Investigation;
  readonly #seen: Observation = emptyObservation();
  readonly #jump = new TimeJump();
  #packets = 0;

  constructor(options: AnalysisOptions) {
    const { sensorId, caps } = options;
    const investigation = new Investigation(options);
    this.#options = options;
    this.#investigation = investigation;
    this.#flowTable = new FlowTable({
      sensorId,
      onEnd: (flow) => investigation.endFlow(flow),
      ...caps,
    });
    this.#windowTable = new WindowAggregator({
      sensorId,
      onRow: (row) => investigation.endWindow(row),
      ...caps,
    });
  }

  /** Another judges what comes from now on. Null: nobody does. */
  judgeWith(judge: Judge | null): void {
    this.#investigation.judgeWith(judge);
  }

  /** Takes in a batch, whose loss is known at its end; row `i` of `verdicts`, where given, becomes the verdict on packet `i`. */
  push(batch: PacketBatch, verdicts?: PacketVerdicts): void {
    this.#packets += batch.length;
    for (let row = 0; row < batch.length; row++) this.#pushRow(batch, row, verdicts);
    const { kernelDrops, tsMicros, length } = batch;
    if (kernelDrops > 0 && length > 0)
      this.missAmong(kernelDrops, tsMicros[0]!, tsMicros[length - 1]!);
  }

  /**
   * Packets of the time between those two were dropped among the latest: alerts are less sure from now on. Windows know
   * from the batch. To be called where the batch ended that says so.
   */
  missAmong(packets: number, fromMicros: number, toMicros: number): void {
    this.#investigation.miss(packets, Math.min(fromMicros, toMicros), toMicros);
  }

  #pushRow(batch: PacketBatch, row: number, verdicts: PacketVerdicts | undefined): void {
    const tsMicros = batch.tsMicros[row]!;
    if (this.#jump.isCredible(tsMicros)) {
      this.#investigation.reach(tsMicros);
      this.#investigation.count(tsMicros);
    }
    const slot = this.#flowTable.observe(batch, row);
    this.#windowTable.observe(batch, row, this.#flowTable, slot);
    const sights = sightsOf(batch, row, this.#flowTable, slot);
    const isShown = this.#investigation.isShown(sights);
    if (!isShown && verdicts === undefined) return;
    observeInto(this.#seen, batch, row, this.#flowTable, slot);
    if (isShown) this.#investigation.show(this.#seen, sights);
    if (verdicts === undefined) return;
    const { flowId, sourceKey, targetKey } = this.#seen;
    verdicts.flowId[row] = flowId;
    this.#investigation.mark(batch, row, sourceKey, targetKey, verdicts);
  }

  /** Packets after the last batch and before `untilMicros` never came: windows are less complete and alerts less sure. */
  miss(packets: number, untilMicros: number): void {
    this.#windowTable.miss(packets, this.clockMicros, untilMicros);
    this.#investigation.miss(packets, Math.min(this.clockMicros, untilMicros), untilMicros);
  }

  /** What has come out since the last call. */
  take(): AnalysisOutput {
    return this.#investigation.take();
  }

  /** Ends everything that is open: the capture is over. */
  finish(): void {
    if (this.#packets === 0) return;
    this.#flowTable.flush();
    this.#investigation.endStep();
    this.#windowTable.flush();
  }

  /** µs since the epoch that packet time has reached; -Infinity: nothing seen. */
  get clockMicros(): number {
    return this.#packets === 0 ? Number.NEGATIVE_INFINITY : this.#flowTable.clockMicros;
  }

  get counts(): AnalysisCounts {
    const { latePackets, outOfOrderPackets, entityOverflow, factOverflow } =
      this.#windowTable.counters;
    return {
      packets: this.#packets,
      latePackets,
      outOfOrderPackets,
      evictions: {
        flows: this.#flowTable.counters.evicted,
        windowEntities: entityOverflow,
        windowFacts: factOverflow,
        ...this.#investigation.evictions,
      },
    };
  }

  /** Packets from before this time were there and are forgotten: the windows that began before it say so. */
  missBefore(tsMicros: number): void {
    this.#windowTable.missBefore(tsMicros);
  }

  /** All that the packets so far have left behind. To be called after `take`: what has come out is not in it. */
  save(writer: StateWriter): void {
    writer.text(this.#layout());
    writer.number(this.#packets);
    this.#jump.save(writer);
    this.#flowTable.save(writer);
    this.#windowTable.save(writer);
    this.#investigation.save(writer);
  }

  /**
   * The same, into a new analysis with the same options; it then goes on as the other would have.
   * @throws StateError saying why it cannot; the analysis is then of no use.
   */
  load(reader: StateReader): void {
    if (reader.text() !== this.#layout())
      throw new StateError(
        'it was made with other features, detectors, limits or by another version',
      );
    this.#packets = reader.number();
    this.#jump.load(reader);
    this.#flowTable.load(reader);
    this.#windowTable.load(reader);
    this.#investigation.load(reader);
  }

  #layout(): string {
    const { sensorId, limits = DETECTION_DEFAULTS, caps = {} } = this.#options;
    return stateLayout(sensorId, this.#investigation.detectors, limits, caps);
  }
}
