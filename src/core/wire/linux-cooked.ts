/** Linux "cooked" headers, versions 1 and 2 (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2). */
import { readEtherType } from './ether-type.ts';
import { EtherType, type LinkHeader, readMac } from './link-header.ts';

const MAC_BYTES = 6;

const SLL_BYTES = 16;
const SLL_ADDRESS_LENGTH = 4;
const SLL_ADDRESS = 6;
const SLL_PROTOCOL = 14;

const SLL2_BYTES = 20;
const SLL2_ADDRESS_LENGTH = 11;
const SLL2_ADDRESS = 12;

/** Below it the protocol is a Linux number: 1 is raw 802.3, 4 is 802.2 LLC, others carry no IP. */
const MIN_ETHER_TYPE = 0x0600;
const LINUX_LLC = 4;

export function readSll(view: DataView, start: number, end: number, link: LinkHeader): boolean {
  if (end - start < SLL_BYTES) return false;
  if (view.getUint16(start + SLL_ADDRESS_LENGTH) === MAC_BYTES)
    link.srcMac = readMac(view, start + SLL_ADDRESS);
  return readProtocol(view.getUint16(start + SLL_PROTOCOL), view, start + SLL_BYTES, end, link);
}

export function readSll2(view: DataView, start: number, end: number, link: LinkHeader): boolean {
  if (end - start < SLL2_BYTES) return false;
  if (view.getUint8(start + SLL2_ADDRESS_LENGTH) === MAC_BYTES)
    link.srcMac = readMac(view, start + SLL2_ADDRESS);
  return readProtocol(view.getUint16(start), view, start + SLL2_BYTES, end, link);
}

function readProtocol(
  protocol: number,
  view: DataView,
  at: number,
  end: number,
  link: LinkHeader,
): boolean {
  if (protocol < MIN_ETHER_TYPE && protocol !== LINUX_LLC) return link.carry(EtherType.NONE, at);
  return readEtherType(protocol, view, at, end, link);
}
