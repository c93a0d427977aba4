/** TCP, UDP, ICMP and ICMPv6: fills a row's ports, flags and types, names what is malformed, and hands the payload up. */
import { type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { type AnomalyName, nameAnomaly } from './anomalies.ts';
import { ApplicationReader } from './application.ts';
import type { Span } from './span.ts';
import { TCP_MIN_HEADER_BYTES, TcpFlag, TcpHeader } from './tcp.ts';
import { UDP_HEADER_BYTES, UdpHeader } from './udp.ts';

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMPV6 = 58;

const PORTS_BYTES = 4;
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
  readonly #tcp = new TcpHeader();
  readonly #udp = new UdpHeader();
  readonly #application = new ApplicationReader();

  /**
   * Reads the IP payload in `span` and moves `span.start` behind the transport header. `isFragment`: it is
   * the first of several, so that lengths may reach beyond it.
   */
  read(batch: PacketBatch, row: number, number: number, span: Span, isFragment: boolean): void {
    switch (number) {
      case TCP:
        this.#readTcp(batch, row, span, isFragment);
        break;
      case UDP:
        this.#readUdp(batch, row, span, isFragment);
        break;
      case ICMP:
        readIcmp(batch, row, span, ICMP_HEADER_BYTES);
        break;
      case ICMPV6:
        readIcmp(batch, row, span, ICMPV6_MIN_BYTES);
        break;
    }
  }

  #readTcp(batch: PacketBatch, row: number, span: Span, isFragment: boolean): void {
    const tcp = this.#tcp;
    if (!tcp.at(span.view, span.start, span.end)) {
      readPorts(batch, row, span);
      tooShort(batch, row, span, TCP_MIN_HEADER_BYTES, isFragment, 'truncated_tcp');
      return;
    }
    const flags = tcp.flags;
    batch.srcPort[row] = tcp.srcPort;
    batch.dstPort[row] = tcp.dstPort;
    batch.seq[row] = tcp.seq;
    batch.ack[row] = tcp.ack;
    batch.tcpFlags[row] = flags;
    batch.tcpWindow[row] = tcp.window;
    if (tcp.headerBytes < TCP_MIN_HEADER_BYTES || tcp.payloadStart > span.wireEnd) {
      nameAnomaly(batch, row, isFragment ? 'tiny_fragment' : 'bad_tcp_offset');
      span.start = span.wireEnd;
      return;
    }
    if (isImpossible(flags)) nameAnomaly(batch, row, 'impossible_tcp_flags');
    else if (isLand(batch, row)) nameAnomaly(batch, row, 'land');
    span.start = tcp.payloadStart;
    if (span.start < span.end) this.#application.readSegment(batch, row, span);
  }

  #readUdp(batch: PacketBatch, row: number, span: Span, isFragment: boolean): void {
    const udp = this.#udp;
    if (!udp.at(span.view, span.start, span.end)) {
      readPorts(batch, row, span);
      tooShort(batch, row, span, UDP_HEADER_BYTES, isFragment, 'truncated_udp');
      return;
    }
    batch.srcPort[row] = udp.srcPort;
    batch.dstPort[row] = udp.dstPort;
    const datagramEnd = span.start + udp.length;
    span.start += UDP_HEADER_BYTES;
    const isJumbo = udp.length === 0 && batch.ipVersion[row] === 6;
    const isTooLong = datagramEnd > span.wireEnd && !isFragment;
    if ((udp.length < UDP_HEADER_BYTES && !isJumbo) || isTooLong) {
      nameAnomaly(batch, row, 'bad_udp_length');
      if (!isTooLong) return;
    }
    // A first fragment tells the length of the whole datagram; else what follows the datagram is not its own.
    if (isFragment) span.wireEnd = Math.max(span.wireEnd, datagramEnd);
    else if (datagramEnd >= span.start) span.cutAt(Math.min(datagramEnd, span.wireEnd));
    if (isLand(batch, row)) nameAnomaly(batch, row, 'land');
    if (span.start < span.end) this.#application.readDatagram(batch, row, span);
  }
}

function readIcmp(batch: PacketBatch, row: number, span: Span, minBytes: number): void {
  if (span.end - span.start >= 2) {
    batch.icmpType[row] = span.view.getUint8(span.start);
    batch.icmpCode[row] = span.view.getUint8(span.start + 1);
  }
  if (span.wireEnd - span.start < minBytes) nameAnomaly(batch, row, 'truncated_icmp');
  span.start = Math.min(span.start + ICMP_HEADER_BYTES, span.wireEnd);
}

/** Ports stand in the first four bytes of TCP and UDP, and short captures often hold just these. */
function readPorts(batch: PacketBatch, row: number, span: Span): void {
  if (span.end - span.start < PORTS_BYTES) return;
  batch.srcPort[row] = span.view.getUint16(span.start);
  batch.dstPort[row] = span.view.getUint16(span.start + 2);
}

/** A header of which less than `headerBytes` was captured; a malformation only if no more was sent. */
function tooShort(
  batch: PacketBatch,
  row: number,
  span: Span,
  headerBytes: number,
  isFragment: boolean,
  name: AnomalyName,
): void {
  if (span.wireEnd - span.start < headerBytes)
    nameAnomaly(batch, row, isFragment ? 'tiny_fragment' : name);
  span.start = Math.min(span.start + headerBytes, span.wireEnd);
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
