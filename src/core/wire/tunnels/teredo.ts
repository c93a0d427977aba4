/** Teredo (RFC 4380 §5.1.1): IPv6 in UDP over IPv4, behind authentication and origin indications. */

import type { LinkHeader } from '../link-header.ts';
import { EtherType } from '../link-header.ts';
import type { Span } from '../span.ts';
import type { Tunnel } from '../tunnel.ts';

const AUTHENTICATION = 0x0001;
const ORIGIN = 0x0000;
const ORIGIN_BYTES = 8;
/** Indicator and two lengths before the identifier and the value, nonce and confirmation behind. */
const AUTHENTICATION_BYTES = 4 + 9;

export const teredo: Tunnel = { name: 'teredo', udpPorts: [3544], read };

function read({ view, start, end }: Span, inner: LinkHeader): boolean {
  let at = start;
  if (end - at >= 4 && view.getUint16(at) === AUTHENTICATION)
    at += AUTHENTICATION_BYTES + view.getUint8(at + 2) + view.getUint8(at + 3);
  if (end - at >= 2 && view.getUint16(at) === ORIGIN) at += ORIGIN_BYTES;
  return at < end && inner.carry(EtherType.IPV6, at);
}
