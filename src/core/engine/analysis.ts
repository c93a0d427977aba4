/**
 * Packets in, everything else out: flows, windows, verdicts, alerts, blocks asked for. The same object
 * serves a live sensor and a capture file, and its output is a function of the packets alone: no clock,
 * no randomness, no dependence on how the packets were cut into batches.
 *
 * One sensor has one analysis; its packets come in capture order, give or take the allowed lateness.
 * Memory is bounded by the tables inside, each of which states its cap and counts its losses.
 */
import type { AnalysisOutput, BlockRequest, PacketVerdicts } from '../../contract/analysis.ts';
import { ALERT_THRESHOLD, BLOCK_THRESHOLD } from '../../contract/analysis.ts';
import type { FlowRecord } from '../../contract/flow.ts';
import type { PacketBatch } from '../../contract/packet-batch.ts';
import type { WindowRow } from '../../contract/window.ts';
import { AlertBook, explain, type Incident } from '../detection/alert-book.ts';
import { DETECTION_DEFAULTS, type DetectionLimits } from '../detection/detection-limits.ts';
import { type Detection, type Detector, STEP_MICROS } from '../detection/detector.ts';
import { createDetectors } from '../detection/detectors.ts';
import { endpointKey } from '../detection/endpoint.ts';
import { incidentAt, loadIncidents, saveIncidents } from '../detection/incident-state.ts';
import { ModelFindings } from '../detection/model-findings.ts';
import { ALL_SIGHTS, type Observation, Sight } from '../detection/observation.ts';
import { WindowAggregator } from '../features/window-aggregator.ts';
import type { WindowLimits } from '../features/window-state.ts';
import { FlowTable, type FlowTableOptions } from '../flows/flow-table.ts';
import { TimeJump } from '../flows/time-jump.ts';
import { NeverBlockList } from '../response/never-block.ts';
import { decide } from '../response/policy.ts';
import { StateError } from '../state/state-error.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { TcpFlag } from '../wire/tcp.ts';
import type { Judge } from './judge.ts';
import { stateLayout } from './state-layout.ts';
import { VerdictIndex } from './verdict-index.ts';

/** Alerts that anything still refers to: what the book holds, and those whose packets are still marked. */
const MAX_INCIDENTS = 100_000;
/** Alerts waiting for the window that explains them, at most. */
const MAX_UNEXPLAINED = 1_000;

export interface AnalysisOptions {
  readonly sensorId: string;
  /** Null: verdicts of flows and windows stay null, detectors work on. */
  readonly judge: Judge | null;
  readonly limits?: DetectionLimits;
  readonly policy?: { alert_threshold: number; block_threshold: number };
  readonly neverBlock?: NeverBlockList;
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
  readonly #detectors: readonly Detector[];
  /** By the `Sight` bits of a packet: who is shown it. */
  readonly #viewers: readonly (readonly Detector[])[];
  /** Those that hear of the ends of conversations. */
  readonly #enders: readonly Required<Pick<Detector, 'endFlow'>>[];
  readonly #modelFindings: ModelFindings;
  readonly #book: AlertBook;
  readonly #verdicts = new VerdictIndex();
  readonly #neverBlock: NeverBlockList;
  readonly #protected = new WeakMap<Incident, boolean>();
  readonly #seen: Observation;
  /** By the address whose next window explains them. */
  readonly #unexplained = new Map<string, Incident[]>();
  /** Of the last detection. */
  #added: Incident | null = null;
  #stepEndMicros = 0;
  readonly #jump = new TimeJump();
  #packets = 0;
  #flows: FlowRecord[] = [];
  #windows: WindowRow[] = [];
  #blocks: BlockRequest[] = [];
  readonly #grown = new Set<Incident>();

  constructor(options: AnalysisOptions) {
    const limits = options.limits ?? DETECTION_DEFAULTS;
    const report = (detection: Detection) => this.#add(detection);
    this.#options = options;
    this.#neverBlock = options.neverBlock ?? new NeverBlockList([]);
    this.#flowTable = new FlowTable({
      sensorId: options.sensorId,
      onEnd: (flow) => this.#endFlow(flow),
      ...options.caps,
    });
    this.#windowTable = new WindowAggregator({
      sensorId: options.sensorId,
      onRow: (row) => this.#endWindow(row),
      ...options.caps,
    });
    this.#detectors = createDetectors(limits, report);
    this.#enders = this.#detectors.filter(
      (detector): detector is Required<Detector> => detector.endFlow !== undefined,
    );
    this.#viewers = Array.from({ length: ALL_SIGHTS + 1 }, (_, bits) =>
      this.#detectors.filter(({ sights }) => (sights & bits) !== 0),
    );
    this.#modelFindings = new ModelFindings(limits.models, report);
    this.#book = new AlertBook(options.sensorId);
    this.#seen = emptyObservation();
  }

  /** Takes in a batch; row `i` of `verdicts`, where given, becomes the verdict on packet `i`. */
  push(batch: PacketBatch, verdicts?: PacketVerdicts): void {
    this.#packets += batch.length;
    for (let row = 0; row < batch.length; row++) this.#pushRow(batch, row, verdicts);
  }

  #pushRow(batch: PacketBatch, row: number, verdicts: PacketVerdicts | undefined): void {
    const tsMicros = batch.tsMicros[row]!;
    if (this.#jump.isCredible(tsMicros) && tsMicros >= this.#stepEndMicros)
      this.#endSteps(tsMicros);
    const slot = this.#flowTable.observe(batch, row);
    this.#windowTable.observe(batch, row, this.#flowTable, slot);
    this.#show(batch, row, slot, verdicts !== undefined);
    if (verdicts === undefined) return;
    verdicts.flowId[row] = this.#seen.flowId;
    this.#verdicts.mark(batch, row, this.#seen.sourceKey, this.#seen.targetKey, verdicts);
  }

  /** Packets after the last batch and before `untilMicros` never came: their windows are less complete. */
  miss(packets: number, untilMicros: number): void {
    this.#windowTable.miss(packets, this.clockMicros, untilMicros);
  }

  /** What has come out since the last call. */
  take(): AnalysisOutput {
    const alerts = new Set([...this.#grown, ...this.#book.takeChanged()]);
    this.#grown.clear();
    const output: AnalysisOutput = {
      flows: this.#flows,
      windows: this.#windows,
      alerts: [...alerts]
        .filter(({ alert }) => alert.decision !== 'ALLOW')
        // A copy: the alert may grow again before this one is written.
        .map(({ alert }) => structuredCopy(alert)),
      blocks: this.#blocks,
    };
    this.#flows = [];
    this.#windows = [];
    this.#blocks = [];
    return output;
  }

  /** Ends everything that is open: the capture is over. */
  finish(): void {
    if (this.#packets === 0) return;
    this.#flowTable.flush();
    this.#endStep(this.#stepEndMicros);
    this.#windowTable.flush();
  }

  /** µs since the epoch that packet time has reached; -Infinity: nothing seen. */
  get clockMicros(): number {
    return this.#packets === 0 ? Number.NEGATIVE_INFINITY : this.#flowTable.clockMicros;
  }

  get counts(): AnalysisCounts {
    const evictions: Record<string, number> = {
      flows: this.#flowTable.counters.evicted,
      windowEntities: this.#windowTable.counters.entityOverflow,
      windowFacts: this.#windowTable.counters.factOverflow,
      models: this.#modelFindings.evictions,
      alerts: this.#book.evictions,
      verdicts: this.#verdicts.refused,
    };
    for (const detector of this.#detectors) evictions[detector.name] = detector.evictions;
    return {
      packets: this.#packets,
      latePackets: this.#windowTable.counters.latePackets,
      outOfOrderPackets: this.#windowTable.counters.outOfOrderPackets,
      evictions,
    };
  }

  #show(batch: PacketBatch, row: number, slot: number, isMarked: boolean): void {
    const viewers = this.#viewers[this.#sightsOf(batch, row, slot)]!;
    if (viewers.length === 0 && !isMarked) return;
    const seen = this.#seen;
    const flows = this.#flowTable;
    const version = batch.ipVersion[row]!;
    seen.batch = batch;
    seen.row = row;
    seen.tsMicros = flows.nowMicros;
    seen.sourceKey = version === 0 ? -1 : endpointKey(batch.src, 4 * row, version);
    seen.targetKey = version === 0 ? -1 : endpointKey(batch.dst, 4 * row, version);
    seen.isNewFlow = flows.isNew;
    seen.isAttempt = flows.isConnectionAttempt;
    seen.isFromOriginator = flows.isFromOriginator;
    seen.isHandshakeEnd = flows.justValidated;
    seen.flowId = slot < 0 ? -1 : flows.flowId(slot);
    seen.isValidated = flows.isProven;
    seen.isFirstAnswer = slot >= 0 && !flows.isFromOriginator && flows.packetsBwd(slot) === 1;
    for (const detector of viewers) detector.observe(seen);
  }

  #sightsOf(batch: PacketBatch, row: number, slot: number): number {
    const flows = this.#flowTable;
    const flags = batch.tcpFlags[row]!;
    let bits = 0;
    if (flags < 0) {
      if (batch.ipVersion[row] !== 0) bits = Sight.DATAGRAM;
      else if (batch.arpOp[row]! >= 0) bits = Sight.ARP;
    } else if (
      (flags & TcpFlag.SYN) !== 0 ||
      flows.isNew ||
      flows.justValidated ||
      (slot >= 0 && !flows.isFromOriginator && flows.packetsBwd(slot) === 1)
    )
      bits = Sight.OPENING;
    if (batch.appEvents[row] !== 0) bits |= Sight.APPLICATION;
    if (batch.dnsQuery[row] === 1) bits |= Sight.DNS_QUERY;
    return bits;
  }

  /** Time passed the end of the step: the detectors judge it. Empty steps in between need no judgement. */
  #endSteps(tsMicros: number): void {
    if (this.#stepEndMicros > 0) this.#endStep(this.#stepEndMicros);
    this.#stepEndMicros = (Math.floor(tsMicros / STEP_MICROS) + 1) * STEP_MICROS;
  }

  #endStep(endMicros: number): void {
    for (const detector of this.#detectors) detector.endStep?.(endMicros);
    this.#verdicts.expire(endMicros);
  }

  #endFlow(flow: FlowRecord): void {
    const { judge } = this.#options;
    if (judge) flow.verdict = judge.judgeFlow(flow);
    this.#flows.push(flow);
    for (const detector of this.#enders) detector.endFlow(flow);
    const opened = this.#modelFindings.addFlow(flow);
    if (judge && opened) this.#explainByFlow(judge, flow);
  }

  /** The flow that made the forest speak explains the alert, unless a window has done so before. */
  #explainByFlow(judge: Judge, flow: FlowRecord): void {
    const incident = this.#added;
    if (!incident || incident.isExplained) return;
    const why = judge.explainFlow(flow, incident.alert.alert_type);
    if (!why) return;
    explain(incident, why.contributions, why.model);
    this.#grown.add(incident);
  }

  #endWindow(window: WindowRow): void {
    const { judge } = this.#options;
    if (judge) {
      window.verdict = judge.judgeWindow(window);
      this.#modelFindings.addWindow(window);
      if (window.size === 5 && window.scope === 'source') {
        const unusual = judge.unusual(window);
        if (unusual) this.#modelFindings.addUnusual(window, unusual);
      }
      if (window.size === 5) this.#explain(judge, window);
    }
    this.#windows.push(window);
  }

  #add(detection: Detection): void {
    const incident = this.#book.add(detection);
    this.#added = incident;
    if (!incident) return;
    const { alert } = incident;
    const policy = this.#options.policy ?? {
      alert_threshold: ALERT_THRESHOLD,
      block_threshold: BLOCK_THRESHOLD,
    };
    const isNew = alert.decision === 'ALLOW';
    alert.decision = decide(alert.confidence, policy, {
      isAnomalyOnly: alert.alert_type === 'Anomaly',
      provenConfidence: incident.provenConfidence,
      isProtected: this.#isProtected(incident),
    });
    if (isNew && alert.decision !== 'ALLOW') {
      this.#verdicts.add(incident);
      this.#awaitExplanation(incident);
    }
    if (alert.decision !== 'BLOCK' || incident.isBlockRequested || alert.source_ip === null) return;
    incident.isBlockRequested = true;
    this.#blocks.push({
      ip: alert.source_ip,
      alertId: alert.id,
      reason: alert.description,
      atMicros: detection.atMicros,
    });
  }

  /** Asked once for every incident: neither its source nor the list changes. */
  #isProtected(incident: Incident): boolean {
    let isProtected = this.#protected.get(incident);
    if (isProtected === undefined) {
      const source = incident.alert.source_ip;
      isProtected = source === null || this.#neverBlock.isProtected(source);
      this.#protected.set(incident, isProtected);
    }
    return isProtected;
  }

  #awaitExplanation(incident: Incident): void {
    const entity = explainedBy(incident);
    if (!this.#options.judge || entity === null || this.#unexplained.size >= MAX_UNEXPLAINED)
      return;
    const waiting = this.#unexplained.get(entity);
    if (waiting) waiting.push(incident);
    else this.#unexplained.set(entity, [incident]);
  }

  /** The first window of the attacker (of the target, where the attacker is not known) that closes explains. */
  #explain(judge: Judge, window: WindowRow): void {
    if (window.scope === 'network') return;
    const entity = `${window.scope} ${window.entity}`;
    const waiting = this.#unexplained.get(entity);
    if (!waiting) return;
    this.#unexplained.delete(entity);
    for (const incident of waiting) {
      if (incident.isExplained) continue;
      const why = judge.explainWindow(window, incident.alert.alert_type);
      if (!why) continue;
      explain(incident, why.contributions, why.model);
      incident.alert.window_size = window.size;
      this.#grown.add(incident);
    }
  }

  /** Packets from before this time were there and are forgotten: the windows that began before it say so. */
  missBefore(tsMicros: number): void {
    this.#windowTable.missBefore(tsMicros);
  }

  /** All that the packets so far have left behind. To be called after `take`: what has come out is not in it. */
  save(writer: StateWriter): void {
    writer.text(this.#layout());
    writer.number(this.#packets);
    writer.number(this.#stepEndMicros);
    this.#jump.save(writer);
    this.#flowTable.save(writer);
    this.#windowTable.save(writer);
    for (const detector of this.#detectors) detector.save(writer);
    this.#modelFindings.save(writer);
    const incidents = saveIncidents(writer, this.#incidents());
    this.#book.save(writer, incidents);
    this.#verdicts.save(writer, incidents);
    const waiting = [...this.#unexplained];
    writer.json(waiting.map(([entity, each]) => [entity, each.map((one) => incidents.get(one))]));
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
    this.#stepEndMicros = reader.number();
    this.#jump.load(reader);
    this.#flowTable.load(reader);
    this.#windowTable.load(reader);
    for (const detector of this.#detectors) detector.load(reader);
    this.#modelFindings.load(reader);
    const incidents = loadIncidents(reader, MAX_INCIDENTS);
    this.#book.load(reader, incidents);
    this.#verdicts.load(reader, incidents);
    for (const [entity, numbers] of reader.json() as [string, number[]][])
      this.#unexplained.set(
        entity,
        numbers.map((number) => incidentAt(incidents, number)),
      );
  }

  *#incidents(): Generator<Incident> {
    yield* this.#book.incidents;
    yield* this.#verdicts.incidents();
    for (const waiting of this.#unexplained.values()) yield* waiting;
  }

  #layout(): string {
    const { sensorId, limits = DETECTION_DEFAULTS, caps = {} } = this.#options;
    return stateLayout(sensorId, this.#detectors, limits, caps);
  }
}

function explainedBy({ alert }: Incident): string | null {
  if (alert.source_ip !== null) return `source ${alert.source_ip}`;
  return alert.destination_ip === null ? null : `target ${alert.destination_ip}`;
}

function structuredCopy<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function emptyObservation(): Observation {
  return {
    batch: undefined as never,
    row: 0,
    tsMicros: 0,
    sourceKey: -1,
    targetKey: -1,
    flowId: -1,
    isNewFlow: false,
    isAttempt: false,
    isFromOriginator: false,
    isHandshakeEnd: false,
    isValidated: false,
    isFirstAnswer: false,
  };
}
