/**
 * IP and ARP: fills a row's addresses, follows fragments, and steps into tunnels, so that the row tells of the
 * innermost packet that can be read. A tunnel is entered only where what it carries is credible; else the row
 * stays the outer packet's.
 */
import { AppEvent, type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { nameAnomaly } from './anomalies.ts';
import { ARP_BYTES, ArpMessage } from './arp.ts';
import type { DecoderCounts } from './decoder-counts.ts';
import { type FragmentOptions, FragmentTable } from './fragments.ts';
import { endIpAt, isBadHeader, measurePayload, noteFragment, tooShort } from './ip-bounds.ts';
import { Ipv4Header, MIN_IPV4_BYTES } from './ipv4.ts';
import { AUTHENTICATION, authenticationBytes, IPV6_HEADER_BYTES, Ipv6Header } from './ipv6.ts';
import { EtherType, LinkHeader } from './link-header.ts';
import { Span } from './span.ts';
import { protocolOf, TransportReader } from './transport.ts';
import type { Tunnel } from './tunnel.ts';
import { isCredible, leaveOuter } from './tunnel-entry.ts';
import { tunnelOfProtocol } from './tunnels.ts';

const MAPPED_PREFIX = 0xffff;
const MAX_TUNNELS = 8;

export class NetworkReader {
  readonly #arp = new ArpMessage();
  readonly #ipv4 = new Ipv4Header();
  readonly #ipv6 = new Ipv6Header();
  readonly #transport = new TransportReader();
  readonly #fragments: FragmentTable;
  readonly #whole = new Span();
  readonly #inner = new LinkHeader();
  /** Number of the fragmented packet that the row read last is a part of, the outermost one; -1: none. */
  fragmentedPacket = -1;
  #depth = 0;
  #isChecksumPending = false;

  constructor(options: FragmentOptions) {
    this.#fragments = new FragmentTable(options);
  }

  get evictions(): DecoderCounts {
    const { evicted, notJoined } = this.#fragments;
    return {
      messages: this.#transport.evictedMessages,
      hellos: this.#transport.givenUp,
      fragments: evicted,
      wholes: notJoined,
    };
  }

  /** Reads what an `etherType` announces at `span.start`. `isChecksumPending`: the network card was still to fill it in. */
  read(
    batch: PacketBatch,
    row: number,
    etherType: number,
    span: Span,
    isChecksumPending: boolean,
  ): void {
    this.#depth = 0;
    this.fragmentedPacket = -1;
    this.#isChecksumPending = isChecksumPending;
    this.#readNetwork(batch, row, etherType, span);
    this.#fragments.endRow();
  }

  #readNetwork(batch: PacketBatch, row: number, etherType: number, span: Span): void {
    switch (etherType) {
      case EtherType.IPV4:
        this.#readIp(batch, row, 4, span);
        break;
      case EtherType.IPV6:
        this.#readIp(batch, row, 6, span);
        break;
      case EtherType.ARP:
      case EtherType.RARP:
        this.#readArp(batch, row, span);
    }
  }

  /** The version nibble decides; `announced` is what the link header said. */
  #readIp(batch: PacketBatch, row: number, announced: number, span: Span): void {
    if (span.start >= span.end) {
      tooShort(batch, row, span, 'truncated_ip');
      return;
    }
    const version = span.view.getUint8(span.start) >> 4;
    if (version !== announced) nameAnomaly(batch, row, 'bad_ip_version');
    if (version === 4) this.#readIpv4(batch, row, span);
    else if (version === 6) this.#readIpv6(batch, row, span);
  }

  #readIpv4(batch: PacketBatch, row: number, span: Span): void {
    const ip = this.#ipv4;
    const { start } = span;
    if (!ip.at(span.view, start, span.end)) {
      tooShort(batch, row, span, 'truncated_ip');
      return;
    }
    const { headerBytes, totalLength } = ip;
    if (ip.hasBadHeaderLength) {
      nameAnomaly(batch, row, 'bad_ip_header_length');
      return;
    }
    batch.ipVersion[row] = 4;
    batch.src[4 * row + 2] = MAPPED_PREFIX;
    batch.src[4 * row + 3] = ip.src;
    batch.dst[4 * row + 2] = MAPPED_PREFIX;
    batch.dst[4 * row + 3] = ip.dst;
    batch.ttl[row] = ip.ttl;
    batch.protocol[row] = protocolOf(ip.protocol);
    batch.ipProtocol[row] = ip.protocol;
    batch.payloadBytes[row] = 0;

    // A length of 0 is left to the network card, which cuts the packet into segments; a file does not tell.
    if (totalLength > 0) endIpAt(batch, row, span, start + totalLength);
    else if (!this.#isChecksumPending) nameAnomaly(batch, row, 'no_ip_length');
    batch.ipBytes[row] = totalLength > 0 ? totalLength : span.wireEnd - start;
    span.start += headerBytes;
    if (span.start > span.wireEnd) {
      nameAnomaly(batch, row, 'bad_ip_length');
      return;
    }
    this.#transport.isDiscarded = totalLength > 0 && isBadHeader(span, start);
    if (this.#transport.isDiscarded) nameAnomaly(batch, row, 'bad_ip_checksum');
    const { protocol, fragmentOffset } = ip;
    this.#transport.isChecked =
      !this.#isChecksumPending && totalLength > 0 && headerBytes === MIN_IPV4_BYTES;
    if (!ip.isFragment) {
      this.#readPayload(batch, row, skipAuthentication(protocol, span), span);
      return;
    }
    noteFragment(batch, row, span, headerBytes + fragmentOffset);
    this.#fragments.isDiscarded = this.#transport.isDiscarded;
    const slot = this.#fragments.note(
      batch,
      row,
      span,
      ip.identification,
      protocol,
      fragmentOffset,
      ip.hasMoreFragments,
    );
    const before = span.start;
    const number = fragmentOffset === 0 ? skipAuthentication(protocol, span) : protocol;
    this.#readFragment(batch, row, number, span, slot, fragmentOffset, span.start - before);
  }

  #readIpv6(batch: PacketBatch, row: number, span: Span): void {
    const ip = this.#ipv6;
    if (!ip.at(span.view, span.start, span.end)) {
      tooShort(batch, row, span, 'truncated_ip');
      return;
    }
    batch.ipVersion[row] = 6;
    for (let i = 0; i < 4; i++) {
      batch.src[4 * row + i] = ip.srcWord(i);
      batch.dst[4 * row + i] = ip.dstWord(i);
    }
    batch.ttl[row] = ip.hopLimit;
    batch.payloadBytes[row] = 0;

    // A length of 0 stands for a jumbogram or for nothing, or is left to the network card.
    const { payloadLength } = ip;
    if (payloadLength > 0)
      endIpAt(batch, row, span, span.start + IPV6_HEADER_BYTES + payloadLength);
    batch.ipBytes[row] = IPV6_HEADER_BYTES + payloadLength;
    const problem = ip.walk(span.end);
    batch.protocol[row] = protocolOf(ip.nextHeader);
    batch.ipProtocol[row] = ip.nextHeader;
    span.start = ip.payloadStart;
    if (problem === 'truncated_ip_extension') tooShort(batch, row, span, problem);
    else if (problem !== null) nameAnomaly(batch, row, problem);
    const { nextHeader, isFragment, fragmentOffset } = ip;
    if (isFragment) noteFragment(batch, row, span, fragmentOffset);
    if (problem !== null) return;
    if (payloadLength === 0 && ip.needsLength && !this.#isChecksumPending)
      nameAnomaly(batch, row, 'no_ip_length');
    this.#transport.isDiscarded = false;
    this.#transport.isChecked = !this.#isChecksumPending && payloadLength > 0 && !ip.hasRouting;
    if (!isFragment) {
      this.#readPayload(batch, row, nextHeader, span);
      return;
    }
    const transport = span.start;
    span.start = ip.fragmentStart;
    this.#fragments.isDiscarded = false;
    const slot = this.#fragments.note(
      batch,
      row,
      span,
      ip.identification,
      0,
      fragmentOffset,
      ip.hasMoreFragments,
    );
    span.start = transport;
    const skipped = transport - ip.fragmentStart;
    this.#readFragment(batch, row, nextHeader, span, slot, fragmentOffset, skipped);
  }

  /** The first fragment is read as far as it goes; later ones belong to its conversation; the last to come completes the packet. */
  #readFragment(
    batch: PacketBatch,
    row: number,
    number: number,
    span: Span,
    slot: number,
    fragmentOffset: number,
    transportStart: number,
  ): void {
    const fragments = this.#fragments;
    const { wireEnd } = span;
    if (this.fragmentedPacket < 0) this.fragmentedPacket = fragments.packet(slot);
    if (fragments.isOverlapping) nameAnomaly(batch, row, 'overlapping_fragment');
    const { isRefused } = fragments;
    if (isRefused) nameAnomaly(batch, row, 'bad_fragment');
    this.#transport.isChecked = false;
    if (fragmentOffset === 0) {
      batch.protocol[row] = protocolOf(number);
      batch.ipProtocol[row] = number;
      const before = span.start;
      const isRead = this.#transport.readFirstFragment(batch, row, number, span);
      const hasHeader = isRead && span.start > before;
      // A refused one tells the conversation only until one comes that is part of the packet.
      if (!isRefused || fragments.number(slot) < 0)
        fragments.noteFirst(slot, batch, row, number, transportStart, hasHeader);
    } else {
      batch.appEvents[row]! |= AppEvent.LATER_FRAGMENT;
      batch.srcPort[row] = fragments.srcPort(slot);
      batch.dstPort[row] = fragments.dstPort(slot);
    }
    measurePayload(batch, row, span, wireEnd);
    if (fragments.isComplete(slot)) this.#readWhole(batch, row, slot);
  }

  /** The row that completes a packet tells what the whole of it carries, but no transport header a second time. */
  #readWhole(batch: PacketBatch, row: number, slot: number): void {
    const number = this.#fragments.number(slot);
    const hasHeader = this.#fragments.hasHeader(slot);
    const whole = this.#whole;
    this.#fragments.takeWhole(slot, whole);
    batch.protocol[row] = protocolOf(number);
    batch.ipProtocol[row] = number;
    const tunnel = tunnelOfProtocol(number);
    if (tunnel !== null) {
      this.#enter(tunnel, batch, row, whole);
      return;
    }
    const carried = this.#transport.readWhole(batch, row, number, whole, hasHeader);
    if (carried !== null && !this.#enter(carried, batch, row, whole))
      this.#transport.readDatagram(batch, row, whole);
  }

  #readPayload(batch: PacketBatch, row: number, number: number, span: Span): void {
    const { wireEnd } = span;
    batch.protocol[row] = protocolOf(number);
    batch.ipProtocol[row] = number;
    const tunnel = tunnelOfProtocol(number);
    if (tunnel !== null) {
      if (this.#enter(tunnel, batch, row, span)) return;
      if (span.end === span.wireEnd) nameAnomaly(batch, row, 'bad_tunnel');
    } else {
      const carried = this.#transport.read(batch, row, number, span);
      if (carried !== null) {
        if (this.#enter(carried, batch, row, span)) return;
        this.#transport.readDatagram(batch, row, span);
      }
    }
    measurePayload(batch, row, span, wireEnd);
  }

  /** False, and nothing changed, where it carries nothing that can be read as a packet. */
  #enter(tunnel: Tunnel, batch: PacketBatch, row: number, span: Span): boolean {
    const inner = this.#inner;
    inner.clear();
    if (!tunnel.read(span, inner) || !isCredible(inner, span)) return false;
    if (this.#depth === MAX_TUNNELS) {
      nameAnomaly(batch, row, 'too_many_tunnels');
      return false;
    }
    this.#depth++;
    leaveOuter(tunnel, batch, row);
    span.start = inner.payloadStart;
    this.#readNetwork(batch, row, inner.etherType, span);
    return true;
  }

  #readArp(batch: PacketBatch, row: number, span: Span): void {
    const arp = this.#arp;
    batch.protocol[row] = Protocol.ARP;
    if (!arp.at(span.view, span.start, span.end)) {
      if (span.wireEnd - span.start < ARP_BYTES) nameAnomaly(batch, row, 'truncated_arp');
      return;
    }
    if (!arp.isIpv4OverMac) {
      nameAnomaly(batch, row, 'bad_arp');
      return;
    }
    batch.arpOp[row] = arp.operation;
    batch.arpPsrc[row] = arp.senderIp;
    batch.arpPdst[row] = arp.targetIp;
    batch.arpHwsrc[row] = arp.senderMac;
    batch.arpHwdst[row] = arp.targetMac;
  }
}

/** Moves `span.start` behind an authentication header, if there is one, and returns what follows. */
function skipAuthentication(number: number, span: Span): number {
  if (number !== AUTHENTICATION || span.end - span.start < 2) return number;
  const { view, start } = span;
  span.start += authenticationBytes(view.getUint8(start + 1));
  return view.getUint8(start);
}
