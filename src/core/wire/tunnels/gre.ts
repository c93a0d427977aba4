/**
 * GRE (RFC 2784, with key and sequence number: RFC 2890; source routes: RFC 1701), its PPTP version (RFC 2637),
 * NVGRE (RFC 7637), ERSPAN, which mirrors frames through it (draft-foschiano-erspan), and GRE in UDP (RFC 8086).
 */
import { readEtherType } from '../ether-type.ts';
import { readEthernet } from '../ethernet.ts';
import type { LinkHeader } from '../link-header.ts';
import { readPpp } from '../ppp.ts';
import type { Span } from '../span.ts';
import type { Tunnel } from '../tunnel.ts';

const HEADER_BYTES = 4;
const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
/** Version 1 only. */
const ACKNOWLEDGEMENT = 0x0080;
const VERSION = 0x0007;
const MAX_ROUTES = 8;

const TRANSPARENT_ETHERNET = 0x6558;
const PPP = 0x880b;
const ERSPAN_2 = 0x88be;
const ERSPAN_3 = 0x22eb;
const ERSPAN_2_BYTES = 8;
const ERSPAN_3_BYTES = 12;
const ERSPAN_3_SUBHEADER_BYTES = 8;

export const gre: Tunnel = { name: 'gre', ipProtocols: [47], udpPorts: [4754], read };

function read({ view, start, end }: Span, inner: LinkHeader): boolean {
  if (end - start < HEADER_BYTES) return false;
  const flags = view.getUint16(start);
  const type = view.getUint16(start + 2);
  const version = flags & VERSION;
  if (version > 1) return false;
  let at = start + HEADER_BYTES;
  if ((flags & (CHECKSUM | ROUTING)) !== 0) at += 4;
  if ((flags & KEY) !== 0) at += 4;
  if ((flags & SEQUENCE) !== 0) at += 4;
  if (version === 1 && (flags & ACKNOWLEDGEMENT) !== 0) at += 4;
  if ((flags & ROUTING) !== 0) at = afterRoutes(view, at, end);
  if (at < 0 || at >= end) return false;
  switch (type) {
    case TRANSPARENT_ETHERNET:
      return readEthernet(view, at, end, inner);
    case PPP:
      return readPpp(view, at, end, inner);
    case ERSPAN_2: // without a sequence number it is type I, which has no header of its own
      return readEthernet(view, at + ((flags & SEQUENCE) !== 0 ? ERSPAN_2_BYTES : 0), end, inner);
    case ERSPAN_3:
      return readErspan3(view, at, end, inner);
    default:
      return readEtherType(type, view, at, end, inner);
  }
}

/** Behind the last source route entry, which has length 0; -1 where there is none. */
function afterRoutes(view: DataView, start: number, end: number): number {
  let at = start;
  for (let route = 0; route < MAX_ROUTES && end - at >= 4; route++) {
    const bytes = view.getUint8(at + 3);
    at += 4 + bytes;
    if (bytes === 0) return at;
  }
  return -1;
}

function readErspan3(view: DataView, start: number, end: number, inner: LinkHeader): boolean {
  if (end - start < ERSPAN_3_BYTES) return false;
  const hasSubheader = (view.getUint8(start + 11) & 1) !== 0;
  const at = start + ERSPAN_3_BYTES + (hasSubheader ? ERSPAN_3_SUBHEADER_BYTES : 0);
  return readEthernet(view, at, end, inner);
}
