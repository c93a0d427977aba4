/**
 * Alerts on visitors to the lures. Nobody has business there, so a contact speaks for itself; and as lures
 * speak TCP only, a visitor has completed a handshake and its address is not forged.
 *
 * All that one source does at one service on one UTC day is one alert that grows: `Honeypot_Contact`, and
 * `Honeypot_Login` from its first accepted login on. Its id is made of source, service and day, so the same events
 * make the same alert after a restart.
 */
import type { Alert, Finding } from '../../contract/alert.ts';
import { ALERT_KINDS } from '../../contract/alert-kinds.ts';
import { isAcceptedLogin, type LureEvent } from '../../contract/lure.ts';
import { decide, type Thresholds } from './policy.ts';

/** Not 1: a colleague who mistypes a port is a contact too. */
const CONTACT_CONFIDENCE = 0.9;
const LOGIN_CONFIDENCE = 0.97;

export interface LureAlertsOptions {
  readonly sensorId: string;
  readonly policy: Thresholds;
  readonly isProtected: (ip: string) => boolean;
  /** Visitors remembered at once; past it the one longest unheard of is forgotten and its counts begin anew. */
  readonly maxVisitors?: number;
}

interface Visit {
  readonly id: string;
  readonly service: string;
  readonly sourceIp: string;
  readonly port: number;
  /** s since the epoch, as all times here. */
  readonly firstSeen: number;
  lastSeen: number;
  connections: number;
  logins: number;
  acceptedLogins: number;
  commands: number;
  requests: number;
  uploads: number;
  bytes: number;
  /** When the first login was accepted. */
  acceptedAt: number | null;
  username: string | null;
}

export class LureAlerts {
  readonly #options: LureAlertsOptions;
  readonly #maxVisitors: number;
  /** The one longest unheard of first. */
  readonly #visits = new Map<string, Visit>();
  #evicted = 0;

  constructor(options: LureAlertsOptions) {
    this.#options = options;
    this.#maxVisitors = options.maxVisitors ?? 10_000;
  }

  /** Visitors forgotten to make room. */
  get evicted(): number {
    return this.#evicted;
  }

  get size(): number {
    return this.#visits.size;
  }

  /** The visitor's alert as it stands after `event`, whole; null if the event adds nothing to it. */
  observe(event: LureEvent): Alert | null {
    const id = `lure-${event.service}-${event.source_ip}-${event.at.slice(0, 10)}`;
    const known = this.#visits.get(id);
    // A close after midnight is not a new visit, and one of a visit that was evicted says nothing new.
    if (event.kind === 'close' && !known) return null;
    const visit = known ?? begin(id, event);
    count(visit, event);
    this.#remember(visit);
    return event.kind === 'close' ? null : this.#alertOf(visit);
  }

  /**
   * Goes on from an alert of before a restart, as it was stored; of others (not from a lure) it takes no notice.
   * Without this the day's alert would begin to count anew.
   */
  resume(alert: Alert): void {
    const visit = visitOf(alert);
    if (visit) this.#remember(visit);
  }

  #remember(visit: Visit): void {
    this.#visits.delete(visit.id);
    this.#visits.set(visit.id, visit);
    if (this.#visits.size > this.#maxVisitors) this.#evictOldest();
  }

  #evictOldest(): void {
    for (const oldest of this.#visits.keys()) {
      this.#visits.delete(oldest);
      this.#evicted++;
      return;
    }
  }

  #alertOf(visit: Visit): Alert {
    const { sensorId, policy, isProtected } = this.#options;
    const kind = visit.acceptedLogins > 0 ? 'Honeypot_Login' : 'Honeypot_Contact';
    const confidence = kind === 'Honeypot_Login' ? LOGIN_CONFIDENCE : CONTACT_CONFIDENCE;
    return {
      id: visit.id,
      alert_type: kind,
      severity: kind === 'Honeypot_Login' ? 'High' : 'Medium',
      source_ip: visit.sourceIp,
      destination_ip: null,
      destination_port: visit.port,
      protocol: 'TCP',
      confidence,
      proven_confidence: confidence,
      description: describe(visit),
      first_seen: visit.firstSeen,
      last_seen: visit.lastSeen,
      detected_at: visit.firstSeen,
      created_at: null,
      packet_count: 0,
      byte_count: visit.bytes,
      flow_count: visit.connections,
      window_size: null,
      sensor_id: sensorId,
      mitre: [...ALERT_KINDS[kind]],
      evidence: evidenceOf(visit),
      explanation: [],
      model: null,
      decision: decide(confidence, policy, {
        isAnomalyOnly: false,
        provenConfidence: confidence,
        isProtected: isProtected(visit.sourceIp),
      }),
      status: 'open',
      resolved_at: null,
      packets: [
        {
          sensor_id: sensorId,
          first: visit.firstSeen,
          last: visit.lastSeen,
          src_ip: visit.sourceIp,
          dst_ip: null,
          dst_port: visit.port,
          protocol: 'TCP',
        },
      ],
    };
  }
}

function begin(id: string, event: LureEvent): Visit {
  return {
    id,
    service: event.service,
    sourceIp: event.source_ip,
    port: event.local_port,
    firstSeen: secondsOf(event),
    lastSeen: secondsOf(event),
    connections: 0,
    logins: 0,
    acceptedLogins: 0,
    commands: 0,
    requests: 0,
    uploads: 0,
    bytes: 0,
    acceptedAt: null,
    username: null,
  };
}

/** The inverse of `#alertOf`. */
function visitOf(alert: Alert): Visit | null {
  const contact = alert.evidence.find(({ detector }) => detector === 'lure_contact');
  const login = alert.evidence.find(({ detector }) => detector === 'lure_login');
  if (!contact || alert.source_ip === null || alert.destination_port === null) return null;
  const number = (name: string) => Number(contact.numbers[name] ?? 0);
  return {
    id: alert.id,
    service: String(contact.numbers.service),
    sourceIp: alert.source_ip,
    port: alert.destination_port,
    firstSeen: alert.first_seen,
    lastSeen: alert.last_seen,
    connections: number('connections'),
    logins: number('login_attempts'),
    acceptedLogins: number('accepted_logins'),
    commands: number('commands'),
    requests: number('requests'),
    uploads: number('uploads'),
    bytes: alert.byte_count,
    acceptedAt: login?.at ?? null,
    username: login ? String(login.numbers.username) : null,
  };
}

function count(visit: Visit, event: LureEvent): void {
  visit.lastSeen = Math.max(visit.lastSeen, secondsOf(event));
  visit.bytes += event.bytes ?? 0;
  if (event.kind === 'connect') visit.connections++;
  if (event.kind === 'login') visit.logins++;
  if (event.kind === 'command') visit.commands++;
  if (event.kind === 'request') visit.requests++;
  if (event.kind === 'upload') visit.uploads++;
  if (isAcceptedLogin(event)) {
    visit.acceptedLogins++;
    visit.acceptedAt ??= secondsOf(event);
    visit.username ??= event.username;
  }
}

function evidenceOf(visit: Visit): Finding[] {
  const numbers = {
    service: visit.service,
    connections: visit.connections,
    login_attempts: visit.logins,
    accepted_logins: visit.acceptedLogins,
    commands: visit.commands,
    requests: visit.requests,
    uploads: visit.uploads,
  };
  const contact: Finding = {
    detector: 'lure_contact',
    at: visit.firstSeen,
    confidence: CONTACT_CONFIDENCE,
    summary: `Spoke to the ${visit.service.toUpperCase()} lure`,
    numbers,
    thresholds: { connections: 1 },
  };
  if (visit.acceptedAt === null) return [contact];
  const login: Finding = {
    detector: 'lure_login',
    at: visit.acceptedAt,
    confidence: LOGIN_CONFIDENCE,
    summary: `Signed in at the ${visit.service.toUpperCase()} lure`,
    numbers: { username: visit.username ?? '', accepted_logins: visit.acceptedLogins },
    thresholds: { accepted_logins: 1 },
  };
  return [contact, login];
}

function describe(visit: Visit): string {
  const did = [
    counted(visit.connections, 'connection'),
    counted(visit.logins, 'login attempt'),
    counted(visit.commands, 'command'),
    counted(visit.requests, 'request'),
    counted(visit.uploads, 'upload'),
  ].filter((part) => part !== null);
  const where = `the ${visit.service.toUpperCase()} lure on port ${visit.port}`;
  const verb = visit.acceptedLogins > 0 ? 'signed in at' : 'contacted';
  return `${visit.sourceIp} ${verb} ${where}: ${did.join(', ')}`;
}

function counted(count: number, noun: string): string | null {
  if (count === 0) return null;
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function secondsOf(event: LureEvent): number {
  return Date.parse(event.at) / 1000;
}
