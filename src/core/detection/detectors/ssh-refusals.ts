/**
 * Brute_Force over SSH, told while the connections are open: the log-ins that the server refuses, by the sizes of what it
 * sends. After Zeek's SSH analyzer (`SSH.cc`, `ProcessEncryptedSegment`): the server's first encrypted message accepts the
 * service; its second refuses the client's question for the ways to log in; each later one of that size refuses a
 * password or a key; one 16 bytes smaller than the first lets the client in. What is refused on a connection that then
 * gets in was a mistyped password or a key that was not the one: it does not count. `brute-force` counts whole
 * conversations where this cannot be read.
 */
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { confidenceOf, type Detector, provenConfidenceOf, type Report } from '../detector.ts';
import { pairKey } from '../endpoint.ts';
import { type Observation, Sight } from '../observation.ts';
import { RecentMap } from '../recent-map.ts';

export const sshRefusalsDefaults = {
  /** Log-ins refused to one client: more than three connections of somebody with six keys (`MaxAuthTries` is 6). */
  min_refusals: 20,
  /** Connections that they were refused on. */
  min_connections: 3,
  window_s: 120,
  /** Open connections, and (client, server) pairs, remembered; the longest quiet is forgotten first. */
  max_connections: 8_192,
  max_pairs: 4_096,
};

/** Key exchange messages are larger; of the encrypted ones, the first is smaller than the one and as large as the other. */
const MIN_KEY_EXCHANGE = 200;
const MIN_ACCEPT = 24;
const MAX_ACCEPT = 128;
/** Larger messages of the key exchange before: the server's algorithms and its key. */
const MIN_EXCHANGES = 2;
/** RFC 4253 §6, RFC 4252 §5.1: acceptance is padded to 24 bytes, success to 8. */
const ACCEPT_LESS_SUCCESS = 16;
const MAX_TIMES = 256;

interface Connection {
  readonly pair: number;
  exchanges: number;
  /** Bytes of the message that accepts the service, and of one that refuses; 0: not seen yet. */
  acceptBytes: number;
  refusalBytes: number;
  lastSeq: number;
  refusals: number;
  isIn: boolean;
}

interface Guessing {
  readonly sourceIp: string;
  readonly targetIp: string;
  readonly port: number;
  /** The connection that each refusal was on, oldest first; at most `MAX_TIMES`. */
  refusals: { readonly atMicros: number; readonly flowId: number; readonly isProven: boolean }[];
  packets: number;
  bytes: number;
}

export class SshRefusalsDetector implements Detector {
  readonly name = 'ssh-refusals';
  readonly sights = Sight.SSH_ANSWER;
  readonly #limits: typeof sshRefusalsDefaults;
  readonly #report: Report;
  readonly #connections: RecentMap<number, Connection>;
  readonly #pairs: RecentMap<number, Guessing>;

  constructor(limits: typeof sshRefusalsDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#connections = new RecentMap(limits.max_connections);
    this.#pairs = new RecentMap(limits.max_pairs);
  }

  get evictions(): number {
    return this.#connections.evictions + this.#pairs.evictions;
  }

  observe(seen: Observation): void {
    const { batch, row, flowId } = seen;
    const seq = batch.seq[row]!;
    const bytes = batch.payloadBytes[row]!;
    const connection = this.#connections.touch(flowId, () => ({
      pair: pairKey(seen.targetKey, seen.sourceKey),
      exchanges: 0,
      acceptBytes: 0,
      refusalBytes: 0,
      lastSeq: seq - 1,
      refusals: 0,
      isIn: false,
    }));
    // Sent before: sequence numbers are compared modulo 2^32.
    if (connection.isIn || ((seq - connection.lastSeq) | 0) <= 0) return;
    connection.lastSeq = seq;
    if (connection.acceptBytes === 0) awaitAccept(connection, bytes);
    else if (bytes === connection.acceptBytes - ACCEPT_LESS_SUCCESS)
      this.#letIn(connection, flowId);
    else if (connection.refusalBytes === 0) connection.refusalBytes = bytes;
    else if (bytes === connection.refusalBytes) this.#refuse(connection, seen);
  }

  /** Whether the connection was seen to log in. */
  isLetIn(flowId: number): boolean {
    return this.#connections.find(flowId)?.isIn ?? false;
  }

  #letIn(connection: Connection, flowId: number): void {
    connection.isIn = true;
    if (connection.refusals === 0) return;
    const { pair } = connection;
    const guessing = this.#pairs.find(pair);
    if (guessing)
      guessing.refusals = guessing.refusals.filter((refusal) => refusal.flowId !== flowId);
  }

  #refuse(connection: Connection, seen: Observation): void {
    const { batch, row, tsMicros, flowId, isValidated } = seen;
    const version = batch.ipVersion[row]!;
    connection.refusals++;
    const guessing = this.#pairs.touch(connection.pair, () => ({
      sourceIp: formatIp(batch.dst, 4 * row, version),
      targetIp: formatIp(batch.src, 4 * row, version),
      port: batch.srcPort[row]!,
      refusals: [],
      packets: 0,
      bytes: 0,
    }));
    const { refusals } = guessing;
    refusals.push({ atMicros: tsMicros, flowId, isProven: isValidated });
    const oldest = tsMicros - this.#limits.window_s * 1e6;
    while (refusals.length > MAX_TIMES || (refusals[0]?.atMicros ?? oldest) < oldest)
      refusals.shift();
    guessing.packets++;
    guessing.bytes += batch.wireLength[row]!;
    this.#judge(guessing, tsMicros);
  }

  #judge(guessing: Guessing, atMicros: number): void {
    const { min_refusals, min_connections } = this.#limits;
    const { refusals, sourceIp, targetIp, port, packets, bytes } = guessing;
    const count = refusals.length;
    if (count < min_refusals) return;
    const connections = new Set(refusals.map(({ flowId }) => flowId)).size;
    if (connections < min_connections) return;
    const firstMicros = refusals[0]?.atMicros ?? atMicros;
    const seconds = (atMicros - firstMicros) / 1e6;
    const proven = refusals.filter(({ isProven }) => isProven).length;
    this.#report({
      kind: 'Brute_Force',
      detector: this.name,
      atMicros,
      firstMicros,
      sourceIp,
      targetIp,
      targetPort: port,
      protocol: 'TCP',
      confidence: confidenceOf(count, min_refusals),
      summary: `${targetIp} refused ${sourceIp} ${count} SSH log-ins on ${connections} connections within ${Math.ceil(seconds)} s`,
      numbers: { service: 'SSH', ssh_refusals: count, connections, seconds },
      thresholds: { ssh_refusals: min_refusals, connections: min_connections },
      provenConfidence: provenConfidenceOf(proven, min_refusals),
      packets,
      bytes,
      flows: 0,
    });
    guessing.packets = 0;
    guessing.bytes = 0;
  }

  save(writer: StateWriter): void {
    this.#connections.save(writer);
    this.#pairs.save(writer);
  }

  load(reader: StateReader): void {
    this.#connections.load(reader);
    this.#pairs.load(reader);
  }
}

function awaitAccept(connection: Connection, bytes: number): void {
  if (bytes >= MIN_KEY_EXCHANGE) connection.exchanges++;
  else if (connection.exchanges >= MIN_EXCHANGES && bytes >= MIN_ACCEPT && bytes < MAX_ACCEPT)
    connection.acceptBytes = bytes;
}
