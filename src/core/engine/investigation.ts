/**
 * From what was measured to what is alleged: packets, ended conversations and closed windows in, alerts and
 * blocks asked for out. What it says is a function of what it is given and in which order, and does not know
 * who measured: one table in this thread, or several in others.
 *
 * Memory is bounded by the detectors, the book of alerts and the index of verdicts, which state their caps.
 */
import type { AnalysisOutput, BlockRequest, PacketVerdicts } from '../../contract/analysis.ts';
import { ALERT_THRESHOLD, BLOCK_THRESHOLD } from '../../contract/analysis.ts';
import type { FlowRecord } from '../../contract/flow.ts';
import type { PacketBatch } from '../../contract/packet-batch.ts';
import type { WindowRow } from '../../contract/window.ts';
import { AlertBook, explain, type Incident } from '../detection/alert-book.ts';
import { DETECTION_DEFAULTS, type DetectionLimits } from '../detection/detection-limits.ts';
import { type Detection, type Detector, STEP_MICROS, TICK_MICROS } from '../detection/detector.ts';
import { createDetectors } from '../detection/detectors.ts';
import { incidentAt, loadIncidents, saveIncidents } from '../detection/incident-state.ts';
import { ModelFindings } from '../detection/model-findings.ts';
import { ALL_SIGHTS, type Observation } from '../detection/observation.ts';
import { NeverBlockList } from '../response/never-block.ts';
import { decide } from '../response/policy.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { honestDetection } from './honest-detection.ts';
import type { Judge } from './judge.ts';
import { LossRecord } from './loss-record.ts';
import { VerdictIndex } from './verdict-index.ts';

/** Alerts that anything still refers to: what the book holds, and those whose packets are still marked. */
const MAX_INCIDENTS = 100_000;
/** Alerts waiting for the window that explains them, at most. */
const MAX_UNEXPLAINED = 1_000;

export interface InvestigationOptions {
  readonly sensorId: string;
  /** Null: verdicts of flows and windows stay as they come, detectors work on. */
  readonly judge: Judge | null;
  readonly limits?: DetectionLimits;
  readonly policy?: { alert_threshold: number; block_threshold: number };
  readonly neverBlock?: NeverBlockList;
}

export class Investigation {
  readonly detectors: readonly Detector[];
  readonly #options: InvestigationOptions;
  #judge: Judge | null;
  /** By the `Sight` bits of a packet: who is shown it. */
  readonly #viewers: readonly (readonly Detector[])[];
  /** Those that look into a step. */
  readonly #tickers: readonly Required<Pick<Detector, 'tick'>>[];
  /** Those that hear of the ends of conversations. */
  readonly #enders: readonly Required<Pick<Detector, 'endFlow'>>[];
  readonly #modelFindings: ModelFindings;
  readonly #book: AlertBook;
  readonly #verdicts = new VerdictIndex();
  readonly #losses = new LossRecord();
  readonly #neverBlock: NeverBlockList;
  readonly #protected = new WeakMap<Incident, boolean>();
  /** By the address whose next window explains them. */
  readonly #unexplained = new Map<string, Incident[]>();
  /** Of the last detection. */
  #added: Incident | null = null;
  #stepEndMicros = 0;
  /** At or before the end of the step. */
  #nextTickMicros = 0;
  #flows: FlowRecord[] = [];
  #windows: WindowRow[] = [];
  #blocks: BlockRequest[] = [];
  readonly #grown = new Set<Incident>();

  constructor(options: InvestigationOptions) {
    const limits = options.limits ?? DETECTION_DEFAULTS;
    const report = (detection: Detection) => this.#add(detection);
    this.#options = options;
    this.#judge = options.judge;
    this.#neverBlock = options.neverBlock ?? new NeverBlockList([]);
    this.detectors = createDetectors(limits, report);
    this.#enders = this.detectors.filter(
      (detector): detector is Required<Detector> => detector.endFlow !== undefined,
    );
    this.#tickers = this.detectors.filter(
      (detector): detector is Required<Detector> => detector.tick !== undefined,
    );
    this.#viewers = Array.from({ length: ALL_SIGHTS + 1 }, (_, bits) =>
      this.detectors.filter(({ sights }) => (sights & bits) !== 0),
    );
    this.#modelFindings = new ModelFindings(limits.models, report);
    this.#book = new AlertBook(options.sensorId);
  }

  /** Another judges what comes from now on. Null: nobody does. */
  judgeWith(judge: Judge | null): void {
    this.#judge = judge;
  }

  /** Whether any detector wants to see a packet with these `Sight` bits. */
  isShown(sights: number): boolean {
    return this.#viewers[sights]!.length > 0;
  }

  /** Packet time has come to `tsMicros`: the detectors judge the step that ended. Empty steps in between need no judgement. */
  reach(tsMicros: number): void {
    if (tsMicros < this.#nextTickMicros) return;
    const nowMicros = Math.floor(tsMicros / TICK_MICROS) * TICK_MICROS;
    this.#nextTickMicros = nowMicros + TICK_MICROS;
    if (tsMicros < this.#stepEndMicros) {
      for (const detector of this.#tickers) detector.tick(nowMicros);
      return;
    }
    if (this.#stepEndMicros > 0) this.endStep();
    this.#stepEndMicros = (Math.floor(tsMicros / STEP_MICROS) + 1) * STEP_MICROS;
  }

  /** Ends the step that is going on. */
  endStep(): void {
    for (const detector of this.detectors) detector.endStep?.(this.#stepEndMicros);
    this.#verdicts.expire(this.#stepEndMicros);
  }

  /** A packet is there that detectors may not be shown. */
  count(tsMicros: number): void {
    this.#losses.count(tsMicros);
  }

  /** Packets between the two times never came: what is alleged of that time is less sure. */
  miss(packets: number, fromMicros: number, toMicros: number): void {
    this.#losses.miss(packets, fromMicros, toMicros);
  }

  show(seen: Observation, sights: number): void {
    for (const detector of this.#viewers[sights]!) detector.observe(seen);
  }

  /** Row `row` of `verdicts` becomes the verdict on that packet of the batch, between these `endpointKey`s. */
  mark(
    batch: PacketBatch,
    row: number,
    source: number,
    target: number,
    verdicts: PacketVerdicts,
  ): void {
    this.#verdicts.mark(batch, row, source, target, verdicts);
  }

  /** A conversation ended. Whoever measured it may have had it judged already. */
  endFlow(flow: FlowRecord): void {
    const judge = this.#judge;
    if (judge) flow.verdict ??= judge.judgeFlow(flow);
    this.#flows.push(flow);
    for (const detector of this.#enders) detector.endFlow(flow);
    const opened = this.#modelFindings.addFlow(flow);
    if (judge && opened) this.#explainByFlow(judge, flow);
  }

  endWindow(window: WindowRow): void {
    const judge = this.#judge;
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

  /** What has come out since the last call. */
  take(): AnalysisOutput {
    const alerts = new Set([...this.#grown, ...this.#book.takeChanged()]);
    this.#grown.clear();
    // Copies: an alert may grow again before this one is written.
    const copies = (isAlert: boolean) =>
      [...alerts]
        .filter(({ alert }) => (alert.decision !== 'ALLOW') === isAlert)
        .map(({ alert }) => structuredCopy(alert));
    const output: AnalysisOutput = {
      flows: this.#flows,
      windows: this.#windows,
      alerts: copies(true),
      quiet: copies(false),
      blocks: this.#blocks,
    };
    this.#flows = [];
    this.#windows = [];
    this.#blocks = [];
    return output;
  }

  /** State dropped to stay in bounds, by what. */
  get evictions(): Record<string, number> {
    const evictions: Record<string, number> = {
      models: this.#modelFindings.evictions,
      alerts: this.#book.evictions,
      verdicts: this.#verdicts.refused,
    };
    for (const detector of this.detectors) evictions[detector.name] = detector.evictions;
    return evictions;
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

  #add(detection: Detection): void {
    const policy = this.#options.policy ?? {
      alert_threshold: ALERT_THRESHOLD,
      block_threshold: BLOCK_THRESHOLD,
    };
    const completeness = this.#losses.completeness(detection.firstMicros, detection.atMicros);
    const incident = this.#book.add(
      honestDetection(detection, completeness, policy.alert_threshold),
    );
    this.#added = incident;
    if (!incident) return;
    const { alert } = incident;
    const isNew = alert.decision === 'ALLOW';
    alert.proven_confidence = incident.provenConfidence;
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
    if (!this.#judge || entity === null || this.#unexplained.size >= MAX_UNEXPLAINED) return;
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

  /** To be called after `take`: what has come out is not in it. */
  save(writer: StateWriter): void {
    writer.number(this.#stepEndMicros);
    writer.number(this.#nextTickMicros);
    this.#losses.save(writer);
    for (const detector of this.detectors) detector.save(writer);
    this.#modelFindings.save(writer);
    const incidents = saveIncidents(writer, this.#incidents());
    this.#book.save(writer, incidents);
    this.#verdicts.save(writer, incidents);
    const waiting = [...this.#unexplained];
    writer.json(waiting.map(([entity, each]) => [entity, each.map((one) => incidents.get(one))]));
  }

  /** Into a new one with the same options. */
  load(reader: StateReader): void {
    this.#stepEndMicros = reader.number();
    this.#nextTickMicros = reader.number();
    this.#losses.load(reader);
    for (const detector of this.detectors) detector.load(reader);
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
}

function explainedBy({ alert }: Incident): string | null {
  if (alert.source_ip !== null) return `source ${alert.source_ip}`;
  return alert.destination_ip === null ? null : `target ${alert.destination_ip}`;
}

function structuredCopy<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
