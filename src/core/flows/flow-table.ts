/**
 * The flow table: every packet with an IP header belongs to one bidirectional flow.
 *
 * Open addressing over columns, no string keys and no allocation per packet. After `observe` the
 * public fields say what the packet was to its flow; they are overwritten by the next call. Flows
 * end by close, idleness, age, eviction or `flush`, all by packet time, and become a `FlowRecord`
 * only then.
 *
 * Who is the originator: the sender of the first SYN; without one the sender of the first packet,
 * unless only its port is a server's (then the roles are exchanged and history begins with `^`);
 * and a request line or ClientHello shows the client whatever was guessed.
 *
 * Bound: `maxFlows` flows of at most 400 bytes, and the TLS and SSH names of those that have any.
 * A full table gives up the flow longest silent, half-open TCP first (`FlowList`), and counts it.
 */
import type { FlowRecord } from '../../contract/flow.ts';
import { AppEvent, type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { loadColumns, saveColumns } from '../state/columns-state.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { icmpCounterpart } from '../wire/icmp-pairs.ts';
import { TcpFlag } from '../wire/tcp.ts';
import { FlowBit, FlowColumns, NEVER } from './flow-columns.ts';
import { endpointHash, flowId, mix32, textHash } from './flow-hash.ts';
import { FLOW_LISTS, FlowList, FlowLists } from './flow-lists.ts';
import { type EndReason, type FlowTexts, flowRecord } from './flow-record.ts';
import { flipHistory, noteDatagram } from './history.ts';
import { isGroup, isServerSpeakingFirst } from './originator.ts';
import { SSH, serviceSeen } from './services.ts';
import { measureSide } from './side-measurements.ts';
import { SlotIndex } from './slot-index.ts';
import { TcpState } from './tcp-state.ts';
import { newSegmentFacts, trackSegment } from './tcp-tracking.ts';
import { TimeJump } from './time-jump.ts';

const INITIAL_CAPACITY = 4096;
/** Time-outs are looked at when packet time passes a multiple of this. */
export const SWEEP_MICROS = 100_000;
const SECOND = 1_000_000;

export interface FlowTableOptions {
  readonly sensorId: string;
  /** Called once for every flow that ends. */
  readonly onEnd: (flow: FlowRecord) => void;
  readonly maxFlows?: number;
  /** Idle seconds after which TCP without a handshake ends. */
  readonly embryonicSeconds?: number;
  /** Idle seconds after which an open TCP connection ends. */
  readonly tcpIdleSeconds?: number;
  /** Idle seconds after which other flows end. */
  readonly datagramIdleSeconds?: number;
  /** Seconds a closed connection waits for trailing packets. */
  readonly closedSeconds?: number;
  /** Age in seconds, at most 4,000, at which a flow is reported and begun anew. */
  readonly activeSeconds?: number;
  /** Whether the same addresses and ports in two VLANs are two flows. */
  readonly isVlanInKey?: boolean;
}

export interface FlowCounters {
  packets: number;
  /** Packets without IP header: they have no flow. */
  packetsWithoutFlow: number;
  created: number;
  ended: number;
  evicted: number;
  /** Of `evicted`: without a handshake. */
  evictedEmbryonic: number;
}

export class FlowTable {
  readonly counters: FlowCounters = {
    packets: 0,
    packetsWithoutFlow: 0,
    created: 0,
    ended: 0,
    evicted: 0,
    evictedEmbryonic: 0,
  };

  /** The packet began its flow. */
  isNew = false;
  /** The packet began a conversation: a UDP flow, or TCP by a segment without ACK and RST (SYN and stealth probes). */
  isConnectionAttempt = false;
  isFromOriginator = false;
  /** The connection opened with this packet: handshake complete, or met in mid-stream. */
  justEstablished = false;
  /** The three-way handshake was completed by this packet. */
  justValidated = false;
  /** Sent by who the handshake showed: it was completed, and the segment knows its sequence numbers. */
  isProven = false;
  /** Payload that was already sent, or came out of order. */
  isRetransmission = false;
  /** The connection ended with this packet: FIN from both sides, or RST. */
  justClosed = false;
  /** The headers of an HTTP request that was begun in this packet or before it end in this packet. */
  justCompletedRequest = false;

  readonly #sensorId: string;
  readonly #sensorHash: number;
  readonly #onEnd: (flow: FlowRecord) => void;
  readonly #maxFlows: number;
  readonly #timeouts: Float64Array;
  readonly #activeMicros: number;
  readonly #isVlanInKey: boolean;

  #flows: FlowColumns;
  readonly #index: SlotIndex;
  /** Slots that the index has room for. */
  #indexed: number;
  readonly #lists: FlowLists;
  readonly #texts = new Map<number, FlowTexts>();
  readonly #free: number[] = [];
  #used = 0;
  /** Latest packet time. */
  #clock = 0;
  /** Time of the current packet; of one with a broken timestamp, the clock's. */
  #now = 0;
  #nextSweep = 0;
  readonly #jump = new TimeJump();
  readonly #segment = newSegmentFacts();

  constructor(options: FlowTableOptions) {
    this.#sensorId = options.sensorId;
    this.#sensorHash = textHash(options.sensorId);
    this.#onEnd = options.onEnd;
    this.#maxFlows = options.maxFlows ?? 262_144;
    this.#activeMicros = Math.min(options.activeSeconds ?? 1800, 4000) * SECOND;
    this.#isVlanInKey = options.isVlanInKey ?? false;
    this.#timeouts = new Float64Array(FLOW_LISTS);
    const datagram = options.datagramIdleSeconds ?? 60;
    this.#timeouts[FlowList.EMBRYONIC] = (options.embryonicSeconds ?? 10) * SECOND;
    this.#timeouts[FlowList.ONE_SIDED] = datagram * SECOND;
    this.#timeouts[FlowList.CLOSED] = (options.closedSeconds ?? 5) * SECOND;
    this.#timeouts[FlowList.TWO_SIDED] = datagram * SECOND;
    this.#timeouts[FlowList.ESTABLISHED] = (options.tcpIdleSeconds ?? 300) * SECOND;
    const capacity = Math.min(INITIAL_CAPACITY, this.#maxFlows);
    this.#flows = new FlowColumns(capacity);
    this.#index = new SlotIndex(capacity);
    this.#indexed = capacity;
    this.#lists = new FlowLists(capacity);
  }

  /** Flows in the table. */
  get size(): number {
    return this.#used - this.#free.length;
  }

  get capacity(): number {
    return this.#flows.capacity;
  }

  /** µs since the epoch: the latest time that was believed. */
  get clockMicros(): number {
    return this.#clock;
  }

  /** µs since the epoch: the time of the last packet observed; where that was broken, the clock's. */
  get nowMicros(): number {
    return this.#now;
  }

  /** Takes in one packet; returns its flow's slot, or -1 where it has none. */
  observe(batch: PacketBatch, row: number): number {
    const ts = batch.tsMicros[row]!;
    if (!this.#jump.isCredible(ts)) return this.observeAt(batch, row, this.#clock, this.#clock);
    this.advance(ts);
    return this.observeAt(batch, row, ts, this.#clock);
  }

  /** The same where somebody else keeps the clock, says what the packet's time is, and calls `advance` when it should. */
  observeAt(batch: PacketBatch, row: number, nowMicros: number, clockMicros: number): number {
    this.#now = nowMicros;
    this.#clock = clockMicros;
    this.counters.packets++;
    this.isNew = false;
    this.isConnectionAttempt = false;
    this.isFromOriginator = true;
    this.justEstablished = false;
    this.justValidated = false;
    this.isProven = false;
    this.isRetransmission = false;
    this.justClosed = false;
    this.justCompletedRequest = false;
    if (batch.ipVersion[row] === 0) {
      this.counters.packetsWithoutFlow++;
      return -1;
    }
    const slot = this.#slotOf(batch, row);
    this.#measure(batch, row, slot);
    return slot;
  }

  /** Ends what has timed out by `tsMicros`, in the order of their first packets. Time that runs backwards is ignored. */
  advance(tsMicros: number): void {
    if (tsMicros <= this.#clock) return;
    this.#clock = tsMicros;
    if (tsMicros < this.#nextSweep) return;
    this.#nextSweep = (Math.floor(tsMicros / SWEEP_MICROS) + 1) * SWEEP_MICROS;
    const due: FlowRecord[] = [];
    for (let list = 0; list < FLOW_LISTS; list++) {
      const limit = tsMicros - this.#timeouts[list]!;
      for (;;) {
        const slot = this.#lists.oldest(list);
        if (slot < 0 || this.#heardAt(slot) > limit) break;
        due.push(this.#record(slot, list === FlowList.CLOSED ? 'closed' : 'idle'));
        this.#remove(slot);
      }
    }
    this.counters.ended += due.length;
    for (const flow of due.sort(byFirstPacket)) this.#onEnd(flow);
  }

  /** Ends every flow, in the order of their first packets. */
  flush(): void {
    const slots: number[] = [];
    for (let slot = 0; slot < this.#used; slot++)
      if (this.#lists.listOf(slot) >= 0) slots.push(slot);
    const { firstSeen, id } = this.#flows;
    slots.sort((a, b) => firstSeen[a]! - firstSeen[b]! || id[a]! - id[b]!);
    for (const slot of slots)
      this.#end(slot, this.#lists.listOf(slot) === FlowList.CLOSED ? 'closed' : 'flushed');
  }

  // Of the flow in a slot, as of the last packet observed.

  flowId(slot: number): number {
    return this.#flows.id[slot]!;
  }

  /** µs since the epoch. */
  firstSeen(slot: number): number {
    return this.#flows.firstSeen[slot]!;
  }

  /** µs since the epoch at which the connection opened; Infinity: it has not. */
  openedAt(slot: number): number {
    const after = this.#flows.openedAfter[slot]!;
    return after === NEVER ? Number.POSITIVE_INFINITY : this.#flows.firstSeen[slot]! + after;
  }

  /** µs since the epoch at which the connection ended; Infinity: it has not. */
  closedAt(slot: number): number {
    const after = this.#flows.closedAfter[slot]!;
    return after === NEVER ? Number.POSITIVE_INFINITY : this.#flows.firstSeen[slot]! + after;
  }

  /** A three-way handshake was seen in both directions: the originator is who it says. */
  isValidated(slot: number): boolean {
    return (this.#flows.bits[slot]! & FlowBit.VALIDATED) !== 0;
  }

  /** Both sides have sent something. */
  isAnswered(slot: number): boolean {
    return this.#flows.packets[2 * slot]! > 0 && this.#flows.packets[2 * slot + 1]! > 0;
  }

  /** Who opened it was guessed wrongly at first, and mended: at most once, for it takes a side that had not spoken. */
  isExchanged(slot: number): boolean {
    return (this.#flows.bits[slot]! & FlowBit.EXCHANGED) !== 0;
  }

  /** An HTTP request was begun and its headers have not ended. */
  isHttpPartial(slot: number): boolean {
    return (this.#flows.bits[slot]! & FlowBit.HTTP_PARTIAL) !== 0;
  }

  /** Its content is SSH's. */
  isSsh(slot: number): boolean {
    return this.#flows.service[slot] === SSH;
  }

  packetsOf(slot: number): number {
    return this.#flows.packets[2 * slot]! + this.#flows.packets[2 * slot + 1]!;
  }

  packetsFwd(slot: number): number {
    return this.#flows.packets[2 * slot]!;
  }

  packetsBwd(slot: number): number {
    return this.#flows.packets[2 * slot + 1]!;
  }

  bytesFwd(slot: number): number {
    return this.#flows.bytes[2 * slot]!;
  }

  bytesBwd(slot: number): number {
    return this.#flows.bytes[2 * slot + 1]!;
  }

  payloadFwd(slot: number): number {
    return this.#flows.payload[2 * slot]!;
  }

  payloadBwd(slot: number): number {
    return this.#flows.payload[2 * slot + 1]!;
  }

  /** SYNs without ACK of the originator. */
  attempts(slot: number): number {
    return this.#flows.attempts[slot]!;
  }

  originatorPort(slot: number): number {
    return this.#flows.port[2 * slot]!;
  }

  responderPort(slot: number): number {
    return this.#flows.port[2 * slot + 1]!;
  }

  /** `TcpState` of a side, 0 the originator, 1 the responder. */
  state(slot: number, side: 0 | 1): number {
    return this.#flows.state[2 * slot + side]!;
  }

  /** The record the flow would become if it ended now. */
  snapshot(slot: number): FlowRecord {
    return this.#record(slot, 'flushed');
  }

  #slotOf(batch: PacketBatch, row: number): number {
    const protocol = batch.protocol[row]!;
    let srcPort = batch.srcPort[row]!;
    let dstPort = batch.dstPort[row]!;
    let isOneWay = false;
    const icmpType = batch.icmpType[row]!;
    if (icmpType >= 0) {
      const counterpart = icmpCounterpart(icmpType, protocol === Protocol.ICMPv6);
      isOneWay = counterpart < 0;
      srcPort = icmpType;
      dstPort = isOneWay ? batch.icmpCode[row]! : counterpart;
    }
    const vlan = this.#isVlanInKey ? batch.vlan[row]! : -1;
    const ends =
      endpointHash(batch.src, 4 * row, srcPort) + endpointHash(batch.dst, 4 * row, dstPort);
    const kind = batch.ipProtocol[row]! + 256 * (vlan + 2) + (tunnelBit(batch, row) << 12);
    const hash = mix32(ends ^ Math.imul(kind, 0x9e3779b1));
    const slot = this.#find(batch, row, hash, srcPort, dstPort, isOneWay);
    if (slot >= 0) {
      if (!this.#isOver(batch, row, slot)) return slot;
      this.#end(slot, 'closed');
    }
    return this.#create(batch, row, hash, srcPort, dstPort, isOneWay);
  }

  /** Sets `isFromOriginator` when it finds the flow. */
  #find(
    batch: PacketBatch,
    row: number,
    hash: number,
    srcPort: number,
    dstPort: number,
    isOneWay: boolean,
  ): number {
    const flows = this.#flows;
    const index = this.#index;
    const number = batch.ipProtocol[row]!;
    const tunnelled = tunnelBit(batch, row);
    for (let at = index.first(hash); ; at = index.next(at)) {
      const slot = index.slotAt(at);
      if (slot < 0) return -1;
      if (flows.hash[slot] !== hash || flows.ipProtocol[slot] !== number) continue;
      if ((flows.bits[slot]! & FlowBit.TUNNELLED) !== tunnelled) continue;
      if (this.#isVlanInKey && flows.vlan[slot] !== batch.vlan[row]) continue;
      const originator = 8 * slot;
      if (
        flows.port[2 * slot] === srcPort &&
        flows.port[2 * slot + 1] === dstPort &&
        sameAddress(flows.address, originator, batch.src, 4 * row) &&
        sameAddress(flows.address, originator + 4, batch.dst, 4 * row)
      ) {
        this.isFromOriginator = true;
        return slot;
      }
      if (
        !isOneWay &&
        flows.port[2 * slot] === dstPort &&
        flows.port[2 * slot + 1] === srcPort &&
        sameAddress(flows.address, originator, batch.dst, 4 * row) &&
        sameAddress(flows.address, originator + 4, batch.src, 4 * row)
      ) {
        this.isFromOriginator = false;
        return slot;
      }
    }
  }

  /**
   * The packet opens another connection between the same ports: a SYN after a close, with another
   * sequence number than the first or after a RST (some hosts try again with the same number).
   */
  #isOver(batch: PacketBatch, row: number, slot: number): boolean {
    const flows = this.#flows;
    const flags = batch.tcpFlags[row]!;
    const control = TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST;
    if (flags < 0 || (flags & control) !== TcpFlag.SYN) return false;
    const closed = FlowBit.ORIGINATOR_CLOSED | FlowBit.RESPONDER_CLOSED;
    if (!(flows.bits[slot]! & closed)) return false;
    const side = 2 * slot + (this.isFromOriginator ? 0 : 1);
    const isReset =
      flows.state[side] === TcpState.RESET || flows.state[side ^ 1] === TcpState.RESET;
    return isReset || batch.seq[row] !== flows.startSeq[side];
  }

  #create(
    batch: PacketBatch,
    row: number,
    hash: number,
    srcPort: number,
    dstPort: number,
    isOneWay: boolean,
  ): number {
    const slot = this.#takeSlot();
    const flows = this.#flows;
    const protocol = batch.protocol[row]!;
    const flags = batch.tcpFlags[row]!;
    flows.clear(slot);
    let bits: number = (isOneWay ? FlowBit.ONE_WAY : 0) | tunnelBit(batch, row);
    if (flags >= 0 && (flags & (TcpFlag.SYN | TcpFlag.ACK)) !== TcpFlag.SYN)
      bits |= FlowBit.PARTIAL;
    const isFlipped =
      isServerSpeakingFirst(protocol, flags, srcPort, dstPort) && !isGroup(batch.dst, 4 * row);
    const originator = 2 * slot + (isFlipped ? 1 : 0);
    const responder = originator ^ 1;
    for (let word = 0; word < 4; word++) {
      flows.address[4 * originator + word] = batch.src[4 * row + word]!;
      flows.address[4 * responder + word] = batch.dst[4 * row + word]!;
    }
    flows.port[originator] = srcPort;
    flows.port[responder] = dstPort;
    flows.mac[originator] = batch.srcMac[row]!;
    flows.mac[responder] = batch.dstMac[row]!;
    flows.hash[slot] = hash;
    flows.protocol[slot] = protocol;
    flows.ipProtocol[slot] = batch.ipProtocol[row]!;
    flows.ipVersion[slot] = batch.ipVersion[row]!;
    flows.vlan[slot] = batch.vlan[row]!;
    flows.bits[slot] = bits;
    if (isFlipped) flipHistory(flows, slot);
    this.#index.add(hash, slot);
    this.#begin(slot, this.#now);
    this.isFromOriginator = !isFlipped;
    this.isNew = true;
    this.isConnectionAttempt =
      protocol === Protocol.UDP || (flags >= 0 && (flags & (TcpFlag.ACK | TcpFlag.RST)) === 0);
    return slot;
  }

  /** Starts the flow's own time, and with it its id. */
  #begin(slot: number, tsMicros: number): void {
    const flows = this.#flows;
    flows.firstSeen[slot] = tsMicros;
    flows.lastSeen[slot] = tsMicros;
    flows.id[slot] = flowId(
      this.#sensorHash,
      flows.address,
      8 * slot,
      8 * slot + 4,
      flows.port[2 * slot]!,
      flows.port[2 * slot + 1]!,
      // The same conversation in a tunnel and beside it are two.
      flows.protocol[slot]! + (flows.bits[slot]! & FlowBit.TUNNELLED),
      tsMicros,
    );
    this.counters.created++;
  }

  #takeSlot(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used === this.#flows.capacity && this.#used < this.#maxFlows) {
      // All at once: memory that is not touched costs nothing, and no step copies what the one before it copied.
      this.#flows = this.#flows.grown(this.#maxFlows);
      this.#lists.grow(this.#maxFlows);
    }
    if (this.#used < this.#flows.capacity) {
      if (this.#used === this.#indexed) this.#growIndex(2 * this.#indexed, this.#used);
      return this.#used++;
    }
    for (let list = 0; list < FLOW_LISTS; list++) {
      const slot = this.#lists.oldest(list);
      if (slot < 0) continue;
      this.counters.evicted++;
      if (list === FlowList.EMBRYONIC) this.counters.evictedEmbryonic++;
      this.#end(slot, 'evicted');
      break;
    }
    const evicted = this.#free.pop();
    if (evicted === undefined) throw new RangeError('Cannot hold a flow: maxFlows is 0');
    return evicted;
  }

  /** Step by step, unlike the columns: all of it is read, so it should be as small as it can. */
  #growIndex(capacity: number, used: number): void {
    this.#indexed = Math.min(capacity, this.#flows.capacity);
    this.#index.grow(this.#indexed, used, this.#flows.hash);
  }

  #measure(batch: PacketBatch, row: number, slot: number): void {
    const flows = this.#flows;
    const ts = this.#now;
    if (ts - flows.firstSeen[slot]! >= this.#activeMicros) this.#beginAnew(slot, ts);
    const after = Math.max(0, ts - flows.firstSeen[slot]!);
    let side = 2 * slot + (this.isFromOriginator ? 0 : 1);
    if (batch.tcpFlags[row]! >= 0) side = this.#track(batch, row, slot, side, after);
    else noteOther(flows, side);
    measureSide(flows, side, batch, row, after);
    this.#noteContent(batch, row, slot, side);
    if (ts > flows.lastSeen[slot]!) flows.lastSeen[slot] = ts;
    if (this.isRetransmission) flows.retransmissions[slot] = flows.retransmissions[slot]! + 1;
    flows.heardAfterMs[slot] =
      Math.ceil(this.#clock / 1000) - Math.floor(flows.firstSeen[slot]! / 1000);
    this.#lists.touch(slot, this.#listFor(slot));
  }

  #track(batch: PacketBatch, row: number, slot: number, side: number, after: number): number {
    const flows = this.#flows;
    const segment = this.#segment;
    trackSegment(flows, slot, side, batch, row, after, segment);
    let now = side;
    if (segment.isReversed || this.#isClientSpeaking(batch, row, slot, side)) {
      this.#exchangeRoles(slot);
      now = side ^ 1;
    }
    this.justEstablished = segment.justEstablished;
    this.justValidated = segment.justValidated;
    this.isProven = segment.isProven;
    this.isRetransmission = segment.isRetransmission;
    if (flows.closedAfter[slot] === NEVER && isClosed(flows, slot)) {
      flows.closedAfter[slot] = after;
      this.justClosed = true;
    }
    return now;
  }

  /** The side taken for the server of a connection met in mid-stream sends what only clients send. */
  #isClientSpeaking(batch: PacketBatch, row: number, slot: number, side: number): boolean {
    const events = batch.appEvents[row]!;
    if (!(events & (AppEvent.HTTP_REQUEST | AppEvent.TLS_CLIENT_HELLO))) return false;
    return (side & 1) === 1 && (this.#flows.bits[slot]! & FlowBit.PARTIAL) !== 0;
  }

  #exchangeRoles(slot: number): void {
    this.#flows.swapSides(slot);
    const exchanged = (this.#flows.bits[slot]! | FlowBit.EXCHANGED) & ~FlowBit.PARTIAL;
    this.#flows.bits[slot] = exchanged;
    flipHistory(this.#flows, slot);
    this.isFromOriginator = !this.isFromOriginator;
  }

  #noteContent(batch: PacketBatch, row: number, slot: number, side: number): void {
    const flows = this.#flows;
    const events = batch.appEvents[row]!;
    if (flows.service[slot] === 0) flows.service[slot] = serviceSeen(batch, row);
    if ((side & 1) === 0 && batch.payloadBytes[row]! > 0 && Number.isNaN(flows.entropy[slot]!))
      flows.entropy[slot] = batch.payloadEntropy[row]!;
    if (events !== 0) {
      let bits = flows.bits[slot]!;
      if (events & AppEvent.HTTP_REQUEST) bits |= FlowBit.HTTP_PARTIAL;
      this.justCompletedRequest =
        (bits & FlowBit.HTTP_PARTIAL) !== 0 && (events & AppEvent.HTTP_HEADERS_END) !== 0;
      if (events & (AppEvent.HTTP_HEADERS_END | AppEvent.HTTP_RESPONSE))
        bits &= ~FlowBit.HTTP_PARTIAL;
      flows.bits[slot] = bits;
    }
    if (batch.tlsSni.codes[row]! >= 0 || batch.ja4.codes[row]! >= 0 || batch.hassh.codes[row]! >= 0)
      this.#noteTexts(batch, row, slot);
  }

  #noteTexts(batch: PacketBatch, row: number, slot: number): void {
    const known = this.#texts.get(slot);
    this.#texts.set(slot, {
      tlsSni: known?.tlsSni ?? batch.tlsSni.get(row),
      ja4: known?.ja4 ?? batch.ja4.get(row),
      hassh: known?.hassh ?? batch.hassh.get(row),
    });
  }

  /** µs since the epoch, a whole millisecond. The lists are in its order, whatever the order of the packets' times. */
  #heardAt(slot: number): number {
    const flows = this.#flows;
    return 1000 * (Math.floor(flows.firstSeen[slot]! / 1000) + flows.heardAfterMs[slot]!);
  }

  #listFor(slot: number): number {
    const flows = this.#flows;
    if (flows.closedAfter[slot] !== NEVER) return FlowList.CLOSED;
    if (flows.protocol[slot] === Protocol.TCP)
      return flows.openedAfter[slot] === NEVER ? FlowList.EMBRYONIC : FlowList.ESTABLISHED;
    const isTwoSided = flows.packets[2 * slot]! > 0 && flows.packets[2 * slot + 1]! > 0;
    return isTwoSided ? FlowList.TWO_SIDED : FlowList.ONE_SIDED;
  }

  /** Reports a flow that has lasted for the active time-out; its connection goes on under a new id. */
  #beginAnew(slot: number, tsMicros: number): void {
    const flows = this.#flows;
    this.#emit(slot, 'active');
    if (flows.openedAfter[slot] !== NEVER) flows.openedAfter[slot] = 0;
    if (flows.closedAfter[slot] !== NEVER) flows.closedAfter[slot] = 0;
    flows.clearMeasurements(slot);
    this.#begin(slot, tsMicros);
  }

  #end(slot: number, reason: EndReason): void {
    this.#emit(slot, reason);
    this.#remove(slot);
  }

  #remove(slot: number): void {
    this.#lists.remove(slot);
    this.#index.remove(slot, this.#flows.hash);
    this.#texts.delete(slot);
    this.#free.push(slot);
  }

  #emit(slot: number, reason: EndReason): void {
    this.counters.ended++;
    this.#onEnd(this.#record(slot, reason));
  }

  #record(slot: number, reason: EndReason): FlowRecord {
    return flowRecord(this.#flows, slot, this.#sensorId, reason, this.#texts.get(slot));
  }

  save(writer: StateWriter): void {
    writer.number(this.#used);
    saveColumns(writer, this.#flows, this.#used, this.#flows.capacity);
    this.#lists.save(writer, this.#used);
    writer.numbers(this.#free);
    writer.map(this.#texts);
    writer.json(this.counters);
    writer.number(this.#clock);
    writer.number(this.#nextSweep);
    this.#jump.save(writer);
  }

  /** Into a new table with the same options. */
  load(reader: StateReader): void {
    const used = reader.count(this.#maxFlows);
    let { capacity } = this.#flows;
    while (capacity < used) capacity = Math.min(2 * capacity, this.#maxFlows);
    this.#flows = new FlowColumns(capacity);
    this.#lists.grow(capacity);
    this.#used = used;
    loadColumns(reader, this.#flows, used, capacity);
    this.#lists.load(reader);
    this.#growIndex(capacity, 0);
    for (let slot = 0; slot < used; slot++)
      if (this.#lists.listOf(slot) >= 0) this.#index.add(this.#flows.hash[slot]!, slot);
    for (const slot of reader.numbers()) this.#free.push(slot);
    reader.map(this.#texts);
    Object.assign(this.counters, reader.json() as FlowCounters);
    this.#clock = reader.number();
    this.#nextSweep = reader.number();
    this.#jump.load(reader);
  }
}

function tunnelBit(batch: PacketBatch, row: number): number {
  return batch.outerIpVersion[row] === 0 ? 0 : FlowBit.TUNNELLED;
}

function sameAddress(a: Uint32Array, i: number, b: Uint32Array, j: number): boolean {
  // The last word differs most often.
  return a[i + 3] === b[j + 3] && a[i + 2] === b[j + 2] && a[i + 1] === b[j + 1] && a[i] === b[j];
}

/** The order in which flows that end together are told of, whoever held them. */
export function byFirstPacket(a: FlowRecord, b: FlowRecord): number {
  return a.firstSeenMicros - b.firstSeenMicros || a.id - b.id;
}

/** FIN from both sides, a RST, or the FIN of a side that never heard of the other. */
function isClosed(flows: FlowColumns, slot: number): boolean {
  const originator = flows.state[2 * slot]!;
  const responder = flows.state[2 * slot + 1]!;
  if (originator === TcpState.RESET || responder === TcpState.RESET) return true;
  if (originator === TcpState.CLOSED)
    return responder === TcpState.CLOSED || responder === TcpState.INACTIVE;
  return responder === TcpState.CLOSED && originator === TcpState.INACTIVE;
}

function noteOther(flows: FlowColumns, side: number): void {
  if (flows.protocol[side >> 1] === Protocol.UDP) noteDatagram(flows, side);
}
