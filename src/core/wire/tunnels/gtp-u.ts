/** GTP-U, user packets of mobile networks (3GPP TS 29.281 §5): IP behind the header and its extension headers. */

import type { LinkHeader } from '../link-header.ts';
import { etherTypeOfIp } from '../link-header.ts';
import type { Span } from '../span.ts';
import type { Tunnel } from '../tunnel.ts';

const HEADER_BYTES = 8;
const OPTIONAL_BYTES = 4;
/** Version 1 and protocol type GTP. */
const VERSION_AND_TYPE = 0xf0;
const GTP_1 = 0x30;
const HAS_EXTENSIONS = 0x04;
/** Extension headers, sequence number or N-PDU number: each brings all four optional bytes. */
const HAS_OPTIONAL = 0x07;
const G_PDU = 255;
const MAX_EXTENSIONS = 8;

export const gtpU: Tunnel = { name: 'gtp', udpPorts: [2152], read };

function read({ view, start, end, wireEnd }: Span, inner: LinkHeader): boolean {
  if (end - start < HEADER_BYTES + 1) return false;
  const flags = view.getUint8(start);
  if ((flags & VERSION_AND_TYPE) !== GTP_1 || view.getUint8(start + 1) !== G_PDU) return false;
  if (start + HEADER_BYTES + view.getUint16(start + 2) > wireEnd) return false;
  let at = start + HEADER_BYTES;
  if ((flags & HAS_OPTIONAL) !== 0) {
    at += OPTIONAL_BYTES;
    if ((flags & HAS_EXTENSIONS) !== 0) at = afterExtensions(view, at - 1, end);
  }
  if (at < 0 || at >= end) return false;
  return inner.carry(etherTypeOfIp(view.getUint8(at)), at);
}

/** `typeAt`: where the next header's type stands. -1: they do not fit, or are too many. */
function afterExtensions(view: DataView, typeAt: number, end: number): number {
  let at = typeAt;
  for (let count = 0; count <= MAX_EXTENSIONS && at < end; count++) {
    if (view.getUint8(at) === 0) return at + 1;
    if (at + 1 >= end) return -1;
    const words = view.getUint8(at + 1);
    if (words === 0) return -1;
    at += 4 * words;
  }
  return -1;
}
