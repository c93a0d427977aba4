/** PPP with or without HDLC-like framing (RFC 1662), and Cisco HDLC, which looks alike. */
import { EtherType, type LinkHeader } from './link-header.ts';

const ALL_STATIONS = 0xff;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
const PPP_MPLS = 0x0281;
/** First bytes that say Cisco HDLC where PPP was announced: unicast and broadcast. */
const CISCO_UNICAST = 0x0f;
const CISCO_BROADCAST = 0x8f;
/** Cisco's keep-alive protocol takes RARP's number. */
const SLARP = 0x8035;
const FRAMING_BYTES = 2; // address and control
const HDLC_BYTES = 4;

export function readPpp(view: DataView, start: number, end: number, link: LinkHeader): boolean {
  if (start === end) return false;
  const first = view.getUint8(start);
  if (first === CISCO_UNICAST || first === CISCO_BROADCAST)
    return readCiscoHdlc(view, start, end, link);
  return readPppProtocol(view, first === ALL_STATIONS ? start + FRAMING_BYTES : start, end, link);
}

/** Reads the protocol field at `at`; PPPoE carries it without the framing. */
export function readPppProtocol(
  view: DataView,
  at: number,
  end: number,
  link: LinkHeader,
): boolean {
  if (at >= end) return false;
  const first = view.getUint8(at);
  // A first byte with its low bit set is a protocol compressed to one byte (RFC 1661 §6.5).
  if ((first & 1) !== 0) return link.carry(etherTypeOf(first), at + 1);
  if (end - at < 2) return false;
  return link.carry(etherTypeOf(view.getUint16(at)), at + 2);
}

export function readCiscoHdlc(
  view: DataView,
  start: number,
  end: number,
  link: LinkHeader,
): boolean {
  if (end - start < HDLC_BYTES) return false;
  const type = view.getUint16(start + 2);
  return link.carry(type === SLARP ? EtherType.NONE : type, start + HDLC_BYTES);
}

function etherTypeOf(protocol: number): number {
  if (protocol === PPP_IPV4) return EtherType.IPV4;
  if (protocol === PPP_MPLS) return EtherType.MPLS;
  return protocol === PPP_IPV6 ? EtherType.IPV6 : EtherType.NONE;
}
