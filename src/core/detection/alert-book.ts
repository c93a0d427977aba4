/**
 * Turns detections into alerts: one attack is one alert that grows, however many steps it spans. An
 * attack is (kind, source, target, port of the service); it is the same attack until it has been quiet
 * for `GAP_MICROS`. Alerts in progress are bounded; the longest quiet one is let go first, which only
 * means that its next detection opens a new alert.
 */
import type { Alert, Contribution, Finding, Severity } from '../../contract/alert.ts';
import { ALERT_KINDS, type AlertKind } from '../../contract/alert-kinds.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import type { Detection } from './detector.ts';
import { incidentAt } from './incident-state.ts';
import { stableId } from './stable-id.ts';

const GAP_MICROS = 300e6;
const MAX_IN_PROGRESS = 10_000;
/** One finding per detector and service: its strongest. */
const MAX_FINDINGS = 16;

/** How bad it is if true, whatever the confidence. */
const SEVERITY: Record<AlertKind, Severity> = {
  SYN_Flood: 'High',
  UDP_Flood: 'High',
  ICMP_Flood: 'Medium',
  Amplification: 'High',
  HTTP_Flood: 'High',
  Slowloris: 'High',
  Port_Scan: 'Medium',
  Host_Discovery: 'Low',
  Brute_Force: 'High',
  Honeypot_Contact: 'Medium',
  SQL_Injection: 'Critical',
  Web_Exploit: 'Critical',
  Web_Scan: 'Medium',
  DNS_Tunnel: 'High',
  ARP_Spoof: 'Critical',
  C2_Beacon: 'Critical',
  Exfiltration: 'Critical',
  Lateral_Movement: 'Critical',
  Anomaly: 'Low',
  Honeypot_Login: 'High',
};

/** An alert in progress, with what only the analysis needs to know of it. */
export interface Incident {
  readonly alert: Alert;
  lastMicros: number;
  /** By detector: the strongest proven confidence. What these come to together may block. */
  readonly proven: Map<string, number>;
  provenConfidence: number;
  /** Contributions are computed once, when there is something to explain. */
  isExplained: boolean;
  isBlockRequested: boolean;
}

export class AlertBook {
  /** Incidents let go to stay in bounds, since the start. */
  evictions = 0;
  readonly #sensorId: string;
  readonly #incidents = new Map<string, Incident>(); // longest quiet first
  /** The latest incident of a kind and source: what a detection that sees no target joins. */
  readonly #latest = new Map<string, string>();
  readonly #changed = new Set<Incident>();

  constructor(sensorId: string) {
    this.#sensorId = sensorId;
  }

  /** Opens an alert or lets one grow, and returns it; null where there is none that it could support. */
  add(detection: Detection): Incident | null {
    const source = `${detection.kind} ${detection.sourceIp ?? '*'}`;
    const key = (detection.isTargetUnseen && this.#latest.get(source)) || keyOf(detection);
    let incident = this.#incidents.get(key);
    if (incident && detection.firstMicros - incident.lastMicros > GAP_MICROS) incident = undefined;
    if (!incident && (detection.isSupportOnly || this.#isKnownFor(detection))) return null;
    incident ??= this.#open(key, detection);
    grow(incident, detection);
    this.#incidents.delete(key);
    this.#incidents.set(key, incident);
    this.#latest.set(source, key);
    if (this.#incidents.size > MAX_IN_PROGRESS) this.#letGo();
    this.#changed.add(incident);
    return incident;
  }

  /** Incidents opened or grown since the last call, in order of their first change. */
  takeChanged(): Incident[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  /** Unusual behaviour of a source that is accused of something is no second attack: it is what the first looks like. */
  #isKnownFor({ kind, sourceIp, atMicros }: Detection): boolean {
    if (kind !== 'Anomaly') return false;
    for (const { alert, lastMicros } of this.#incidents.values())
      if (alert.source_ip === sourceIp && Math.abs(atMicros - lastMicros) <= GAP_MICROS)
        return true;
    return false;
  }

  #open(key: string, detection: Detection): Incident {
    const first = detection.firstMicros / 1e6;
    const alert: Alert = {
      id: stableId(`${this.#sensorId} ${key} ${detection.firstMicros}`),
      alert_type: detection.kind,
      severity: SEVERITY[detection.kind],
      source_ip: detection.sourceIp,
      destination_ip: detection.targetIp,
      destination_port: detection.targetPort,
      protocol: detection.protocol,
      confidence: 0,
      description: detection.summary,
      first_seen: first,
      last_seen: first,
      detected_at: detection.atMicros / 1e6,
      created_at: null,
      packet_count: 0,
      byte_count: 0,
      flow_count: 0,
      window_size: null,
      sensor_id: this.#sensorId,
      mitre: [...ALERT_KINDS[detection.kind]],
      evidence: [],
      explanation: [],
      model: null,
      decision: 'ALLOW',
      status: 'open',
      resolved_at: null,
      packets: [
        {
          sensor_id: this.#sensorId,
          first,
          last: first,
          src_ip: detection.sourceIp,
          dst_ip: detection.targetIp,
          dst_port: detection.targetPort,
          protocol: detection.protocol,
        },
      ],
    };
    return {
      alert,
      lastMicros: detection.atMicros,
      proven: new Map(),
      provenConfidence: 0,
      isExplained: false,
      isBlockRequested: false,
    };
  }

  #letGo(): void {
    const [longestQuiet] = this.#incidents.keys();
    if (longestQuiet === undefined) return;
    const [kind, source] = longestQuiet.split(' ', 2);
    this.#incidents.delete(longestQuiet);
    if (this.#latest.get(`${kind} ${source}`) === longestQuiet)
      this.#latest.delete(`${kind} ${source}`);
    this.evictions++;
  }

  get incidents(): Iterable<Incident> {
    return this.#incidents.values();
  }

  /** Incidents by their numbers; to be called when nothing has changed since `takeChanged`. */
  save(writer: StateWriter, numbers: ReadonlyMap<Incident, number>): void {
    writer.json([...this.#incidents].map(([key, incident]) => [key, numbers.get(incident)]));
    writer.map(this.#latest);
    writer.number(this.evictions);
  }

  /** Into a new book. */
  load(reader: StateReader, incidents: readonly Incident[]): void {
    for (const [key, number] of reader.json() as [string, number][])
      this.#incidents.set(key, incidentAt(incidents, number));
    reader.map(this.#latest);
    this.evictions = reader.number();
  }
}

/** Puts the model's contributions, largest first, into an alert. */
export function explain(
  incident: Incident,
  explanation: Contribution[],
  model: Alert['model'],
): void {
  incident.alert.explanation = explanation;
  incident.alert.model = model;
  incident.isExplained = true;
}

function keyOf(detection: Detection): string {
  const { kind, sourceIp, targetIp, targetPort } = detection;
  // The service is part of what is attacked where the attack is on a service.
  const port = kind === 'Brute_Force' || kind === 'Slowloris' ? targetPort : null;
  return `${kind} ${sourceIp ?? '*'} ${targetIp ?? '*'} ${port ?? '*'}`;
}

function grow(incident: Incident, detection: Detection): void {
  const { alert } = incident;
  const at = detection.atMicros / 1e6;
  incident.lastMicros = Math.max(incident.lastMicros, detection.atMicros);
  alert.last_seen = Math.max(alert.last_seen, at);
  alert.packet_count += detection.packets;
  alert.byte_count += detection.bytes;
  alert.flow_count += detection.flows;
  // What a model says of rows is no account of an attack: that stays the detector's.
  if (!detection.isSupportOnly && detection.confidence >= accountOf(alert))
    alert.description = detection.summary;
  keepStrongest(alert.evidence, {
    detector: detection.detector,
    at,
    confidence: detection.confidence,
    summary: detection.summary,
    numbers: { ...detection.numbers },
    thresholds: { ...detection.thresholds },
  });
  alert.confidence = fuse(alert.evidence.map(({ confidence }) => confidence));
  prove(incident, detection);
  const [reference] = alert.packets;
  if (reference) reference.last = alert.last_seen;
  if (!detection.isTargetUnseen && alert.destination_port !== detection.targetPort) {
    alert.destination_port = null;
    if (reference) reference.dst_port = null;
  }
}

/** How sure the finding is that gave the alert its description. All findings together are surer. */
function accountOf({ evidence, description, confidence }: Alert): number {
  return evidence.find(({ summary }) => summary === description)?.confidence ?? confidence;
}

function keepStrongest(evidence: Finding[], finding: Finding): void {
  const at = evidence.findIndex(({ detector }) => detector === finding.detector);
  const before = evidence[at];
  if (before === undefined) {
    if (evidence.length < MAX_FINDINGS) evidence.push(finding);
  } else if (finding.confidence >= before.confidence) evidence[at] = finding;
}

/** A finding that proves nothing adds nothing here, however strong it is. */
function prove(incident: Incident, { detector, provenConfidence }: Detection): void {
  const { proven } = incident;
  if (provenConfidence <= (proven.get(detector) ?? 0)) return;
  if (!proven.has(detector) && proven.size >= MAX_FINDINGS) return;
  proven.set(detector, provenConfidence);
  incident.provenConfidence = fuse(proven.values());
}

/**
 * Independent findings, each right with its confidence: at least one is. Capped below certainty, because
 * detectors that look at the same packets are not independent.
 */
function fuse(confidences: Iterable<number>): number {
  let doubt = 1;
  for (const confidence of confidences) doubt *= 1 - confidence;
  return Math.min(0.99, 1 - doubt);
}
