/**
 * Frames to rows: goes up from the link header to the payload and fills one row of a batch.
 *
 * One header object per layer is reused for every packet, so packets without text allocate nothing.
 * Nothing throws, whatever the bytes: what cannot be read stays null and the first malformation met is
 * named in `anomaly`. Of tunnels (GRE, IP in IP, VXLAN, …) the outermost IP header counts; what an ICMP
 * error quotes is not decoded.
 */
import { AppEvent, type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { type AnomalyName, nameAnomaly } from './anomalies.ts';
import { ARP_BYTES, ArpMessage } from './arp.ts';
import { payloadEntropy } from './entropy.ts';
import type { WireFrame } from './frame.ts';
import { Ipv4Header } from './ipv4.ts';
import { AUTHENTICATION, authenticationBytes, IPV6_HEADER_BYTES, Ipv6Header } from './ipv6.ts';
import { EtherType, LinkHeader } from './link-header.ts';
import { ETHERNET, readLink } from './link-layer.ts';
import { Span } from './span.ts';
import { protocolOf, TransportReader } from './transport.ts';

/** What a database's integer holds; a damaged record can claim more. */
const MAX_WIRE_BYTES = 0x7fff_ffff;
const MAX_IP_BYTES = 65_535;
const MAPPED_PREFIX = 0xffff;

export class PacketDecoder {
  readonly #link = new LinkHeader();
  readonly #arp = new ArpMessage();
  readonly #ipv4 = new Ipv4Header();
  readonly #ipv6 = new Ipv6Header();
  readonly #transport = new TransportReader();
  readonly #span = new Span();
  #interfaceCode = -1;

  /** Appends the frame to the batch and returns its row. The caller sees to it that the batch is not full. */
  decode(frame: WireFrame, batch: PacketBatch): number {
    const wireLength = Math.min(frame.wireLength, MAX_WIRE_BYTES);
    const row = batch.addRow(frame.tsMicros, wireLength);
    this.#nameInterface(batch, row, frame.interface);
    const span = this.#span;
    span.view = frame.view;
    span.bytes = frame.bytes;
    span.end = frame.end;
    span.wireEnd = Math.max(frame.end, frame.start + wireLength);

    const link = this.#link;
    const { linkType } = frame;
    if (!readLink(linkType, frame.view, frame.start, frame.end, link)) {
      link.etherType = EtherType.NONE;
      this.#tooShort(batch, row, linkType === ETHERNET ? 'truncated_ethernet' : 'truncated_link');
    }
    if (link.anomaly !== null) nameAnomaly(batch, row, link.anomaly);
    batch.srcMac[row] = link.srcMac;
    batch.dstMac[row] = link.dstMac;
    batch.vlan[row] = link.vlan;
    span.start = link.payloadStart;
    switch (link.etherType) {
      case EtherType.IPV4:
        this.#readIp(batch, row, 4);
        break;
      case EtherType.IPV6:
        this.#readIp(batch, row, 6);
        break;
      case EtherType.ARP:
      case EtherType.RARP:
        this.#readArp(batch, row);
    }
    return row;
  }

  /** The name is the same for packet after packet: look it up in the dictionary only when it changes. */
  #nameInterface(batch: PacketBatch, row: number, name: string): void {
    const column = batch.interface;
    if (column.values[this.#interfaceCode] !== name) this.#interfaceCode = column.codeFor(name);
    column.codes[row] = this.#interfaceCode;
  }

  /** The version nibble decides; `announced` is what the link header said. */
  #readIp(batch: PacketBatch, row: number, announced: number): void {
    const span = this.#span;
    if (span.start >= span.end) {
      this.#tooShort(batch, row, 'truncated_ip');
      return;
    }
    const version = span.view.getUint8(span.start) >> 4;
    if (version !== announced) nameAnomaly(batch, row, 'bad_ip_version');
    if (version === 4) this.#readIpv4(batch, row);
    else if (version === 6) this.#readIpv6(batch, row);
  }

  #readIpv4(batch: PacketBatch, row: number): void {
    const ip = this.#ipv4;
    const span = this.#span;
    if (!ip.at(span.view, span.start, span.end)) {
      this.#tooShort(batch, row, 'truncated_ip');
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
    batch.payloadBytes[row] = 0;

    // A length of 0 is left to the network card, which cuts the packet into segments.
    if (totalLength > 0) this.#endIpAt(batch, row, span.start + totalLength);
    span.start += headerBytes;
    if (span.start > span.wireEnd) {
      nameAnomaly(batch, row, 'bad_ip_length');
      return;
    }
    let number = ip.protocol;
    const { fragmentOffset, isFragment } = ip;
    if (isFragment) this.#noteFragment(batch, row, headerBytes + fragmentOffset);
    if (number === AUTHENTICATION && fragmentOffset === 0 && span.end - span.start >= 2) {
      number = span.view.getUint8(span.start);
      span.start += authenticationBytes(span.view.getUint8(span.start + 1));
    }
    this.#readTransport(batch, row, number, fragmentOffset, isFragment);
  }

  #readIpv6(batch: PacketBatch, row: number): void {
    const ip = this.#ipv6;
    const span = this.#span;
    if (!ip.at(span.view, span.start, span.end)) {
      this.#tooShort(batch, row, 'truncated_ip');
      return;
    }
    batch.ipVersion[row] = 6;
    for (let i = 0; i < 4; i++) {
      batch.src[4 * row + i] = ip.srcWord(i);
      batch.dst[4 * row + i] = ip.dstWord(i);
    }
    batch.ttl[row] = ip.hopLimit;
    batch.payloadBytes[row] = 0;

    // A length of 0 stands for a jumbogram, or is left to the network card.
    if (ip.payloadLength > 0)
      this.#endIpAt(batch, row, span.start + IPV6_HEADER_BYTES + ip.payloadLength);
    const problem = ip.walk(span.end);
    batch.protocol[row] = protocolOf(ip.nextHeader);
    span.start = ip.payloadStart;
    if (problem === 'truncated_ip_extension') this.#tooShort(batch, row, problem);
    else if (problem !== null) nameAnomaly(batch, row, problem);
    if (ip.isFragment) this.#noteFragment(batch, row, ip.fragmentOffset);
    if (problem === null)
      this.#readTransport(batch, row, ip.nextHeader, ip.fragmentOffset, ip.isFragment);
  }

  /** What lies in the frame beyond the IP packet is padding; a packet that claims more than the frame is not believed. */
  #endIpAt(batch: PacketBatch, row: number, ipEnd: number): void {
    if (ipEnd > this.#span.wireEnd) nameAnomaly(batch, row, 'bad_ip_length');
    else this.#span.cutAt(ipEnd);
  }

  /** `bytesBefore`: of the whole packet, before the payload of this fragment. */
  #noteFragment(batch: PacketBatch, row: number, bytesBefore: number): void {
    batch.appEvents[row]! |= AppEvent.IP_FRAGMENT;
    if (bytesBefore + this.#span.wireEnd - this.#span.start > MAX_IP_BYTES)
      nameAnomaly(batch, row, 'oversized_fragment');
  }

  #readTransport(
    batch: PacketBatch,
    row: number,
    number: number,
    fragmentOffset: number,
    isFragment: boolean,
  ): void {
    const span = this.#span;
    const ipEnd = span.wireEnd;
    batch.protocol[row] = protocolOf(number);
    if (fragmentOffset === 0) this.#transport.read(batch, row, number, span, isFragment);
    batch.payloadBytes[row] = Math.max(0, ipEnd - span.start);
    if (span.start < span.end)
      batch.payloadEntropy[row] = payloadEntropy(span.bytes, span.start, span.end);
  }

  #readArp(batch: PacketBatch, row: number): void {
    const arp = this.#arp;
    const span = this.#span;
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

  /** A header that does not fit the captured bytes is a malformation only where the capture cut nothing away. */
  #tooShort(batch: PacketBatch, row: number, name: AnomalyName): void {
    if (this.#span.end === this.#span.wireEnd) nameAnomaly(batch, row, name);
  }
}
