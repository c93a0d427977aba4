/** Which link types are decoded, and by what: the one table of them. */
import { readEtherType } from './ether-type.ts';
import { readEthernet } from './ethernet.ts';
import { readIeee80211 } from './ieee80211.ts';
import type { LinkHeader } from './link-header.ts';
import { readSll, readSll2 } from './linux-cooked.ts';
import { readLoopback, readRawIp } from './loopback.ts';
import { readCiscoHdlc, readPpp } from './ppp.ts';
import { readPpi, readPrism, readRadiotap } from './radio-headers.ts';

type LinkReader = (view: DataView, start: number, end: number, link: LinkHeader) => boolean;

export const ETHERNET = 1;

/** By LINKTYPE_ number (https://www.tcpdump.org/linktypes.html); 12 and 14 are the BSDs' numbers for raw IP. */
const READERS = new Map<number, LinkReader>([
  [0, readLoopback],
  [ETHERNET, readEthernet],
  [9, readPpp],
  [12, readRawIp],
  [14, readRawIp],
  [50, readPpp],
  [101, readRawIp],
  [104, readCiscoHdlc],
  [105, (view, start, end, link) => readIeee80211(view, start, end, link)],
  [108, readLoopback],
  [113, readSll],
  [119, readPrism],
  [127, readRadiotap],
  [192, readPpi],
  [228, readRawIp],
  [229, readRawIp],
  [276, readSll2],
]);

/** Frames of other link types decode to a row without any header. */
export function isKnownLinkType(linkType: number): boolean {
  return READERS.has(linkType);
}

/** Fills `link`; false where the link header does not fit. Nothing is carried by an unknown link type. */
export function readLink(
  linkType: number,
  view: DataView,
  start: number,
  end: number,
  link: LinkHeader,
): boolean {
  link.clear();
  if (linkType === ETHERNET) return readEthernet(view, start, end, link);
  const read = READERS.get(linkType);
  if (read === undefined) return true;
  // Tags and labels may follow any link header; where they have been unwrapped already, nothing is left to do.
  return (
    read(view, start, end, link) &&
    readEtherType(link.etherType, view, link.payloadStart, end, link)
  );
}
