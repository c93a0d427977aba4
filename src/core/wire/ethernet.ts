/** Ethernet II and IEEE 802.3 (IEEE 802.3 §3). */
import { readEtherType } from './ether-type.ts';
import { type LinkHeader, readMac } from './link-header.ts';

const HEADER_BYTES = 14;
const SRC_MAC = 6;
const TYPE = 12;

export function readEthernet(
  view: DataView,
  start: number,
  end: number,
  link: LinkHeader,
): boolean {
  if (end - start < HEADER_BYTES) return false;
  link.dstMac = readMac(view, start);
  link.srcMac = readMac(view, start + SRC_MAC);
  return readEtherType(view.getUint16(start + TYPE), view, start + HEADER_BYTES, end, link);
}
