/**
 * From single verdicts of the forests to detections. One flow or window called hostile is noise at the
 * rates real networks have; several of one source within a minute are evidence. Forests do not travel
 * well to networks they were not trained on, so of kinds that have a detector they only support its
 * alerts; of other kinds a forest alone reaches ALERT and never BLOCK: its confidence is held below the blocking threshold, and only together with a
 * detector does an alert pass it.
 */
import { ALERT_KIND_NAMES, type AlertKind } from '../../contract/alert-kinds.ts';
import type { FlowRecord } from '../../contract/flow.ts';
import type { WindowRow } from '../../contract/window.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import type { Detection, Report } from './detector.ts';
import { DETECTED_KINDS } from './detectors.ts';

export const modelFindingDefaults = {
  /** Calibrated probability from which a flow or window counts. */
  min_threat_score: 0.9,
  /** Probability of the class itself. */
  min_class_probability: 0.7,
  /** Flows of one source that are called the same. */
  min_flows: 8,
  /** 5 s windows of one source that are called the same. */
  min_windows: 3,
  /** Windows of one source that the isolation forest finds unusual. */
  min_unusual_windows: 4,
  window_s: 60,
  /** (source, kind) pairs remembered; the oldest is forgotten first. */
  max_pairs: 16_384,
};

const KINDS: ReadonlyMap<string, AlertKind> = new Map(ALERT_KIND_NAMES.map((name) => [name, name]));

/** A forest by itself stays below BLOCK. */
const MAX_CONFIDENCE = 0.75;
const MAX_ANOMALY_CONFIDENCE = 0.6;

interface Tally {
  /** Packet times, oldest first. */
  times: number[];
  scoreSum: number;
  packets: number;
  bytes: number;
  flows: number;
  /** Of the flows, those whose source a completed handshake proves. */
  provenCount: number;
  provenScoreSum: number;
  /** The one target of all flows; null: several; undefined: none yet. */
  targetIp: string | null | undefined;
}

export class ModelFindings {
  evictions = 0;
  readonly #limits: typeof modelFindingDefaults;
  readonly #report: Report;
  readonly #tallies = new Map<string, Tally>();

  constructor(limits: typeof modelFindingDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
  }

  /** True: it was reported. */
  addFlow(flow: FlowRecord): boolean {
    const { verdict } = flow;
    const kind = this.#kindOf(verdict);
    if (!verdict || kind === null) return false;
    const tally = this.#count(
      `flow ${kind} ${flow.srcIp}`,
      flow.lastSeenMicros,
      verdict.threatScore,
    );
    if (tally.targetIp === undefined) tally.targetIp = flow.dstIp;
    else if (tally.targetIp !== flow.dstIp) tally.targetIp = null;
    const { targetIp } = tally;
    tally.packets += flow.packetsFwd + flow.packetsBwd;
    tally.bytes += flow.bytesFwd + flow.bytesBwd;
    tally.flows++;
    if (flow.isValidated) {
      tally.provenCount++;
      tally.provenScoreSum += verdict.threatScore;
    }
    if (tally.times.length < this.#limits.min_flows) return false;
    this.#tell(tally, 'flow-forest', kind, 'flows', this.#limits.min_flows, {
      sourceIp: flow.srcIp,
      targetIp,
      // Several targets: it supports what the detectors know of this source, or stands alone.
      isTargetUnseen: targetIp === null,
      isSupportOnly: DETECTED_KINDS.has(kind),
      targetPort: targetIp === null || flow.dstPort < 0 ? null : flow.dstPort,
      protocol: flow.protocol,
    });
    return true;
  }

  addWindow(window: WindowRow): void {
    const { verdict } = window;
    if (window.scope !== 'source' || window.size !== 5) return;
    const kind = this.#kindOf(verdict);
    if (!verdict || kind === null) return;
    const endMicros = window.startMicros + window.size * 1e6;
    const tally = this.#count(`window ${kind} ${window.entity}`, endMicros, verdict.threatScore);
    if (tally.times.length < this.#limits.min_windows) return;
    this.#tell(tally, 'source-forest', kind, 'windows', this.#limits.min_windows, {
      sourceIp: window.entity,
      targetIp: null,
      isTargetUnseen: true,
      isSupportOnly: DETECTED_KINDS.has(kind),
      targetPort: null,
      protocol: null,
    });
  }

  addUnusual(window: WindowRow, { score, threshold }: { score: number; threshold: number }): void {
    const endMicros = window.startMicros + window.size * 1e6;
    const tally = this.#count(`unusual ${window.entity}`, endMicros, score);
    if (tally.times.length < this.#limits.min_unusual_windows) return;
    const mean = tally.scoreSum / tally.times.length;
    this.#report({
      kind: 'Anomaly',
      detector: 'source-isolation',
      atMicros: endMicros,
      firstMicros: tally.times[0] ?? endMicros,
      sourceIp: window.entity,
      targetIp: null,
      targetPort: null,
      protocol: null,
      confidence: Math.min(MAX_ANOMALY_CONFIDENCE, 0.5 + (mean - threshold)),
      summary: `${window.entity} behaved unlike anything in training in ${tally.times.length} windows of 5 s within a minute`,
      numbers: { isolation_score: mean, windows: tally.times.length },
      thresholds: { isolation_score: threshold, windows: this.#limits.min_unusual_windows },
      provenConfidence: 0,
      packets: 0,
      bytes: 0,
      flows: 0,
    });
  }

  #kindOf(
    verdict: { label: string; confidence: number; threatScore: number } | null,
  ): AlertKind | null {
    if (!verdict || verdict.threatScore < this.#limits.min_threat_score) return null;
    if (verdict.confidence < this.#limits.min_class_probability) return null;
    return KINDS.get(verdict.label) ?? null;
  }

  #count(key: string, atMicros: number, score: number): Tally {
    let tally = this.#tallies.get(key);
    const oldest = atMicros - this.#limits.window_s * 1e6;
    if (tally && (tally.times.at(-1) ?? 0) < oldest) tally = undefined;
    if (!tally) {
      tally = {
        times: [],
        scoreSum: 0,
        packets: 0,
        bytes: 0,
        flows: 0,
        provenCount: 0,
        provenScoreSum: 0,
        targetIp: undefined,
      };
      this.#tallies.delete(key);
      this.#tallies.set(key, tally);
      if (this.#tallies.size > this.#limits.max_pairs) {
        const [first] = this.#tallies.keys();
        if (first !== undefined) this.#tallies.delete(first);
        this.evictions++;
      }
    }
    tally.times.push(atMicros);
    tally.scoreSum += score;
    return tally;
  }

  #tell(
    tally: Tally,
    detector: string,
    kind: AlertKind,
    what: 'flows' | 'windows',
    limit: number,
    who: Pick<
      Detection,
      'targetIp' | 'targetPort' | 'protocol' | 'isTargetUnseen' | 'isSupportOnly'
    > & {
      sourceIp: string;
    },
  ): void {
    const count = tally.times.length;
    const mean = tally.scoreSum / count;
    const atMicros = tally.times.at(-1) ?? 0;
    this.#report({
      kind,
      detector,
      atMicros,
      firstMicros: tally.times[0] ?? atMicros,
      ...who,
      confidence: confidenceOf(count, mean),
      summary: `${who.sourceIp}${who.targetIp ? ` towards ${who.targetIp}` : ''}: ${count} ${what} look like ${kind}, mean probability ${mean.toFixed(2)}`,
      numbers: { [what]: count, mean_threat_score: mean },
      thresholds: { [what]: limit, mean_threat_score: this.#limits.min_threat_score },
      provenConfidence:
        tally.provenCount < limit
          ? 0
          : confidenceOf(tally.provenCount, tally.provenScoreSum / tally.provenCount),
      packets: tally.packets,
      bytes: tally.bytes,
      flows: tally.flows,
    });
    tally.packets = 0;
    tally.bytes = 0;
    tally.flows = 0;
    // What was told is evidence once: later ones count on from here.
    tally.times = tally.times.slice(-limit);
    tally.scoreSum = mean * tally.times.length;
    if (tally.provenCount <= limit) return;
    tally.provenScoreSum *= limit / tally.provenCount;
    tally.provenCount = limit;
  }

  save(writer: StateWriter): void {
    writer.number(this.#tallies.size);
    for (const [key, { times, ...rest }] of this.#tallies) {
      writer.json([key, rest]);
      writer.numbers(times);
    }
    writer.number(this.evictions);
  }

  /** Into new findings with the same limits. */
  load(reader: StateReader): void {
    for (let left = reader.count(this.#limits.max_pairs); left > 0; left--) {
      const [key, rest] = reader.json() as [string, Omit<Tally, 'times'>];
      // JSON leaves out what is not yet known.
      this.#tallies.set(key, { ...rest, targetIp: rest.targetIp, times: reader.numbers() });
    }
    this.evictions = reader.number();
  }
}

function confidenceOf(count: number, meanScore: number): number {
  return Math.min(MAX_CONFIDENCE, meanScore * (1 - 2 ** -count));
}
