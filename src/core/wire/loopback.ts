/** BSD loopback (an address family in the byte order of the host that captured) and raw IP. */
import { EtherType, etherTypeOfIp, type LinkHeader } from './link-header.ts';

const FAMILY_BYTES = 4;
const AF_INET = 2;
/** AF_INET6 is 10 on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on Darwin. */
const AF_INET6 = new Set([10, 24, 28, 30]);

export function readLoopback(
  view: DataView,
  start: number,
  end: number,
  link: LinkHeader,
): boolean {
  if (end - start < FAMILY_BYTES) return false;
  // The family is a small number: whichever half of the word is not zero says the byte order.
  const big = view.getUint32(start);
  const family = (big & 0xffff0000) === 0 ? big : view.getUint32(start, true);
  if (family === AF_INET) return link.carry(EtherType.IPV4, start + FAMILY_BYTES);
  const isIpv6 = AF_INET6.has(family);
  return link.carry(isIpv6 ? EtherType.IPV6 : EtherType.NONE, start + FAMILY_BYTES);
}

export function readRawIp(view: DataView, start: number, end: number, link: LinkHeader): boolean {
  if (end === start) return false;
  return link.carry(etherTypeOfIp(view.getUint8(start)) || EtherType.IPV4, start);
}
