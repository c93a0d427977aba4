/** What captures put before 802.11 frames: radiotap, PPI, Prism and AVS headers. Only their lengths and padding matter here. */
import { readIeee80211 } from './ieee80211.ts';
import { EtherType, type LinkHeader } from './link-header.ts';

const IEEE80211 = 105;

const RADIOTAP_MIN_BYTES = 8;
const RADIOTAP_TSFT = 1 << 0;
const RADIOTAP_FLAGS = 1 << 1;
const RADIOTAP_EXTENDED = 0x8000_0000;
const FLAG_FCS = 0x10;
const FLAG_DATA_PAD = 0x20;
const FCS_BYTES = 4;

const PPI_BYTES = 8;
const PRISM_BYTES = 144;
const AVS_MAGIC = 0x80211000;

export function readRadiotap(
  view: DataView,
  start: number,
  end: number,
  link: LinkHeader,
): boolean {
  if (end - start < RADIOTAP_MIN_BYTES) return false;
  const headerBytes = view.getUint16(start + 2, true);
  if (headerBytes < RADIOTAP_MIN_BYTES || headerBytes > end - start) return false;
  const flags = radiotapFlags(view, start, start + headerBytes);
  const frameEnd = (flags & FLAG_FCS) !== 0 ? Math.max(start + headerBytes, end - FCS_BYTES) : end;
  return readIeee80211(view, start + headerBytes, frameEnd, link, (flags & FLAG_DATA_PAD) !== 0);
}

/** The flags field stands after the bitmap words, and after the 8-byte timestamp where there is one. */
function radiotapFlags(view: DataView, start: number, headerEnd: number): number {
  const present = view.getUint32(start + 4, true);
  if ((present & RADIOTAP_FLAGS) === 0) return 0;
  let at = start + 4;
  while (at + 4 <= headerEnd && (view.getUint32(at, true) & RADIOTAP_EXTENDED) !== 0) at += 4;
  at += 4;
  if ((present & RADIOTAP_TSFT) !== 0) at = start + ((at - start + 7) & ~7) + 8;
  return at < headerEnd ? view.getUint8(at) : 0;
}

export function readPpi(view: DataView, start: number, end: number, link: LinkHeader): boolean {
  if (end - start < PPI_BYTES) return false;
  const headerBytes = view.getUint16(start + 2, true);
  if (headerBytes < PPI_BYTES || headerBytes > end - start) return false;
  const linkType = view.getUint32(start + 4, true);
  if (linkType !== IEEE80211) return link.carry(EtherType.NONE, start + headerBytes);
  return readIeee80211(view, start + headerBytes, end, link);
}

export function readPrism(view: DataView, start: number, end: number, link: LinkHeader): boolean {
  if (end - start < PPI_BYTES) return false;
  const isAvs = (view.getUint32(start) & 0xfffff000) >>> 0 === AVS_MAGIC;
  const headerBytes = isAvs ? view.getUint32(start + 4) : PRISM_BYTES;
  if (headerBytes < PPI_BYTES || headerBytes > end - start) return false;
  return readIeee80211(view, start + headerBytes, end, link);
}
