/**
 * Port_Scan of a port or two: somebody who has never sent this target a byte asks it in several ways at once. A program
 * that wants something sends what it wants; a monitor or a load balancer asks each service in the one way it has, once
 * per round. Who looks a machine over mixes them: connections opened and dropped without a byte, others reset before the
 * handshake ends, segments that belong to no connection, old ICMP questions, several ports in the same moment, and a port
 * that has just answered once more. Each of these is harmless by itself and has its programs (the kernel resets what an
 * impatient one closed, two processes of a balancer check the same port); none of those mixes four within two seconds.
 *
 * Pings do not count, since monitors of all kinds send them too, nor does what is refused: `sequential-scan` has those.
 * Whoever was seen to probe before, or has sent the target payload, is known to it: checks that go round and ordinary
 * clients are not looked at.
 * Source: the outcomes that Jung et al. (2004) call failures are of one kind; for probes of mixed kinds see Staniford,
 * Hoagland and McAlerney, "Practical automated detection of stealthy portscans" (2002), whose score is of rarity as well.
 */
import type { FlowRecord } from '../../../contract/flow.ts';
import { Protocol } from '../../../contract/packet-batch.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp, parseIp } from '../../wire/address.ts';
import { TcpFlag } from '../../wire/tcp.ts';
import { ContactSketch } from '../contact-sketch.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { endpointKey, pairKey } from '../endpoint.ts';
import { type Observation, Sight } from '../observation.ts';
import { RecentMap } from '../recent-map.ts';

export const probingDefaults = {
  /** Of the six ways in `Way`, … */
  min_ways: 4,
  /** … within so many seconds of the first. */
  window_s: 2,
  /** How long who was met is known, s. */
  memory_s: 3_600,
  /** (source, target) pairs looked at; the longest quiet is forgotten first. */
  max_pairs: 4_096,
};

const Way = {
  /** Reset by the source on the answer to its SYN. */
  HALF_OPEN: 1,
  /** Opened in full, and reset by the source that had sent nothing. */
  DROPPED: 2,
  /** An empty segment outside of any connection, which the target resets. */
  STRAY: 4,
  /** An ICMP question after routers, time, netmask or information (RFC 1256, 792, 950): no program asks these any more. */
  ICMP_QUESTION: 8,
  /** More than one port answered. */
  SEVERAL_PORTS: 16,
  /** A port that had answered was asked once more. */
  AGAIN: 32,
} as const;

const NAMES: readonly (readonly [number, string])[] = [
  [Way.HALF_OPEN, 'half-open'],
  [Way.DROPPED, 'opened and dropped'],
  [Way.STRAY, 'segments of no connection'],
  [Way.ICMP_QUESTION, 'ICMP questions'],
  [Way.SEVERAL_PORTS, 'several ports'],
  [Way.AGAIN, 'the same port again'],
];

/** Ports of one contact that are told apart. */
const MAX_PORTS = 16;
const KNOWN_BITS = 1 << 20;
const ICMP_QUESTIONS: ReadonlySet<number> = new Set([10, 13, 15, 17]);

interface Contact {
  /** Of the first probe: those of its flows may become known in another order. */
  firstMicros: number;
  ways: number;
  /** Those that answered. */
  readonly ports: number[];
  probes: number;
  packets: number;
  bytes: number;
}

export class ProbingDetector implements Detector {
  readonly name = 'probing';
  readonly sights = Sight.DATAGRAM | Sight.FIRST_WORD;
  readonly #limits: typeof probingDefaults;
  readonly #report: Report;
  /** By source and target. */
  readonly #contacts: RecentMap<string, Contact>;
  /** Pairs that are not looked at any more. */
  readonly #known: ContactSketch;

  constructor(limits: typeof probingDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#contacts = new RecentMap(limits.max_pairs);
    this.#known = new ContactSketch(KNOWN_BITS, limits.memory_s * 1e6);
  }

  get evictions(): number {
    return this.#contacts.evictions;
  }

  observe(seen: Observation): void {
    const { batch, row, tsMicros, sourceKey, targetKey } = seen;
    if (batch.protocol[row] === Protocol.TCP) {
      this.#known.note(pairKey(sourceKey, targetKey), tsMicros);
      return;
    }
    if (batch.protocol[row] !== Protocol.ICMP || !ICMP_QUESTIONS.has(batch.icmpType[row]!)) return;
    const sourceIp = formatIp(batch.src, 4 * row, 4);
    const targetIp = formatIp(batch.dst, 4 * row, 4);
    const contact = this.#contactOf(sourceIp, targetIp, tsMicros);
    if (contact) note(contact, Way.ICMP_QUESTION, 1, batch.wireLength[row]!);
  }

  endFlow(flow: FlowRecord): void {
    const way = wayOf(flow);
    if (way === 0) return;
    const { srcIp, dstIp, dstPort, firstSeenMicros } = flow;
    const contact = this.#contactOf(srcIp, dstIp, firstSeenMicros);
    if (contact === null) return;
    if (contact.ports.includes(dstPort)) contact.ways |= Way.AGAIN;
    else if (contact.ports.length < MAX_PORTS) contact.ports.push(dstPort);
    if (contact.ports.length > 1) contact.ways |= Way.SEVERAL_PORTS;
    note(contact, way, flow.packetsFwd + flow.packetsBwd, flow.bytesFwd + flow.bytesBwd);
    this.#judge(contact, flow);
  }

  /** Null: the two know each other. */
  #contactOf(sourceIp: string, targetIp: string, atMicros: number): Contact | null {
    const key = `${sourceIp} ${targetIp}`;
    const pair = pairOf(sourceIp, targetIp);
    const known = this.#contacts.find(key);
    const windowMicros = this.#limits.window_s * 1e6;
    if (known && Math.abs(atMicros - known.firstMicros) > windowMicros) {
      // Again, later: a check that goes round.
      this.#contacts.delete(key);
      this.#known.note(pair, atMicros);
    }
    if (this.#known.has(pair)) {
      this.#known.note(pair, atMicros);
      return null;
    }
    const contact = this.#contacts.touch(key, () => newContact(atMicros));
    contact.firstMicros = Math.min(contact.firstMicros, atMicros);
    return contact;
  }

  #judge(contact: Contact, flow: FlowRecord): void {
    const ways = NAMES.filter(([bit]) => (contact.ways & bit) !== 0).map(([, name]) => name);
    const { min_ways } = this.#limits;
    if (ways.length < min_ways) return;
    const { srcIp, dstIp, dstPort, lastSeenMicros } = flow;
    const { firstMicros, ports, probes, packets, bytes } = contact;
    this.#report({
      ...{ kind: 'Port_Scan', detector: this.name, atMicros: lastSeenMicros, firstMicros },
      ...{ sourceIp: srcIp, targetIp: dstIp, protocol: 'TCP' },
      targetPort: ports.length === 1 ? dstPort : null,
      confidence: confidenceOf(ways.length, min_ways),
      summary: `${srcIp} tried ${dstIp} in ${ways.length} ways at once and sent it nothing: ${ways.join(', ')}`,
      numbers: { ways: ways.length, tried: ways.join(', '), probes, ports: ports.length },
      thresholds: { ways: min_ways },
      // None of it needs a handshake.
      ...{ provenConfidence: 0, packets, bytes, flows: probes },
    });
    contact.packets = 0;
    contact.bytes = 0;
    contact.probes = 0;
  }

  save(writer: StateWriter): void {
    this.#contacts.save(writer);
    this.#known.save(writer);
  }

  load(reader: StateReader): void {
    this.#contacts.load(reader);
    this.#known.load(reader);
  }
}

/** 0: it is no probe. */
function wayOf(flow: FlowRecord): number {
  const { protocol, payloadFwd, payloadBwd, packetsFwd, tcpFlagsFwd, tcpFlagsBwd } = flow;
  if (protocol !== 'TCP' || payloadFwd > 0) return 0;
  const isAnswered = (tcpFlagsBwd & TcpFlag.SYN) !== 0;
  if ((tcpFlagsFwd & TcpFlag.SYN) !== 0) {
    if (!isAnswered || !isResetByClient(flow.history)) return 0;
    return flow.isValidated ? Way.DROPPED : Way.HALF_OPEN;
  }
  const isReset = !isAnswered && (tcpFlagsBwd & TcpFlag.RST) !== 0;
  const isAlone = packetsFwd <= 2 && payloadBwd === 0 && (tcpFlagsFwd & TcpFlag.RST) === 0;
  return isReset && isAlone ? Way.STRAY : 0;
}

/** Before the server ended it. */
function isResetByClient(history: string): boolean {
  const client = history.indexOf('R');
  const server = history.search(/[fr]/);
  return client >= 0 && (server < 0 || client < server);
}

function note(contact: Contact, way: number, packets: number, bytes: number): void {
  contact.ways |= way;
  contact.probes++;
  contact.packets += packets;
  contact.bytes += bytes;
}

function newContact(firstMicros: number): Contact {
  return { firstMicros, ways: 0, ports: [], probes: 0, packets: 0, bytes: 0 };
}

const words = new Uint32Array(4);

function pairOf(sourceIp: string, targetIp: string): number {
  return pairKey(keyOf(sourceIp), keyOf(targetIp));
}

function keyOf(ip: string): number {
  return endpointKey(words, 0, parseIp(ip, words, 0));
}
