/**
 * Domain names (RFC 1035 §3.1, §4.1.4): labels with compression to text, in place.
 *
 * Reading never goes past `end` and its loops are bounded: a compression pointer must point before the labels
 * that led to it, a name has at most 255 bytes on the wire and follows at most 127 pointers.
 */

const MAX_NAME_BYTES = 255;
/** As many as a name can have labels. */
const MAX_POINTERS = 127;
const POINTER = 0xc0;
const POINTER_OFFSET = 0x3fff;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const DOT = 0x2e;
const ZERO = 0x30;

/** Lower case of the bytes that stand for themselves in a name's text and in JSON; 0 for all others. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte <= 0x20 || byte >= 0x7f) return byte === 0x20 ? byte : 0;
  if (byte === DOT || byte === BACKSLASH || byte === QUOTE) return 0;
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
});

export class DnsName {
  /** Lower case, without trailing dot, in `bytes[0, length)`. Bytes that are not printable are `\DDD`. */
  readonly bytes = new Uint8Array(4 * MAX_NAME_BYTES);
  /** The root has length 0; -1: the name could not be read. */
  length = -1;
  /** There is a backslash or a quotation mark in the text. */
  hasEscapes = false;

  /** Reads the name at `start` of the message at `message`; the index after it there, -1 if it is malformed or cut. */
  read(view: DataView, message: number, start: number, end: number): number {
    let at = start;
    let runStart = start;
    let after = -1;
    let wireBytes = 0;
    let pointers = 0;
    let length = 0;
    this.length = -1;
    this.hasEscapes = false;
    while (at < end) {
      const labelBytes = view.getUint8(at);
      if (labelBytes === 0) {
        this.length = length;
        return after < 0 ? at + 1 : after;
      }
      if ((labelBytes & POINTER) === POINTER) {
        if (at + 2 > end || ++pointers > MAX_POINTERS) return -1;
        const target = message + (view.getUint16(at) & POINTER_OFFSET);
        if (after < 0) after = at + 2;
        if (target >= runStart) return -1;
        at = target;
        runStart = target;
        continue;
      }
      wireBytes += labelBytes + 1;
      if ((labelBytes & POINTER) !== 0 || wireBytes > MAX_NAME_BYTES) return -1;
      if (at + 1 + labelBytes > end) return -1;
      if (length > 0) this.bytes[length++] = DOT;
      length = this.#copyLabel(view, at + 1, labelBytes, length);
      at += 1 + labelBytes;
    }
    return -1;
  }

  #copyLabel(view: DataView, start: number, labelBytes: number, nameLength: number): number {
    const name = this.bytes;
    let length = nameLength;
    for (let i = start; i < start + labelBytes; i++) {
      const byte = view.getUint8(i);
      const plain = PLAIN[byte]!;
      if (plain !== 0) {
        name[length++] = plain;
        continue;
      }
      this.hasEscapes = true;
      if (byte === QUOTE) {
        name[length++] = byte;
        continue;
      }
      name[length++] = BACKSLASH;
      if (byte === DOT || byte === BACKSLASH) {
        name[length++] = byte;
      } else {
        name[length++] = ZERO + Math.floor(byte / 100);
        name[length++] = ZERO + (Math.floor(byte / 10) % 10);
        name[length++] = ZERO + (byte % 10);
      }
    }
    return length;
  }
}

/** The index after the name at `start`, without looking where it points; -1 if it is malformed or cut. */
export function skipName(view: DataView, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const labelBytes = view.getUint8(at);
    if (labelBytes === 0) return at + 1;
    if ((labelBytes & POINTER) === POINTER) return at + 2 > end ? -1 : at + 2;
    if ((labelBytes & POINTER) !== 0) return -1;
    at += 1 + labelBytes;
  }
  return -1;
}
