/** AYIYA (draft-massar-v6ops-ayiya §4), IPv6 for hosts behind address translators. */
import { EtherType, type LinkHeader } from '../link-header.ts';
import type { Span } from '../span.ts';
import type { Tunnel } from '../tunnel.ts';

const HEADER_BYTES = 8;
const FORWARD = 1;
const IPV4 = 4;
const IPV6 = 41;

export const ayiya: Tunnel = { name: 'ayiya', udpPorts: [5072], read };

function read({ view, start, end }: Span, inner: LinkHeader): boolean {
  if (end - start < HEADER_BYTES || (view.getUint8(start + 2) & 0xf) !== FORWARD) return false;
  const identityBytes = 1 << (view.getUint8(start) >> 4);
  const signatureBytes = 4 * (view.getUint8(start + 1) >> 4);
  const at = start + HEADER_BYTES + identityBytes + signatureBytes;
  const next = view.getUint8(start + 3);
  if (at >= end || (next !== IPV4 && next !== IPV6)) return false;
  return inner.carry(next === IPV4 ? EtherType.IPV4 : EtherType.IPV6, at);
}
