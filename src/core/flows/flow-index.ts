/**
 * Where each packet of a file begins and which conversation it is of, gathered while the file is written.
 *
 * A conversation is two endpoints and a protocol, whichever way the packet goes; ARP counts with the IPv4
 * addresses it speaks of. A reader picks conversations by addresses, then walks the blocks in file order.
 *
 * Memory: 6 bytes a block and 41 a conversation, at most `MAX_FLOWS` of them, in arrays that are allocated
 * once. What finds no place (the table is full, or too many hash alike, as an attacker may see to) goes under
 * `ANY_FLOW`, whose packets a reader looks at one by one: slower to read, never lost. So do IP fragments, whose
 * conversation may show only where all of them are put together.
 */
import { AppEvent, type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { endpointHash, mix32 } from './flow-hash.ts';

/** Number 0 is `ANY_FLOW`; the rest fits 16 bits. */
export const MAX_FLOWS = 65_536;
export const ANY_FLOW = 0;

const PLACES = 2 * MAX_FLOWS;
/** A search gives up after so many places, so that no choice of addresses makes it slow. */
const MAX_PROBES = 32;
const MAPPED_PREFIX = 0xffff;

/** Where an endpoint's four address words begin in `addresses`, and the two ports in `ports`: 8 and 2 a flow. */
export class FlowIndex {
  blocks = 0;
  flows = 1;
  /** Of the packets, packet time; infinite where there is none. */
  firstMicros = Number.POSITIVE_INFINITY;
  lastMicros = Number.NEGATIVE_INFINITY;
  readonly offsets: Uint32Array;
  readonly flowOf: Uint16Array;
  readonly addresses = new Uint32Array(8 * MAX_FLOWS);
  /** -1: none. */
  readonly ports = new Int32Array(2 * MAX_FLOWS);
  readonly protocols = new Uint8Array(MAX_FLOWS);
  /** Flow number; 0: the place is free. */
  readonly #places = new Uint16Array(PLACES);
  readonly #arp = new Uint32Array(8).fill(MAPPED_PREFIX);

  /** @param maxBlocks what the file can hold */
  constructor(maxBlocks: number) {
    this.offsets = new Uint32Array(maxBlocks);
    this.flowOf = new Uint16Array(maxBlocks);
    for (const word of [0, 1, 4, 5]) this.#arp[word] = 0;
  }

  clear(): void {
    this.blocks = 0;
    this.flows = 1;
    this.firstMicros = Number.POSITIVE_INFINITY;
    this.lastMicros = Number.NEGATIVE_INFINITY;
    this.#places.fill(0);
  }

  /** Notes a piece of the file that every reader must see, such as an interface's description. */
  addBlock(offset: number): void {
    this.#add(offset, ANY_FLOW);
  }

  /** Notes the packet of `row` whose block begins at `offset`. */
  addPacket(batch: PacketBatch, row: number, offset: number): void {
    const tsMicros = batch.tsMicros[row]!;
    if (tsMicros < this.firstMicros) this.firstMicros = tsMicros;
    if (tsMicros > this.lastMicros) this.lastMicros = tsMicros;
    if ((batch.appEvents[row]! & AppEvent.IP_FRAGMENT) !== 0) {
      this.#add(offset, ANY_FLOW);
      return;
    }
    const protocol = batch.protocol[row]!;
    if (protocol === Protocol.ARP && batch.arpOp[row]! >= 0) {
      const words = this.#arp;
      words[3] = batch.arpPsrc[row]!;
      words[7] = batch.arpPdst[row]!;
      this.#add(offset, this.#flowOf(words, 0, words, 4, -1, -1, protocol));
      return;
    }
    const { src, dst } = batch;
    const at = 4 * row;
    const srcPort = batch.srcPort[row]!;
    const dstPort = batch.dstPort[row]!;
    this.#add(offset, this.#flowOf(src, at, dst, at, srcPort, dstPort, protocol));
  }

  #add(offset: number, flow: number): void {
    const block = this.blocks++;
    this.offsets[block] = offset;
    this.flowOf[block] = flow;
  }

  #flowOf(
    src: Uint32Array,
    srcAt: number,
    dst: Uint32Array,
    dstAt: number,
    srcPort: number,
    dstPort: number,
    protocol: number,
  ): number {
    // Added, so that both directions hash alike.
    const ends = endpointHash(src, srcAt, srcPort) + endpointHash(dst, dstAt, dstPort);
    let place = mix32(ends ^ Math.imul(protocol + 1, 0x9e3779b1)) & (PLACES - 1);
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const flow = this.#places[place]!;
      if (flow === 0) {
        if (this.flows === MAX_FLOWS) return ANY_FLOW;
        this.#places[place] = this.flows;
        return this.#begin(src, srcAt, dst, dstAt, srcPort, dstPort, protocol);
      }
      if (
        this.protocols[flow] === protocol &&
        (this.#isFlow(flow, src, srcAt, srcPort, dst, dstAt, dstPort) ||
          this.#isFlow(flow, dst, dstAt, dstPort, src, srcAt, srcPort))
      )
        return flow;
      place = (place + 1) & (PLACES - 1);
    }
    return ANY_FLOW;
  }

  #begin(
    src: Uint32Array,
    srcAt: number,
    dst: Uint32Array,
    dstAt: number,
    srcPort: number,
    dstPort: number,
    protocol: number,
  ): number {
    const flow = this.flows++;
    const { addresses, ports } = this;
    for (let word = 0; word < 4; word++) {
      addresses[8 * flow + word] = src[srcAt + word]!;
      addresses[8 * flow + 4 + word] = dst[dstAt + word]!;
    }
    ports[2 * flow] = srcPort;
    ports[2 * flow + 1] = dstPort;
    this.protocols[flow] = protocol;
    return flow;
  }

  #isFlow(
    flow: number,
    one: Uint32Array,
    oneAt: number,
    onePort: number,
    other: Uint32Array,
    otherAt: number,
    otherPort: number,
  ): boolean {
    const { addresses, ports } = this;
    const at = 8 * flow;
    return (
      ports[2 * flow] === onePort &&
      ports[2 * flow + 1] === otherPort &&
      addresses[at + 3] === one[oneAt + 3] &&
      addresses[at + 7] === other[otherAt + 3] &&
      addresses[at + 2] === one[oneAt + 2] &&
      addresses[at + 6] === other[otherAt + 2] &&
      addresses[at + 1] === one[oneAt + 1] &&
      addresses[at + 5] === other[otherAt + 1] &&
      addresses[at] === one[oneAt] &&
      addresses[at + 4] === other[otherAt]
    );
  }
}
