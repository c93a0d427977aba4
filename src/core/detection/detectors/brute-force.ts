/**
 * Brute_Force: one client fails to sign in to one service again and again. Where the protocol is clear
 * text the refusals are counted (FTP 530, HTTP 401), and log-in forms posted, whose refusal is a page like any
 * other; where it is encrypted (SSH) or opaque (Telnet, RDP, VNC), short conversations of the size of a refused
 * log-in are. A server that is asked by more at once than it lets try (`MaxStartups` of sshd) closes connections before
 * it says a word: many such in seconds are guesses by the dozen, whereas who comes again because nobody lets him in comes
 * at intervals. A program that shows its key with every request signs in nowhere: only its refusals count.
 */
import type { FlowRecord } from '../../../contract/flow.ts';
import { AppEvent } from '../../../contract/packet-batch.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { isLogin } from '../../wire/protocols/http.ts';
import { confidenceOf, type Detector, provenConfidenceOf, type Report } from '../detector.ts';
import { type Observation, Sight } from '../observation.ts';

export const bruteForceDefaults = {
  /** FTP replies 530 to one client. */
  min_ftp_refusals: 5,
  /** HTTP answers 401 to one client. */
  min_http_refusals: 15,
  /** HTTP log-in forms of one client. */
  min_http_logins: 20,
  /** SSH conversations of the size of refused log-ins. */
  min_ssh_conversations: 6,
  /** SSH connections that the server closes without a word … */
  min_ssh_turned_away: 20,
  /** … within so many seconds. */
  turned_away_s: 10,
  /** Short conversations with Telnet, rlogin, RDP or VNC. */
  min_remote_conversations: 15,
  window_s: 120,
  /** (client, server, service) triples remembered; the oldest is forgotten first. */
  max_triples: 16_384,
};

const MAX_TIMES = 1_024;
/** Nothing was guessed on these yet: they raise an alert and never block. */
const TURNED_AWAY = 'ssh_turned_away';

const REMOTE_PORTS = new Map([
  [23, 'TELNET'],
  [2323, 'TELNET'],
  [513, 'RLOGIN'],
  [3389, 'RDP'],
  [5900, 'VNC'],
]);

interface Failures {
  readonly service: string;
  readonly sourceIp: string;
  readonly targetIp: string;
  readonly port: number;
  /** Times of the failures within the window, oldest first; at most `MAX_TIMES`. */
  readonly times: number[];
  /** Those of them that were seen on connections with a completed handshake. */
  readonly proven: number[];
  packets: number;
  bytes: number;
  flows: number;
}

/** Who reads SSH log-ins. */
interface SshLogins {
  isLetIn(flowId: number): boolean;
}

export class BruteForceDetector implements Detector {
  readonly name = 'brute-force';
  readonly sights = Sight.APPLICATION;
  evictions = 0;
  readonly #limits: typeof bruteForceDefaults;
  readonly #report: Report;
  readonly #ssh: SshLogins;
  readonly #failures = new Map<string, Failures>();

  constructor(limits: typeof bruteForceDefaults, report: Report, ssh: SshLogins) {
    this.#limits = limits;
    this.#report = report;
    this.#ssh = ssh;
  }

  observe(seen: Observation): void {
    const { batch, row } = seen;
    if (batch.appEvents[row] === 0) return;
    // Replies: the client is the packet's destination.
    if (batch.appCode[row] === 530 && (batch.appEvents[row]! & AppEvent.FTP_REPLY) !== 0)
      this.#fail('FTP', 'ftp_refusals', this.#limits.min_ftp_refusals, seen, true);
    else if (batch.httpStatus[row] === 401)
      this.#fail('HTTP', 'http_refusals', this.#limits.min_http_refusals, seen, true);
    else if (
      (batch.appEvents[row]! & AppEvent.HTTP_LOGIN) !== 0 &&
      isLogin(batch.httpMethod.get(row), batch.httpPath.get(row))
    )
      this.#fail('HTTP', 'http_logins', this.#limits.min_http_logins, seen, false);
  }

  endFlow(flow: FlowRecord): void {
    if (!flow.isValidated) return;
    const seconds = (flow.lastSeenMicros - flow.firstSeenMicros) / 1e6;
    if (flow.service === 'ssh') {
      if (isTurnedAway(flow)) {
        const { min_ssh_turned_away, turned_away_s } = this.#limits;
        this.#conversation('SSH', TURNED_AWAY, min_ssh_turned_away, flow, turned_away_s);
        return;
      }
      // Key exchange and a few passwords; a session that got in and worked is longer or larger.
      if (
        flow.payloadFwd < 700 ||
        flow.payloadFwd > 6_000 ||
        flow.payloadBwd > 12_000 ||
        seconds > 60 ||
        this.#ssh.isLetIn(flow.id)
      )
        return;
      this.#conversation('SSH', 'ssh_conversations', this.#limits.min_ssh_conversations, flow);
      return;
    }
    const service = REMOTE_PORTS.get(flow.dstPort);
    if (service && flow.payloadFwd > 0 && flow.payloadFwd < 4_000 && seconds < 60)
      this.#conversation(
        service,
        'remote_conversations',
        this.#limits.min_remote_conversations,
        flow,
      );
  }

  #fail(service: string, what: string, limit: number, seen: Observation, isReply: boolean): void {
    const { batch, row } = seen;
    const client = isReply ? seen.targetKey : seen.sourceKey;
    const server = isReply ? seen.sourceKey : seen.targetKey;
    const key = `${client}/${server} ${what}`;
    const version = batch.ipVersion[row] === 6 ? 6 : 4;
    let failures = this.#failures.get(key);
    failures ??= this.#begin(key, {
      service,
      sourceIp: formatIp(isReply ? batch.dst : batch.src, 4 * row, version),
      targetIp: formatIp(isReply ? batch.src : batch.dst, 4 * row, version),
      port: isReply ? batch.srcPort[row]! : batch.dstPort[row]!,
      times: [],
      proven: [],
      packets: 0,
      bytes: 0,
      flows: 0,
    });
    failures.packets++;
    failures.bytes += batch.wireLength[row]!;
    this.#count(failures, what, limit, seen.tsMicros, seen.isValidated);
  }

  #conversation(
    service: string,
    what: string,
    limit: number,
    flow: FlowRecord,
    seconds = this.#limits.window_s,
  ): void {
    const key = `${flow.srcIp}/${flow.dstIp} ${what}`;
    let failures = this.#failures.get(key);
    failures ??= this.#begin(key, {
      service,
      sourceIp: flow.srcIp,
      targetIp: flow.dstIp,
      port: flow.dstPort,
      times: [],
      proven: [],
      packets: 0,
      bytes: 0,
      flows: 0,
    });
    failures.packets += flow.packetsFwd;
    failures.bytes += flow.bytesFwd;
    failures.flows++;
    this.#count(failures, what, limit, flow.lastSeenMicros, what !== TURNED_AWAY, seconds);
  }

  #begin(key: string, failures: Failures): Failures {
    this.#failures.set(key, failures);
    if (this.#failures.size > this.#limits.max_triples) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
      this.evictions++;
    }
    return failures;
  }

  #count(
    failures: Failures,
    what: string,
    limit: number,
    atMicros: number,
    isProven: boolean,
    windowSeconds = this.#limits.window_s,
  ): void {
    const { times, proven, service, sourceIp, targetIp, port } = failures;
    const oldest = atMicros - windowSeconds * 1e6;
    note(times, atMicros, oldest);
    if (isProven) note(proven, atMicros, oldest);
    else forget(proven, oldest);
    if (times.length < limit) return;
    const firstMicros = times[0] ?? atMicros;
    const seconds = (atMicros - firstMicros) / 1e6;
    this.#report({
      kind: 'Brute_Force',
      detector: this.name,
      atMicros,
      firstMicros,
      sourceIp,
      targetIp,
      targetPort: port,
      protocol: 'TCP',
      confidence: confidenceOf(times.length, limit),
      summary:
        what === TURNED_AWAY
          ? `${targetIp}:${port} closed ${times.length} ${service} connections of ${sourceIp} without a word within ${Math.round(seconds)} s`
          : `${sourceIp} ${what === 'http_logins' ? 'tried' : 'failed'} ${times.length} times to sign in to ${service} on ${targetIp}:${port} within ${Math.round(seconds)} s`,
      numbers: { [what]: times.length, seconds, service },
      thresholds: { [what]: limit },
      provenConfidence: provenConfidenceOf(proven.length, limit),
      packets: failures.packets,
      bytes: failures.bytes,
      flows: failures.flows,
    });
    failures.packets = 0;
    failures.bytes = 0;
    failures.flows = 0;
  }

  save(writer: StateWriter): void {
    writer.number(this.#failures.size);
    for (const [key, { times, proven, ...rest }] of this.#failures) {
      writer.json([key, rest]);
      writer.numbers(times);
      writer.numbers(proven);
    }
    writer.number(this.evictions);
  }

  load(reader: StateReader): void {
    for (let left = reader.count(this.#limits.max_triples); left > 0; left--) {
      const [key, rest] = reader.json() as [string, Omit<Failures, 'times' | 'proven'>];
      this.#failures.set(key, { ...rest, times: reader.numbers(), proven: reader.numbers() });
    }
    this.evictions = reader.number();
  }
}

/** The client spoke or not; the server closed and had said nothing. */
function isTurnedAway({ payloadBwd, history }: FlowRecord): boolean {
  if (payloadBwd > 0) return false;
  const server = history.search(/[fr]/);
  const client = history.search(/[FR]/);
  return server >= 0 && (client < 0 || server < client);
}

function note(times: number[], atMicros: number, oldestMicros: number): void {
  times.push(atMicros);
  if (times.length > MAX_TIMES) times.shift();
  forget(times, oldestMicros);
}

function forget(times: number[], oldestMicros: number): void {
  while ((times[0] ?? oldestMicros) < oldestMicros) times.shift();
}
