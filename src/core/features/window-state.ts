/**
 * One window while it is open: everything its rows will need, in a form that merges. Merging two
 * states gives the state of the packets of both, whichever way they were divided.
 *
 * Which packets and connections count for a row:
 *  - network: all of them;
 *  - source: packets the entity sent. Received by it, but counted here: SYN-ACKs, DNS responses, and
 *    refusals of its log-ins. Connections: those it opened;
 *  - target: packets the entity received, and of what it answered: the SYN-ACKs to the SYNs it was
 *    sent, and its refusals of others' log-ins. Connections: those made to it.
 * ARP counts for the network and for the sender's MAC. A row exists only for an entity that sent
 * (source) or received (target) a packet in the window.
 *
 * "New connection" is a flow that begins with a UDP packet or with a TCP segment that has neither ACK
 * nor RST. Connection features speak of TCP; both directions' bytes count for `bytes_per_conn`.
 */
import { AppEvent, type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { mix32, textHash } from '../flows/flow-hash.ts';
import type { FlowTable } from '../flows/flow-table.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { TcpFlag } from '../wire/tcp.ts';
import { ArpOp, type ArpWatch } from './arp-watch.ts';
import { ConnBit, ConnTable } from './conn-table.ts';
import { DistinctCounts, maxRestarts } from './distinct-counts.ts';
import { EntityAdmission } from './entity-admission.ts';
import { EntityTable, NETWORK_ROW, sourceRow, targetRow } from './entity-table.ts';
import { mergeEntities } from './merge-entities.ts';
import { entropyMillionths } from './name-entropy.ts';
import { subdomainLength } from './registered-domain.ts';
import { COUNTS, Count, Fact, PortMark, SUMS, Sum, WindowCounts } from './window-counts.ts';

export interface WindowLimits {
  /** Addresses and MACs per window. */
  readonly maxEntities: number;
  readonly maxConnections: number;
  /** Distinct facts per window, over all rows. */
  readonly maxFacts: number;
}

export const WINDOW_LIMITS: WindowLimits = {
  maxEntities: 16_384,
  maxConnections: 262_144,
  maxFacts: 1_048_576,
};

const HIGH_ENTROPY_MILLIONTHS = 3_500_000;
const TYPE_TXT = 16;
const FTP_NOT_LOGGED_IN = 530;

export class WindowState {
  /** µs since the epoch, inclusive. */
  startMicros = 0;
  /** Packets that belonged here and are not counted: dropped, late, or of evicted flows. */
  lost = 0;
  /** Packets whose sender or receiver had no row. */
  entityOverflow = 0;
  readonly entities: EntityTable;
  /** Who has a row where there are more addresses than rows. */
  readonly admission: EntityAdmission;
  readonly conns: ConnTable;
  readonly distinct: DistinctCounts;
  readonly rows = new WindowCounts();
  /** Row of the connection table by slot of the flow table; to be checked by id. */
  #connOfSlot = new Int32Array(0);
  #valueA = 0;
  #valueB = 0;
  /** The entities of the packet being counted. */
  #src = -1;
  #dst = -1;

  constructor(limits: WindowLimits) {
    const maxRows = 2 * limits.maxEntities + 1;
    this.entities = new EntityTable(limits.maxEntities, maxRestarts(maxRows));
    this.admission = new EntityAdmission(limits.maxEntities);
    this.conns = new ConnTable(limits.maxConnections);
    this.distinct = new DistinctCounts(limits.maxFacts, maxRows);
    this.rows.grow(2 * this.entities.capacity + 1);
  }

  /** Empties the state for the window that starts at `startMicros`; memory stays. */
  reset(startMicros: number): void {
    this.startMicros = startMicros;
    this.lost = 0;
    this.entityOverflow = 0;
    this.rows.clear(2 * this.entities.length + 1);
    this.entities.clear();
    this.admission.clear();
    this.conns.clear();
    this.distinct.clear();
  }

  /** Counts one packet. `flows` has just observed it, into `slot`; `arp` too, if it is ARP. */
  observe(batch: PacketBatch, row: number, flows: FlowTable, slot: number, arp: ArpWatch): void {
    const isIp = batch.ipVersion[row] !== 0;
    this.#src = -1;
    this.#dst = -1;
    const conn = isIp ? this.#connOf(batch, row, flows, slot) : -1;
    if (!isIp && batch.arpOp[row]! >= 0 && batch.arpHwsrc[row]! >= 0)
      this.#src = this.#roomFor(this.entities.ofMac(batch.arpHwsrc[row]!), true, -1);
    const src = this.#src;
    const dst = this.#dst;
    if (isIp && (src < 0 || dst < 0)) this.entityOverflow++;
    const from = sourceRow(src);
    const to = targetRow(dst);
    this.#countPacket(NETWORK_ROW, batch, row);
    this.#countPacket(from, batch, row);
    this.#countPacket(to, batch, row);
    if (isIp) this.#countIp(batch, row, flows, slot, conn, src, dst);
    else if (batch.arpOp[row]! >= 0) this.#countArp(batch, row, from, arp);
  }

  /** Adds another state. `startMicros` stays. */
  merge(other: WindowState): void {
    this.#mergeRest(other, mergeEntities(this, other));
    this.entityOverflow += other.entityOverflow;
  }

  /** Adds what another state knows of the network, and nothing of its entities. */
  mergeNetwork(other: WindowState): void {
    this.rows.absorb(NETWORK_ROW, other.rows, NETWORK_ROW);
    this.#mergeRest(other, new Int32Array(other.entities.length).fill(-1));
  }

  /** `entityOf[e]` is the number here of its entity `e`, or -1. */
  #mergeRest(other: WindowState, entityOf: Int32Array): void {
    const rowOf = new Int32Array(2 * entityOf.length + 1);
    rowOf[NETWORK_ROW] = NETWORK_ROW;
    for (let entity = 0; entity < entityOf.length; entity++) {
      rowOf[sourceRow(entity)] = sourceRow(entityOf[entity]!);
      rowOf[targetRow(entity)] = targetRow(entityOf[entity]!);
    }
    this.distinct.absorb(this.rows, other.distinct, other.rows, rowOf);
    this.#mergeConns(other, entityOf);
    this.lost += other.lost;
  }

  #mergeConns({ conns: other, entities }: WindowState, entityOf: Int32Array): void {
    const referenceTo = (theirs: number) => {
      const entity = entities.entityOf(theirs);
      return entity < 0 ? -1 : this.entities.reference(entityOf[entity]!);
    };
    for (let from = 0; from < other.length; from++) {
      const id = other.id[from]!;
      const originator = referenceTo(other.originator[from]!);
      const responder = referenceTo(other.responder[from]!);
      let conn = this.conns.find(id);
      if (conn < 0) {
        conn = this.conns.add(id, originator, responder, other.firstSeen[from]!);
        if (conn >= 0) this.conns.bits[conn] = other.bits[from]!;
      }
      if (conn < 0) this.lost++;
      else this.conns.absorb(conn, other, from, originator, responder);
    }
  }

  /** The connection's row, or -1 where the table is full; sets the packet's entities. */
  #connOf(batch: PacketBatch, row: number, flows: FlowTable, slot: number): number {
    const { conns } = this;
    const id = flows.flowId(slot);
    if (slot >= this.#connOfSlot.length) {
      const grown = new Int32Array(flows.capacity);
      grown.set(this.#connOfSlot);
      this.#connOfSlot = grown;
    }
    let conn = this.#connOfSlot[slot]!;
    if (conn >= conns.length || conns.id[conn] !== id) {
      conn = conns.find(id);
      if (conn < 0) return this.#addConn(batch, row, flows, slot);
      this.#connOfSlot[slot] = conn;
    }
    if (flows.isExchanged(slot) && !(conns.bits[conn]! & ConnBit.EXCHANGED)) conns.exchange(conn);
    const ends = flows.isFromOriginator;
    this.#src = ends ? conns.originator[conn]! : conns.responder[conn]!;
    this.#dst = ends ? conns.responder[conn]! : conns.originator[conn]!;
    // Until then references are the numbers themselves, and everybody has one.
    if (this.admission.isOpen) this.#findEnds(batch, row, flows, conn);
    return conn;
  }

  #addConn(batch: PacketBatch, row: number, flows: FlowTable, slot: number): number {
    const { conns, entities } = this;
    this.#src = this.#senderOf(batch, row, -1);
    this.#dst = this.#receiverOf(batch, row, this.#src);
    const src = entities.reference(this.#src);
    const dst = entities.reference(this.#dst);
    const isForward = flows.isFromOriginator;
    const conn = conns.add(
      flows.flowId(slot),
      isForward ? src : dst,
      isForward ? dst : src,
      flows.firstSeen(slot),
    );
    if (conn < 0) {
      this.lost++;
      return -1;
    }
    if (batch.protocol[row] === Protocol.TCP) conns.bits[conn] = ConnBit.TCP;
    if (flows.isExchanged(slot)) conns.bits[conn]! |= ConnBit.EXCHANGED;
    this.#connOfSlot[slot] = conn;
    return conn;
  }

  /** Turns references into numbers. An end that has none is looked for anew: it may have a row by now, or get one. */
  #findEnds(batch: PacketBatch, row: number, flows: FlowTable, conn: number): void {
    const { conns, entities } = this;
    this.#src = entities.entityOf(this.#src);
    this.#dst = entities.entityOf(this.#dst);
    const missing = (this.#src < 0 ? 1 : 0) + (this.#dst < 0 ? 1 : 0);
    if (missing === 0) return;
    if (this.#src < 0) this.#src = this.#senderOf(batch, row, this.#dst);
    if (this.#dst < 0) this.#dst = this.#receiverOf(batch, row, this.#src);
    const src = entities.reference(this.#src);
    const dst = entities.reference(this.#dst);
    conns.originator[conn] = flows.isFromOriginator ? src : dst;
    conns.responder[conn] = flows.isFromOriginator ? dst : src;
    if ((src < 0 ? 1 : 0) + (dst < 0 ? 1 : 0) < missing) conns.forgetNoted(conn);
  }

  #senderOf(batch: PacketBatch, row: number, pinned: number): number {
    const entity = this.entities.ofAddress(batch.src, 4 * row, batch.ipVersion[row]!);
    return this.#roomFor(entity, true, pinned);
  }

  #receiverOf(batch: PacketBatch, row: number, pinned: number): number {
    const entity = this.entities.ofAddress(batch.dst, 4 * row, batch.ipVersion[row]!);
    return this.#roomFor(entity, false, pinned);
  }

  /** The entity that was found, with rows; where none was, the one whose place the address gets, or -1. */
  #roomFor(entity: number, isSender: boolean, pinned: number): number {
    if (entity < 0) return this.admission.offer(this.entities, this.rows, isSender, pinned);
    this.rows.grow(2 * this.entities.capacity + 1);
    return entity;
  }

  #countPacket(at: number, batch: PacketBatch, row: number): void {
    if (at < 0) return;
    const counts = this.rows.counts;
    const sums = this.rows.sums;
    const c = COUNTS * at;
    const length = batch.wireLength[row]!;
    counts[c + Count.PACKETS]!++;
    sums[SUMS * at + Sum.BYTES]! += length;
    sums[SUMS * at + Sum.BYTE_SQUARES]! += length * length;
    const protocol = batch.protocol[row]!;
    counts[c + Count.PROTOCOLS]! |= 1 << protocol;
    if (batch.ipVersion[row] !== 0) counts[c + Count.IP]!++;
    if (protocol === Protocol.TCP) {
      counts[c + Count.TCP]!++;
      const flags = batch.tcpFlags[row]!;
      if (flags < 0) return;
      if (flags & TcpFlag.ACK) counts[c + Count.ACK]!++;
      else if (flags & TcpFlag.SYN) counts[c + Count.SYN]!++;
    } else if (protocol === Protocol.UDP) {
      counts[c + Count.UDP]!++;
      if (batch.srcPort[row] === 53 || batch.dstPort[row] === 53) counts[c + Count.UDP_53]!++;
    } else if (protocol === Protocol.ICMP || protocol === Protocol.ICMPv6)
      counts[c + Count.ICMP]!++;
    else if (protocol === Protocol.ARP) counts[c + Count.ARP]!++;
  }

  #countIp(
    batch: PacketBatch,
    row: number,
    flows: FlowTable,
    slot: number,
    conn: number,
    src: number,
    dst: number,
  ): void {
    const flags = batch.tcpFlags[row]!;
    if (flags >= 0 && (flags & (TcpFlag.SYN | TcpFlag.ACK)) === (TcpFlag.SYN | TcpFlag.ACK)) {
      this.#add(NETWORK_ROW, Count.SYN_ACK_RECEIVED);
      this.#add(NETWORK_ROW, Count.SYN_ACK_ANSWERING);
      this.#add(sourceRow(dst), Count.SYN_ACK_RECEIVED);
      this.#add(sourceRow(dst), Count.SYN_ACK_ANSWERING);
      this.#add(targetRow(dst), Count.SYN_ACK_RECEIVED);
      this.#add(targetRow(src), Count.SYN_ACK_ANSWERING);
    }
    let marks = 0;
    const noted = flows.isFromOriginator ? ConnBit.FORWARD_NOTED : ConnBit.BACKWARD_NOTED;
    if (conn < 0 || !(this.conns.bits[conn]! & noted)) {
      if (conn >= 0) this.conns.bits[conn]! |= noted;
      this.#noteAddresses(batch, row, sourceRow(src), targetRow(dst));
      marks = batch.protocol[row] === Protocol.UDP ? PortMark.DST | PortMark.UDP : PortMark.DST;
    }
    const port = batch.dstPort[row]!;
    if (flows.isConnectionAttempt && port >= 0) {
      this.#noteAttempt(batch, row, sourceRow(src), targetRow(dst));
      const isUdp = batch.protocol[row] === Protocol.UDP;
      marks |= PortMark.NEW | (isUdp ? PortMark.NEW_UDP : PortMark.NEW_TCP);
    }
    if (marks !== 0 && port >= 0) this.#notePort(sourceRow(src), targetRow(dst), port, marks);
    if (conn >= 0 && flags >= 0) this.#noteConnection(batch, row, flows, slot, conn);
    if (batch.dnsQuery[row]! >= 0) this.#countDns(batch, row, src, dst);
    if (batch.appEvents[row] !== 0 || batch.httpStatus[row]! >= 0)
      this.#countLogins(batch, row, src, dst);
  }

  /** They are the same for every packet of a flow in one direction. */
  #noteAddresses(batch: PacketBatch, row: number, from: number, to: number): void {
    const { rows, distinct } = this;
    this.#setAddress(batch.src, 4 * row, batch.ipVersion[row]!);
    distinct.note(rows, NETWORK_ROW, Fact.SRC_IP, this.#valueA, this.#valueB, 0);
    distinct.note(rows, to, Fact.SRC_IP, this.#valueA, this.#valueB, 0);
    this.#setAddress(batch.dst, 4 * row, batch.ipVersion[row]!);
    distinct.note(rows, NETWORK_ROW, Fact.DST_IP, this.#valueA, this.#valueB, 0);
    distinct.note(rows, from, Fact.DST_IP, this.#valueA, this.#valueB, 0);
  }

  #noteAttempt(batch: PacketBatch, row: number, from: number, to: number): void {
    const { rows, distinct } = this;
    const port = batch.dstPort[row]!;
    this.#setAddress(batch.dst, 4 * row, batch.ipVersion[row]!);
    distinct.note(rows, NETWORK_ROW, Fact.TARGET, this.#valueA, this.#valueB, port);
    distinct.note(rows, from, Fact.TARGET, this.#valueA, this.#valueB, port);
    distinct.note(rows, to, Fact.TARGET, this.#valueA, this.#valueB, port);
    if (batch.protocol[row] === Protocol.UDP) return;
    if (port === 22 || port === 2222) this.#addAll(from, to, Count.SSH);
    else if (port === 21 || port === 2121) this.#addAll(from, to, Count.FTP);
    if (isRemotePort(port)) this.#addAll(from, to, Count.REMOTE_PORTS);
  }

  #noteConnection(
    batch: PacketBatch,
    row: number,
    flows: FlowTable,
    slot: number,
    conn: number,
  ): void {
    const conns = this.conns;
    const flags = batch.tcpFlags[row]!;
    const ts = batch.tsMicros[row]!;
    conns.bytes[conn]! += batch.wireLength[row]!;
    if (ts > conns.lastSeen[conn]!) conns.lastSeen[conn] = ts;
    if (flags & TcpFlag.RST) conns.bits[conn]! |= ConnBit.ANSWERED;
    else if (flags & TcpFlag.SYN) {
      if (!(flags & TcpFlag.ACK)) conns.bits[conn]! |= ConnBit.SYN;
    } else if (flows.isFromOriginator && flags & TcpFlag.ACK) conns.bits[conn]! |= ConnBit.ANSWERED;
    const opened = flows.openedAt(slot);
    if (opened < conns.openedAt[conn]!) conns.openedAt[conn] = opened;
    const closed = flows.closedAt(slot);
    if (closed < conns.closedAt[conn]!) conns.closedAt[conn] = closed;
    if (flows.justCompletedRequest) conns.completedRequests[conn]!++;
    const mark = 2 * flows.packetsOf(slot) + (flows.isHttpPartial(slot) ? 1 : 0);
    if (mark > conns.requestMark[conn]!) conns.requestMark[conn] = mark;
  }

  #countLogins(batch: PacketBatch, row: number, src: number, dst: number): void {
    const events = batch.appEvents[row]!;
    if (events & AppEvent.HTTP_LOGIN)
      this.#addAll(sourceRow(src), targetRow(dst), Count.HTTP_LOGIN);
    const status = batch.httpStatus[row]!;
    const isRefusal =
      status === 401 ||
      status === 403 ||
      ((events & AppEvent.FTP_REPLY) !== 0 && batch.appCode[row] === FTP_NOT_LOGGED_IN);
    if (isRefusal) this.#addAll(sourceRow(dst), targetRow(src), Count.FAILED_LOGIN);
  }

  #countDns(batch: PacketBatch, row: number, src: number, dst: number): void {
    const from = sourceRow(src);
    const to = targetRow(dst);
    this.#addAll(from, to, Count.DNS_MESSAGE);
    if (batch.dnsQuery[row] !== 1) {
      const bytes = Math.max(0, batch.dnsAnswerSize[row]!);
      this.#addAll(sourceRow(dst), to, Count.DNS_RESPONSE);
      this.#addSum(NETWORK_ROW, Sum.ANSWER_BYTES, bytes);
      this.#addSum(sourceRow(dst), Sum.ANSWER_BYTES, bytes);
      this.#addSum(to, Sum.ANSWER_BYTES, bytes);
      return;
    }
    const name = batch.dnsQname.get(row) ?? '';
    const length = subdomainLength(name);
    const entropy = entropyMillionths(name, length);
    const type = batch.dnsQtype[row]!;
    const hash = textHash(name);
    const hash2 = mix32(textHash(name, hash ^ 0x5bd1e995));
    const labels = labelCount(name);
    for (const at of [NETWORK_ROW, from, to]) {
      if (at < 0) continue;
      this.#add(at, Count.DNS_QUERY);
      if (entropy > HIGH_ENTROPY_MILLIONTHS) this.#add(at, Count.DNS_HIGH_ENTROPY);
      if (type === TYPE_TXT) this.#add(at, Count.DNS_TXT);
      if (name !== '') this.distinct.note(this.rows, at, Fact.QNAME, hash, hash2, 0);
      if (type >= 0) this.distinct.note(this.rows, at, Fact.QTYPE, type, 0, 0);
      this.#addSum(at, Sum.ENTROPY, entropy);
      this.#addSum(at, Sum.SUBDOMAIN_LENGTH, length);
      this.#addSum(at, Sum.LABELS, labels);
      this.#noteQueryTime(at, batch.tsMicros[row]!, length);
    }
  }

  #noteQueryTime(at: number, ts: number, subdomain: number): void {
    const sums = this.rows.sums;
    const counts = this.rows.counts;
    if (ts < sums[SUMS * at + Sum.FIRST_QUERY]!) sums[SUMS * at + Sum.FIRST_QUERY] = ts;
    if (ts > sums[SUMS * at + Sum.LAST_QUERY]!) sums[SUMS * at + Sum.LAST_QUERY] = ts;
    const longest = COUNTS * at + Count.LONGEST_SUBDOMAIN;
    if (subdomain > counts[longest]!) counts[longest] = subdomain;
  }

  #countArp(batch: PacketBatch, row: number, from: number, arp: ArpWatch): void {
    const op = batch.arpOp[row];
    if (op === ArpOp.REQUEST) this.#addAll(from, -1, Count.ARP_REQUEST);
    else if (op === ArpOp.REPLY) this.#addAll(from, -1, Count.ARP_REPLY);
    if (arp.isGratuitous) this.#addAll(from, -1, Count.GRATUITOUS);
    if (arp.isBindingChange) this.#addAll(from, -1, Count.BINDING_CHANGE);
    if (arp.isUnsolicited) this.#addAll(from, -1, Count.UNSOLICITED);
    if (arp.isBindingChange && arp.isUnsolicited) this.#addAll(from, -1, Count.SUSPICIOUS);
    const mac = batch.arpHwsrc[row]!;
    const address = batch.arpPsrc[row]!;
    if (mac < 0 || address === 0) return;
    const macHigh = Math.floor(mac / 0x100000000);
    for (const at of [NETWORK_ROW, from]) {
      this.distinct.note(this.rows, at, Fact.ARP_PAIR, address, macHigh, mac >>> 0);
      this.distinct.note(this.rows, at, Fact.ARP_IP, address, 0, 0);
      this.distinct.note(this.rows, at, Fact.ARP_MAC, macHigh, mac >>> 0, 0);
    }
  }

  /** IPv4 exactly, IPv6 by 64 bits of hash. */
  #setAddress(words: Uint32Array, offset: number, ipVersion: number): void {
    this.#valueA = words[offset + 3]!;
    this.#valueB = 0;
    if (ipVersion === 4) return;
    let a = 0;
    let b = 0x9e3779b9;
    for (let word = offset; word < offset + 4; word++) {
      a = mix32(a ^ words[word]!);
      b = mix32(b + Math.imul(words[word]!, 0x85ebca77));
    }
    this.#valueA = a;
    this.#valueB = (b | 1) >>> 0;
  }

  #notePort(from: number, to: number, port: number, marks: number): void {
    this.distinct.notePort(this.rows, NETWORK_ROW, port, marks);
    this.distinct.notePort(this.rows, from, port, marks);
    this.distinct.notePort(this.rows, to, port, marks);
  }

  #addAll(from: number, to: number, count: number): void {
    this.#add(NETWORK_ROW, count);
    this.#add(from, count);
    this.#add(to, count);
  }

  #add(row: number, count: number): void {
    if (row >= 0) this.rows.counts[COUNTS * row + count]!++;
  }

  #addSum(row: number, sum: number, value: number): void {
    if (row >= 0) this.rows.sums[SUMS * row + sum]! += value;
  }

  save(writer: StateWriter): void {
    for (const value of [this.startMicros, this.lost, this.entityOverflow]) writer.number(value);
    this.entities.save(writer);
    this.admission.save(writer);
    this.conns.save(writer);
    this.distinct.save(writer);
    this.rows.save(writer, 2 * this.entities.length + 1);
  }

  /** Into a new state with the same bounds. Which connection a flow's slot is, it finds again by itself. */
  load(reader: StateReader): void {
    this.startMicros = reader.number();
    this.lost = reader.number();
    this.entityOverflow = reader.number();
    this.entities.load(reader);
    this.admission.load(reader);
    this.conns.load(reader);
    this.distinct.load(reader);
    this.rows.grow(2 * this.entities.capacity + 1);
    this.rows.load(reader);
  }
}

function isRemotePort(port: number): boolean {
  if (port === 22 || port === 23 || port === 513 || port === 3389 || port === 5900) return true;
  return port >= 6000 && port <= 6063;
}

function labelCount(name: string): number {
  if (name === '') return 0;
  let labels = 1;
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) === 46) labels++;
  return labels;
}
