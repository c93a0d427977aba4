/** TCP, UDP, SCTP, ICMP and ICMPv6: fills a row's ports, flags and types, names what is malformed, and hands the payload up. */
import { type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { type AnomalyName, nameAnomaly } from './anomalies.ts';
import { ApplicationReader } from './application.ts';
import { isIcmpError, readQuote } from './icmp-quote.ts';
import type { Span } from './span.ts';
import { TCP_MIN_HEADER_BYTES, TcpFlag, TcpHeader } from './tcp.ts';
import { isBadChecksum } from './transport-checksum.ts';
import type { Tunnel } from './tunnel.ts';
import { tunnelOfPorts } from './tunnels.ts';
import { UDP_HEADER_BYTES, UdpHeader } from './udp.ts';

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMPV6 = 58;
const SCTP = 132;

const PORTS_BYTES = 4;
const SCTP_HEADER_BYTES = 12;
const ICMP_HEADER_BYTES = 8;
const ICMPV6_MIN_BYTES = 4;
const IPV4_LOOPBACK = 127;

/** The `Protocol` code of an IP protocol number. */
export function protocolOf(number: number): number {
  switch (number) {
    case TCP:
      return Protocol.TCP;
    case UDP:
      return Protocol.UDP;
    case ICMP:
      return Protocol.ICMP;
    case ICMPV6:
      return Protocol.ICMPv6;
    default:
      return Protocol.OTHER;
  }
}

export class TransportReader {
  /** Checksums of the packet to come can be judged: they are the sender's, and the addresses are the final ones. */
  isChecked = true;
  /** The receiver throws the packet to come away before it looks at its transport. */
  isDiscarded = false;
  readonly #tcp = new TcpHeader();
  readonly #udp = new UdpHeader();
  readonly #application = new ApplicationReader();
  /** The packet is the first of several fragments, so that lengths may reach beyond it. */
  #isFragment = false;
  /** The header of the packet was read. */
  #isRead = false;

  get evictedMessages(): number {
    return this.#application.evictedMessages;
  }

  get givenUp(): number {
    return this.#application.givenUp;
  }

  /**
   * Reads the IP payload in `span` and moves `span.start` behind the transport header. Answers the tunnel that
   * a datagram may be, whose payload is not read yet: see `readDatagram`.
   */
  read(batch: PacketBatch, row: number, number: number, span: Span): Tunnel | null {
    this.#isFragment = false;
    return this.#readHeader(batch, row, number, span);
  }

  /** The same for a first fragment, without tunnels; whether the header was whole in it. */
  readFirstFragment(batch: PacketBatch, row: number, number: number, span: Span): boolean {
    this.#isFragment = true;
    const tunnel = this.#readHeader(batch, row, number, span);
    if (tunnel !== null) this.readDatagram(batch, row, span);
    return this.#isRead;
  }

  /** The same for a packet put together from fragments. `hasHeader`: an earlier row tells the header already. */
  readWhole(
    batch: PacketBatch,
    row: number,
    number: number,
    span: Span,
    hasHeader: boolean,
  ): Tunnel | null {
    this.#isFragment = false;
    this.isChecked = false;
    if (!hasHeader || number === UDP) return this.#readHeader(batch, row, number, span);
    if (number === TCP && this.#tcp.at(span.view, span.start, span.end)) {
      batch.seq[row] = this.#tcp.seq;
      span.start = this.#tcp.payloadStart;
      if (span.start < span.end) this.#application.readSegment(batch, row, span, true, true);
    }
    return null;
  }

  /** Offers the payload of a datagram that is no tunnel after all to the application protocols. */
  readDatagram(batch: PacketBatch, row: number, span: Span): void {
    if (span.start < span.end) this.#application.readDatagram(batch, row, span);
  }

  #readHeader(batch: PacketBatch, row: number, number: number, span: Span): Tunnel | null {
    this.#isRead = false;
    switch (number) {
      case TCP:
        this.#readTcp(batch, row, span);
        return null;
      case UDP:
        return this.#readUdp(batch, row, span);
      case ICMP:
        this.#readIcmp(batch, row, span, ICMP, ICMP_HEADER_BYTES);
        return null;
      case ICMPV6:
        this.#readIcmp(batch, row, span, ICMPV6, ICMPV6_MIN_BYTES);
        return null;
      case SCTP:
        if (span.wireEnd - span.start >= SCTP_HEADER_BYTES) readPorts(batch, row, span);
        span.start = Math.min(span.start + SCTP_HEADER_BYTES, span.wireEnd);
    }
    return null;
  }

  #readTcp(batch: PacketBatch, row: number, span: Span): void {
    const tcp = this.#tcp;
    const { start } = span;
    if (!tcp.at(span.view, start, span.end)) {
      readPorts(batch, row, span);
      this.#tooShort(batch, row, span, TCP_MIN_HEADER_BYTES, 'truncated_tcp');
      return;
    }
    const flags = tcp.flags;
    batch.srcPort[row] = tcp.srcPort;
    batch.dstPort[row] = tcp.dstPort;
    batch.seq[row] = tcp.seq;
    batch.ack[row] = tcp.ack;
    batch.tcpFlags[row] = flags;
    batch.tcpWindow[row] = tcp.window;
    this.#isRead = true;
    if (tcp.headerBytes < TCP_MIN_HEADER_BYTES || tcp.payloadStart > span.wireEnd) {
      nameAnomaly(batch, row, this.#isFragment ? 'tiny_fragment' : 'bad_tcp_offset');
      span.start = span.wireEnd;
      return;
    }
    if (isImpossible(flags)) nameAnomaly(batch, row, 'impossible_tcp_flags');
    else if (isLand(batch, row)) nameAnomaly(batch, row, 'land');
    const isBroken = this.#check(batch, row, span, TCP, start + 16, 'bad_tcp_checksum');
    span.start = tcp.payloadStart;
    if (span.start < span.end)
      this.#application.readSegment(
        batch,
        row,
        span,
        !this.#isFragment && span.end === span.wireEnd,
        !isBroken && !this.isDiscarded,
      );
  }

  #readUdp(batch: PacketBatch, row: number, span: Span): Tunnel | null {
    const udp = this.#udp;
    const { start } = span;
    if (!udp.at(span.view, start, span.end)) {
      readPorts(batch, row, span);
      this.#tooShort(batch, row, span, UDP_HEADER_BYTES, 'truncated_udp');
      return null;
    }
    const { srcPort, dstPort, length } = udp;
    batch.srcPort[row] = srcPort;
    batch.dstPort[row] = dstPort;
    this.#isRead = true;
    const datagramEnd = start + length;
    span.start += UDP_HEADER_BYTES;
    const isJumbo = length === 0 && batch.ipVersion[row] === 6;
    const isTooLong = datagramEnd > span.wireEnd && !this.#isFragment;
    if ((length < UDP_HEADER_BYTES && !isJumbo) || isTooLong) {
      nameAnomaly(batch, row, 'bad_udp_length');
      if (!isTooLong) return null;
    }
    // A first fragment tells the length of the whole datagram; else what follows the datagram is not its own.
    if (this.#isFragment) span.wireEnd = Math.max(span.wireEnd, datagramEnd);
    else if (datagramEnd >= span.start) span.cutAt(Math.min(datagramEnd, span.wireEnd));
    if (isLand(batch, row)) nameAnomaly(batch, row, 'land');
    if (!isTooLong && length > 0)
      this.#check(batch, row, span, UDP, start + 6, 'bad_udp_checksum', start);
    const tunnel = tunnelOfPorts(srcPort, dstPort);
    if (tunnel === null) this.readDatagram(batch, row, span);
    return tunnel;
  }

  #readIcmp(batch: PacketBatch, row: number, span: Span, number: number, minBytes: number): void {
    const { start } = span;
    if (span.end - start >= 2) {
      batch.icmpType[row] = span.view.getUint8(start);
      batch.icmpCode[row] = span.view.getUint8(start + 1);
      this.#isRead = true;
    }
    if (span.wireEnd - start < minBytes) nameAnomaly(batch, row, 'truncated_icmp');
    else this.#check(batch, row, span, number, start + 2, 'bad_icmp_checksum');
    span.start = Math.min(start + ICMP_HEADER_BYTES, span.wireEnd);
    const isV6 = number === ICMPV6;
    if (!isIcmpError(batch.icmpType[row]!, isV6) || span.start >= span.end) return;
    const quoted = readQuote(span, isV6);
    if (quoted !== null) batch.appDetail.append(row, quoted);
  }

  /** `field`: where the checksum stands; `start`: of the checked bytes, default `span.start`. True: it is wrong. */
  #check(
    batch: PacketBatch,
    row: number,
    span: Span,
    number: number,
    field: number,
    name: AnomalyName,
    start = span.start,
  ): boolean {
    if (!this.isChecked || this.#isFragment || span.end < span.wireEnd) return false;
    if (!isBadChecksum(batch, row, span, start, number, field)) return false;
    nameAnomaly(batch, row, name);
    return true;
  }

  /** A header of which less than `headerBytes` was captured; a malformation only if no more was sent. */
  #tooShort(
    batch: PacketBatch,
    row: number,
    span: Span,
    headerBytes: number,
    name: AnomalyName,
  ): void {
    if (span.wireEnd - span.start < headerBytes)
      nameAnomaly(batch, row, this.#isFragment ? 'tiny_fragment' : name);
    span.start = Math.min(span.start + headerBytes, span.wireEnd);
  }
}

/** Ports stand in the first four bytes of TCP, UDP and SCTP, and short captures often hold just these. */
function readPorts(batch: PacketBatch, row: number, span: Span): void {
  if (span.end - span.start < PORTS_BYTES) return;
  batch.srcPort[row] = span.view.getUint16(span.start);
  batch.dstPort[row] = span.view.getUint16(span.start + 2);
}

/** RFC 9293 §3.5: every segment but the first and a reset acknowledges, and SYN stands with neither FIN nor RST. */
function isImpossible(flags: number): boolean {
  if ((flags & TcpFlag.SYN) !== 0) return (flags & (TcpFlag.FIN | TcpFlag.RST)) !== 0;
  return (flags & (TcpFlag.ACK | TcpFlag.RST)) === 0;
}

function isLand(batch: PacketBatch, row: number): boolean {
  if (batch.srcPort[row] !== batch.dstPort[row]) return false;
  const at = 4 * row;
  const { src, dst } = batch;
  if (src[at + 3] !== dst[at + 3] || src[at + 2] !== dst[at + 2]) return false;
  if (src[at + 1] !== dst[at + 1] || src[at] !== dst[at]) return false;
  if (batch.ipVersion[row] === 4) return src[at + 3]! >>> 24 !== IPV4_LOOPBACK;
  return src[at + 3] !== 1 || src[at + 2] !== 0 || src[at + 1] !== 0 || src[at] !== 0;
}
