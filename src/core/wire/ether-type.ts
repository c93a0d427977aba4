/**
 * What may stand between a link header and IP, and how to get through it: VLAN tags (IEEE 802.1Q), VN tags, FabricPath,
 * Cisco metadata, MACsec that only signs (IEEE 802.1AE), service headers (RFC 8300), LLC where the type is a length,
 * MPLS labels (RFC 3032) and PPPoE (RFC 2516).
 */
import { EtherType, etherTypeOfIp, type LinkHeader, readMac } from './link-header.ts';
import { readLlc } from './llc.ts';
import { readPppProtocol } from './ppp.ts';

/** Below it the type field is a length, and LLC follows. */
const MIN_ETHER_TYPE = 0x0600;
const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;
const MAX_TAGS = 8;
const VN_TAG_BYTES = 6;
/** Version, length, an option of six bytes (a security group) and the next type. */
const CISCO_METADATA_BYTES = 8;
const SEC_TAG_BYTES = 6;
const SEC_CHANNEL_BYTES = 8;
/** Bits of the first byte of a MACsec tag. */
const SecBit = { HAS_CHANNEL: 0x20, ENCRYPTED: 0x08, CHANGED: 0x04 } as const;
const NSH_BASE_BYTES = 8;
const NSH_ETHERNET = 3;
/** The other protocol numbers of RFC 8300 §2.2 that we read, as types. */
const NSH_NEXT: readonly number[] = [0, EtherType.IPV4, EtherType.IPV6, 0, 0, EtherType.MPLS];
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
        if (!passTag(view, end, link, VN_TAG_BYTES)) return false;
        break;
      case EtherType.CISCO_METADATA:
        if (!passTag(view, end, link, CISCO_METADATA_BYTES)) return false;
        break;
      case EtherType.MACSEC:
        if (!readSecTag(view, end, link)) return false;
        break;
      case EtherType.NSH:
        if (!readServiceHeader(view, end, link)) return false;
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

/** A tag of `bytes` bytes, the last two of which are the next type. */
function passTag(view: DataView, end: number, link: LinkHeader, bytes: number): boolean {
  const next = link.payloadStart + bytes;
  return next <= end && link.carry(view.getUint16(next - 2), next);
}

/** What is encrypted stays unread. The check value at the end is cut off by the length of the IP packet. */
function readSecTag(view: DataView, end: number, link: LinkHeader): boolean {
  const at = link.payloadStart;
  if (end - at < SEC_TAG_BYTES) return false;
  const bits = view.getUint8(at);
  if (bits & (SecBit.ENCRYPTED | SecBit.CHANGED)) return link.carry(EtherType.NONE, at);
  const channel = bits & SecBit.HAS_CHANNEL ? SEC_CHANNEL_BYTES : 0;
  return passTag(view, end, link, SEC_TAG_BYTES + channel + 2);
}

function readServiceHeader(view: DataView, end: number, link: LinkHeader): boolean {
  const at = link.payloadStart;
  if (end - at < NSH_BASE_BYTES) return false;
  const bytes = 4 * (view.getUint8(at + 1) & 0x3f);
  if (bytes < NSH_BASE_BYTES || end - at < bytes) return false;
  const next = view.getUint8(at + 3);
  if (next === NSH_ETHERNET) return readInnerEthernet(view, at + bytes, end, link);
  return link.carry(NSH_NEXT[next] ?? EtherType.NONE, at + bytes);
}

/** Cisco FabricPath: two bytes of tag, then the whole inner Ethernet header, whose addresses are the hosts'. */
function readFabricPath(view: DataView, end: number, link: LinkHeader): boolean {
  return readInnerEthernet(view, link.payloadStart + 2, end, link);
}

function readInnerEthernet(view: DataView, inner: number, end: number, link: LinkHeader): boolean {
  if (end - inner < ETHERNET_BYTES) return false;
  link.dstMac = readMac(view, inner);
  link.srcMac = readMac(view, inner + 6);
  return link.carry(view.getUint16(inner + ETHERNET_BYTES - 2), inner + ETHERNET_BYTES);
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
