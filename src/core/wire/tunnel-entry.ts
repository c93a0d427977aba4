/** The step from a packet into what it carries: whether that is one at all, and what becomes of the row. */
import { type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { ARP_BYTES } from './arp.ts';
import { MIN_IPV4_BYTES } from './ipv4.ts';
import { IPV6_HEADER_BYTES } from './ipv6.ts';
import { EtherType, type LinkHeader } from './link-header.ts';
import type { Span } from './span.ts';
import type { Tunnel } from './tunnel.ts';

/** What is carried begins like a packet that fits what is there: ports and numbers alone are not proof of a tunnel. */
export function isCredible({ etherType, payloadStart: at }: LinkHeader, span: Span): boolean {
  const { view, end, wireEnd } = span;
  switch (etherType) {
    case EtherType.IPV4: {
      if (end - at < MIN_IPV4_BYTES) return false;
      const first = view.getUint8(at);
      const headerBytes = (first & 0xf) * 4;
      const total = view.getUint16(at + 2);
      return (
        first >> 4 === 4 &&
        headerBytes >= MIN_IPV4_BYTES &&
        (total === 0 || total >= headerBytes) &&
        at + total <= wireEnd
      );
    }
    case EtherType.IPV6:
      if (end - at < IPV6_HEADER_BYTES || view.getUint8(at) >> 4 !== 6) return false;
      return at + IPV6_HEADER_BYTES + view.getUint16(at + 4) <= wireEnd;
    case EtherType.ARP:
      return wireEnd - at >= ARP_BYTES;
    default:
      return false;
  }
}

/** Keeps the outermost addresses and the tunnel's name, and empties the columns that the inner packet fills. */
export function leaveOuter(tunnel: Tunnel, batch: PacketBatch, row: number): void {
  const at = 4 * row;
  const version = batch.ipVersion[row]!;
  const name = version === 6 ? (tunnel.nameInIpv6 ?? tunnel.name) : tunnel.name;
  if (batch.outerIpVersion[row] === 0) {
    batch.outerIpVersion[row] = version;
    for (let i = 0; i < 4; i++) {
      batch.outerSrc[at + i] = batch.src[at + i]!;
      batch.outerDst[at + i] = batch.dst[at + i]!;
    }
    batch.tunnel.set(row, name);
  } else {
    batch.tunnel.set(row, `${batch.tunnel.get(row)}/${name}`);
  }
  for (let i = 0; i < 4; i++) {
    batch.src[at + i] = 0;
    batch.dst[at + i] = 0;
  }
  batch.ipVersion[row] = 0;
  batch.ttl[row] = -1;
  batch.protocol[row] = Protocol.OTHER;
  batch.ipProtocol[row] = -1;
  batch.srcPort[row] = -1;
  batch.dstPort[row] = -1;
  batch.ipBytes[row] = -1;
  batch.payloadBytes[row] = -1;
}
