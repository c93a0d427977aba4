/**
 * Addresses between text and the words they are kept as: IPv6 text after RFC 5952, IPv4 dotted decimal,
 * MAC addresses with colons in lower case. The latest texts of IPv4 and MAC addresses are kept, because every
 * flow and window asks for the same ones again: the same string then, and nothing to collect.
 */

const MAPPED_PREFIX = 0xffff;
const GROUPS = 8;

const groups = new Uint16Array(GROUPS);

/** Texts kept per kind, each in the one place that its number's hash says. Powers of two. */
const KEPT_IPV4 = 4_096;
const KEPT_MACS = 256;
const ipv4Words = new Uint32Array(KEPT_IPV4);
const ipv4Texts = new Array<string>(KEPT_IPV4).fill('0.0.0.0');
const macNumbers = new Float64Array(KEPT_MACS);
const macTexts = new Array<string>(KEPT_MACS).fill('00:00:00:00:00:00');

/** Text of the four words at `offset`; `ipVersion` 4 says that they are IPv4-mapped and print as dotted decimal. */
export function formatIp(words: Uint32Array, offset: number, ipVersion: number): string {
  if (ipVersion === 4) return formatIpv4(words[offset + 3]!);
  // RFC 5952 §5: the well-known prefix of mapped addresses is written with the dotted form.
  if (words[offset] === 0 && words[offset + 1] === 0 && words[offset + 2] === MAPPED_PREFIX)
    return `::ffff:${formatIpv4(words[offset + 3]!)}`;
  for (let i = 0; i < 4; i++) {
    groups[2 * i] = words[offset + i]! >>> 16;
    groups[2 * i + 1] = words[offset + i]! & 0xffff;
  }
  const zeros = longestZeroRun();
  if (zeros < 0) return joinGroups(0, GROUPS);
  const start = zeros >> 4;
  const end = start + (zeros & 0xf);
  return `${joinGroups(0, start)}::${joinGroups(end, GROUPS)}`;
}

export function formatIpv4(word: number): string {
  const address = word >>> 0;
  const place = (Math.imul(address, 0x9e3779b1) >>> 16) & (KEPT_IPV4 - 1);
  if (ipv4Words[place] === address) return ipv4Texts[place]!;
  const text = `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
  ipv4Words[place] = address;
  ipv4Texts[place] = text;
  return text;
}

/** `mac`: a 48-bit integer. */
export function formatMac(mac: number): string {
  const low = mac >>> 0;
  const place = (Math.imul(low, 0x9e3779b1) >>> 16) & (KEPT_MACS - 1);
  if (macNumbers[place] === mac) return macTexts[place]!;
  const high = Math.floor(mac / 0x1_0000_0000);
  const text = `${hexByte(high >>> 8)}:${hexByte(high & 0xff)}:${hexByte(low >>> 24)}:${hexByte((low >>> 16) & 0xff)}:${hexByte((low >>> 8) & 0xff)}:${hexByte(low & 0xff)}`;
  macNumbers[place] = mac;
  macTexts[place] = text;
  return text;
}

/**
 * Writes the address into the four words at `offset` (an IPv4 address in its mapped form) and returns its
 * version; 0, with the words untouched, if `text` is no address. Zone ids and prefix lengths are none.
 */
export function parseIp(text: string, out: Uint32Array, offset: number): 4 | 6 | 0 {
  if (text.includes(':')) return parseIpv6(text, out, offset) ? 6 : 0;
  const word = parseIpv4(text);
  if (word < 0) return 0;
  out[offset] = 0;
  out[offset + 1] = 0;
  out[offset + 2] = MAPPED_PREFIX;
  out[offset + 3] = word;
  return 4;
}

/** The address as an unsigned 32-bit number; -1 if `text` is not dotted decimal. Leading zeros are refused: some read them as octal. */
export function parseIpv4(text: string): number {
  const parts = text.split('.');
  if (parts.length !== 4) return -1;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return -1;
    const byte = Number(part);
    if (byte > 255) return -1;
    word = word * 256 + byte;
  }
  return word;
}

/** The address as a 48-bit integer; -1 if `text` is not six hexadecimal bytes joined by colons or hyphens. */
export function parseMac(text: string): number {
  if (!/^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text)) return -1;
  return Number.parseInt(text.replaceAll(/[:-]/g, ''), 16);
}

function parseIpv6(text: string, out: Uint32Array, offset: number): boolean {
  if (text.length > 45) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === null || tail === null) return false;
  const missing = GROUPS - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return false;
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  for (let i = 0; i < 4; i++) out[offset + i] = all[2 * i]! * 0x10000 + all[2 * i + 1]!;
  return true;
}

/** 16-bit groups of one side of `::`; the last may be a dotted IPv4 address where `isLast`. */
function parseGroups(text: string, isLast: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const result: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (isLast && i === parts.length - 1 && part.includes('.')) {
      const word = parseIpv4(part);
      if (word < 0) return null;
      result.push(Math.floor(word / 0x10000), word & 0xffff);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      result.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return result;
}

/** RFC 5952 §4.2: the longest run of two or more zero groups, the first of equals; start × 16 + length, or -1. */
function longestZeroRun(): number {
  let best = -1;
  let bestLength = 1;
  let length = 0;
  for (let i = 0; i < GROUPS; i++) {
    length = groups[i] === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestLength = length;
      best = ((i - length + 1) << 4) | length;
    }
  }
  return best;
}

function joinGroups(start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += (i > start ? ':' : '') + groups[i]!.toString(16);
  return text;
}

function hexByte(byte: number): string {
  return HEX_BYTES[byte]!;
}

const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
