/**
 * Bytes to strings without building the same string twice: a direct-mapped cache of the last strings
 * read, compared byte by byte. Host names, user agents and paths repeat from packet to packet.
 *
 * Bytes become the characters of the same number (Latin-1), so nothing is lost; only NUL, which
 * PostgreSQL's text cannot hold, becomes U+FFFD. Capacity is fixed: a new string takes the slot of an old one.
 */

const SLOTS = 4096;
const MAX_CACHED_CHARS = 256;
const REPLACEMENT = '\ufffd';

export class TextReader {
  readonly #slots: string[] = new Array<string>(SLOTS).fill('');

  read(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length <= 0) return '';
    if (length > MAX_CACHED_CHARS) return build(bytes, start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.#slots[slot]!;
    if (isEqual(known, bytes, start, length)) return known;
    const text = build(bytes, start, end);
    this.#slots[slot] = text;
    return text;
  }
}

function isEqual(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]!) return false;
  return true;
}

function build(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let hasNul = false;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    const a = bytes[i]!;
    const b = bytes[i + 1]!;
    const c = bytes[i + 2]!;
    const d = bytes[i + 3]!;
    const e = bytes[i + 4]!;
    const f = bytes[i + 5]!;
    const g = bytes[i + 6]!;
    const h = bytes[i + 7]!;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; i < end; i++) text += String.fromCharCode(bytes[i]!);
  for (let k = start; k < end; k++) hasNul ||= bytes[k] === 0;
  return hasNul ? text.replaceAll('\0', REPLACEMENT) : text;
}
