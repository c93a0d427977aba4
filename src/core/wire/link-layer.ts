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

interface LinkType {
  /** LINKTYPE_ number (https://www.tcpdump.org/linktypes.html); 12 and 14 are the BSDs' numbers for raw IP. */
  readonly number: number;
  readonly name: string;
  readonly read: LinkReader;
}

export const LINK_TYPES: readonly LinkType[] = [
  { number: 0, name: 'BSD loopback', read: readLoopback },
  { number: ETHERNET, name: 'Ethernet', read: readEthernet },
  { number: 9, name: 'PPP', read: readPpp },
  { number: 12, name: 'raw IP', read: readRawIp },
  { number: 14, name: 'raw IP', read: readRawIp },
  { number: 50, name: 'PPP in HDLC framing', read: readPpp },
  { number: 101, name: 'raw IP', read: readRawIp },
  { number: 104, name: 'Cisco HDLC', read: readCiscoHdlc },
  { number: 105, name: '802.11', read: readIeee80211 },
  { number: 108, name: 'OpenBSD loopback', read: readLoopback },
  { number: 113, name: 'Linux cooked (SLL)', read: readSll },
  { number: 119, name: '802.11 behind a Prism header', read: readPrism },
  { number: 127, name: '802.11 behind radiotap', read: readRadiotap },
  { number: 192, name: 'PPI', read: readPpi },
  { number: 228, name: 'IPv4', read: readRawIp },
  { number: 229, name: 'IPv6', read: readRawIp },
  { number: 276, name: 'Linux cooked 2 (SLL2)', read: readSll2 },
];

const READERS = new Map(LINK_TYPES.map(({ number, read }) => [number, read]));

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
