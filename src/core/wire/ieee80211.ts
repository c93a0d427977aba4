/** IEEE 802.11 data frames as far as they are unencrypted and carry LLC (IEEE 802.11-2020 §9.2, §9.3.2). */
import { EtherType, type LinkHeader, readMac } from './link-header.ts';
import { readLlc } from './llc.ts';

const BASE_BYTES = 24;
const ADDRESS_1 = 4;
const ADDRESS_2 = 10;
const ADDRESS_3 = 16;
const ADDRESS_4 = 24;
const TYPE_DATA = 2;
const SUBTYPE_QOS = 0x08;
const SUBTYPE_NO_DATA = 0x04;
const TO_DS = 0x01;
const FROM_DS = 0x02;
const PROTECTED = 0x40;
const ORDER = 0x80;
const QOS_AMSDU = 0x80;
const AMSDU_HEADER_BYTES = 14;

/** `isPadded`: the capture aligned the body to four bytes. Management, control and encrypted frames carry nothing. */
export function readIeee80211(
  view: DataView,
  start: number,
  end: number,
  link: LinkHeader,
  isPadded = false,
): boolean {
  link.carry(EtherType.NONE, start);
  if (end - start < 2) return false;
  const type = (view.getUint8(start) >> 2) & 3;
  const subtype = view.getUint8(start) >> 4;
  const flags = view.getUint8(start + 1);
  if (type !== TYPE_DATA) return true;

  const isWds = (flags & (TO_DS | FROM_DS)) === (TO_DS | FROM_DS);
  const isQos = (subtype & SUBTYPE_QOS) !== 0;
  let at = start + BASE_BYTES + (isWds ? 6 : 0);
  const qosAt = at;
  if (isQos) at += (flags & ORDER) !== 0 ? 6 : 2;
  if (at > end) return false;
  readAddresses(view, start, flags, link);
  if ((subtype & SUBTYPE_NO_DATA) !== 0 || (flags & PROTECTED) !== 0) return true;
  if (isPadded) at = start + ((at - start + 3) & ~3);
  if (isQos && (view.getUint8(qosAt) & QOS_AMSDU) !== 0) at += AMSDU_HEADER_BYTES;
  readLlc(view, at, end, link);
  return true;
}

function readAddresses(view: DataView, start: number, flags: number, link: LinkHeader): void {
  const toDs = (flags & TO_DS) !== 0;
  const fromDs = (flags & FROM_DS) !== 0;
  link.dstMac = readMac(view, start + (toDs ? ADDRESS_3 : ADDRESS_1));
  const wdsOrTo = toDs ? ADDRESS_4 : ADDRESS_3;
  link.srcMac = readMac(view, start + (fromDs ? wdsOrTo : ADDRESS_2));
}
