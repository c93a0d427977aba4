/** PPP with or without HDLC-like framing (RFC 1662), and Cisco HDLC, which looks alike. */
import { EtherType, type LinkHeader } from './link-header.ts';

const ALL_STATIONS = 0xff;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
const FRAMING_BYTES = 2; // address and control
const HDLC_BYTES = 4;

export function readPpp(view: DataView, start: number, end: number, link: LinkHeader): boolean {
  const isFramed = end > start && view.getUint8(start) === ALL_STATIONS;
  return readPppProtocol(view, isFramed ? start + FRAMING_BYTES : start, end, link);
}

/** Reads the protocol field at `at`; PPPoE carries it without the framing. */
export function readPppProtocol(
  view: DataView,
  at: number,
  end: number,
  link: LinkHeader,
): boolean {
  if (end - at < 2) return false;
  const first = view.getUint8(at);
  // A first byte with its low bit set is a protocol compressed to one byte (RFC 1661 §6.5).
  if ((first & 1) !== 0) return link.carry(etherTypeOf(first), at + 1);
  return link.carry(etherTypeOf(view.getUint16(at)), at + 2);
}

export function readCiscoHdlc(
  view: DataView,
  start: number,
  end: number,
  link: LinkHeader,
): boolean {
  if (end - start < HDLC_BYTES) return false;
  return link.carry(view.getUint16(start + 2), start + HDLC_BYTES);
}

function etherTypeOf(protocol: number): number {
  if (protocol === PPP_IPV4) return EtherType.IPV4;
  return protocol === PPP_IPV6 ? EtherType.IPV6 : EtherType.NONE;
}
