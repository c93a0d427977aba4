/**
 * What may stand between a link header and IP, and how to get through it: VLAN tags (IEEE 802.1Q), VN tags, FabricPath,
 * LLC where the type is a length, MPLS labels (RFC 3032) and PPPoE (RFC 2516).
 */
import { EtherType, etherTypeOfIp, type LinkHeader, readMac } from './link-header.ts';
import { readLlc } from './llc.ts';
import { readPppProtocol } from './ppp.ts';

/** Below it the type field is a length, and LLC follows. */
const MIN_ETHER_TYPE = 0x0600;
const TAG_BYTES = 4;
const MAX_TAGS = 8;
const VN_TAG_BYTES = 6;
const LABEL_BYTES = 4;
const MAX_LABELS = 16;
const BOTTOM_OF_STACK = 0x100;
const PPPOE_BYTES = 6;

/** Reads on at `start` with what a type field of value `type` announces; false where a tag is cut short. */
export function readEtherType(
  type: number,
  view: DataView,
  start: number,
  end: number,
  link: LinkHeader,
): boolean {
  link.carry(type, start);
  // LLC can announce a tag and a tag LLC: both count, so that the loop is bounded.
  for (let layers = 0; layers <= MAX_TAGS; layers++) {
    switch (link.etherType) {
      case EtherType.IPV4:
      case EtherType.IPV6:
        return true;
      case EtherType.VLAN:
      case EtherType.QINQ:
      case EtherType.QINQ_OLD:
        if (!readVlan(view, end, link)) return false;
        break;
      case EtherType.VN_TAG:
        if (end - link.payloadStart < VN_TAG_BYTES) return false;
        link.carry(
          view.getUint16(link.payloadStart + VN_TAG_BYTES - 2),
          link.payloadStart + VN_TAG_BYTES,
        );
        break;
      case EtherType.FABRIC_PATH:
        if (!readFabricPath(view, end, link)) return false;
        break;
      case EtherType.MPLS:
      case EtherType.MPLS_MULTICAST:
        return readLabels(view, end, link);
      case EtherType.PPPOE_SESSION:
        return readPppProtocol(view, link.payloadStart + PPPOE_BYTES, end, link);
      case EtherType.NONE:
        return true;
      default:
        if (link.etherType >= MIN_ETHER_TYPE) return true;
        readLlc(view, link.payloadStart, end, link);
    }
  }
  return tooMany(link);
}

function readVlan(view: DataView, end: number, link: LinkHeader): boolean {
  const at = link.payloadStart;
  if (end - at < TAG_BYTES) return false;
  if (link.vlan < 0) link.vlan = view.getUint16(at) & 0xfff;
  return link.carry(view.getUint16(at + 2), at + TAG_BYTES);
}

/** Cisco FabricPath: two bytes of tag, then the whole inner Ethernet header, whose addresses are the hosts'. */
function readFabricPath(view: DataView, end: number, link: LinkHeader): boolean {
  const inner = link.payloadStart + 2;
  if (end - inner < 14) return false;
  link.dstMac = readMac(view, inner);
  link.srcMac = readMac(view, inner + 6);
  return link.carry(view.getUint16(inner + 12), inner + 14);
}

/** The labels do not say what they carry; like others we look at the first nibble. */
function readLabels(view: DataView, end: number, link: LinkHeader): boolean {
  let at = link.payloadStart;
  for (let labels = 0; labels < MAX_LABELS; labels++) {
    if (end - at < LABEL_BYTES) return false;
    const isLast = (view.getUint32(at) & BOTTOM_OF_STACK) !== 0;
    at += LABEL_BYTES;
    if (isLast) return link.carry(at < end ? etherTypeOfIp(view.getUint8(at)) : 0, at);
  }
  return tooMany(link);
}

function tooMany(link: LinkHeader): true {
  link.anomaly = 'too_many_tags';
  return link.carry(EtherType.NONE, link.payloadStart);
}
