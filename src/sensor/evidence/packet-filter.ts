/**
 * Which packets are wanted: those from one endpoint to another within a time span, and what came back.
 * What is null may be anything. ARP counts with the IPv4 addresses it speaks of.
 */
import { type PacketBatch, PROTOCOLS, Protocol } from '../../contract/packet-batch.ts';
import { parseIp } from '../../core/wire/address.ts';
import { AppError } from '../../errors.ts';

export interface PacketFilter {
  /** Packet time, both included. */
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly srcIp: string | null;
  readonly srcPort: number | null;
  readonly dstIp: string | null;
  readonly dstPort: number | null;
  /** One of `PROTOCOLS`. */
  readonly protocol: string | null;
}

interface Endpoint {
  readonly words: Uint32Array | null;
  /** -1: any. */
  readonly port: number;
}

/** A conversation as an index has it and a row is turned into. */
export interface Conversation {
  readonly addresses: Uint32Array;
  readonly ports: Int32Array;
  readonly protocols: Uint8Array;
}

const MAPPED_PREFIX = 0xffff;

export class PacketMatcher {
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly #src: Endpoint;
  readonly #dst: Endpoint;
  /** A `Protocol` code; -1: any. */
  readonly #protocol: number;

  /** @throws AppError `usage` where an address or a protocol is none */
  constructor(filter: PacketFilter) {
    this.fromMicros = filter.fromMicros;
    this.toMicros = filter.toMicros;
    this.#src = endpointOf(filter.srcIp, filter.srcPort);
    this.#dst = endpointOf(filter.dstIp, filter.dstPort);
    this.#protocol = protocolOf(filter.protocol);
  }

  /** Whether the conversation of that number may be wanted, whichever way its packets go. */
  matches({ addresses, ports, protocols }: Conversation, number: number): boolean {
    const protocol = protocols[number] ?? 0;
    if (this.#protocol >= 0 && protocol !== this.#protocol) return false;
    const one = 8 * number;
    const onePort = ports[2 * number] ?? -1;
    const otherPort = ports[2 * number + 1] ?? -1;
    const [src, dst] = [this.#src, this.#dst];
    const isAt = (end: Endpoint, at: number, port: number) =>
      isAddress(end.words, addresses, at) && isPort(end.port, port, protocol);
    return (
      (isAt(src, one, onePort) && isAt(dst, one + 4, otherPort)) ||
      (isAt(src, one + 4, otherPort) && isAt(dst, one, onePort))
    );
  }
}

/** One row as a conversation of its own, number 0. */
export class RowConversation implements Conversation {
  readonly addresses = new Uint32Array(8);
  readonly ports = new Int32Array(2);
  readonly protocols = new Uint8Array(1);

  read(batch: PacketBatch, row: number): this {
    const at = 4 * row;
    this.addresses.set(batch.src.subarray(at, at + 4));
    this.addresses.set(batch.dst.subarray(at, at + 4), 4);
    if (batch.protocol[row] === Protocol.ARP && (batch.arpOp[row] ?? -1) >= 0) {
      this.addresses.set([0, 0, MAPPED_PREFIX, batch.arpPsrc[row] ?? 0]);
      this.addresses.set([0, 0, MAPPED_PREFIX, batch.arpPdst[row] ?? 0], 4);
    }
    this.ports[0] = batch.srcPort[row] ?? -1;
    this.ports[1] = batch.dstPort[row] ?? -1;
    this.protocols[0] = batch.protocol[row] ?? 0;
    return this;
  }
}

function isAddress(wanted: Uint32Array | null, addresses: Uint32Array, at: number): boolean {
  return (
    wanted === null ||
    (addresses[at + 3] === wanted[3] &&
      addresses[at + 2] === wanted[2] &&
      addresses[at + 1] === wanted[1] &&
      addresses[at] === wanted[0])
  );
}

/** A later fragment, or a packet that is cut short, has no ports to read: it goes with its addresses. */
function isPort(wanted: number, port: number, protocol: number): boolean {
  if (wanted < 0 || port === wanted) return true;
  return port < 0 && (protocol === Protocol.TCP || protocol === Protocol.UDP);
}

function endpointOf(ip: string | null, port: number | null): Endpoint {
  if (ip === null) return { words: null, port: port ?? -1 };
  const words = new Uint32Array(4);
  if (parseIp(ip, words, 0) === 0)
    throw new AppError('usage', `Cannot look for ${ip}: it is no IPv4 or IPv6 address`);
  return { words, port: port ?? -1 };
}

function protocolOf(name: string | null): number {
  if (name === null) return -1;
  const code = (PROTOCOLS as readonly string[]).indexOf(name);
  if (code < 0)
    throw new AppError('usage', `Cannot look for ${name}: it is none of ${PROTOCOLS.join(', ')}`);
  return code;
}
