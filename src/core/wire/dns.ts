/**
 * DNS message: the header and the first question (RFC 1035 §4.1), read in place.
 *
 * `at()` never reads past `end` and its loops are bounded: a compression pointer must point before
 * the labels that led to it, and a name has at most 255 bytes on the wire.
 */

const HEADER_BYTES = 12;
const FLAGS = 2;
const QUESTIONS = 4;
const ANSWERS = 6;
const RESPONSE = 0x8000;
const OPCODE = 0x7800;
const UPDATE = 5 << 11;
const MAX_NAME_BYTES = 255;
const POINTER = 0xc0;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const ZERO = 0x30;
const NO_NAME = -1;

export class DnsMessage {
  /** The first question's name: lower case, without trailing dot, in `nameBytes[0, nameLength)`. Not printable bytes are `\DDD`. */
  readonly nameBytes = new Uint8Array(4 * MAX_NAME_BYTES);
  /** -1: there is no question, or it cannot be read. The root name has length 0. */
  nameLength = NO_NAME;
  /** -1: as for the name. */
  qtype = -1;
  /** The question or the header is malformed, rather than cut by the capture. */
  isMalformed = false;
  isResponse = false;
  /** A dynamic update (RFC 2136): its sections hold prerequisites and updates, not answers. */
  isUpdate = false;
  answerCount = 0;

  /**
   * Reads the message in `view[start, end)`, of which `wireEnd - start` bytes were sent; false if there is
   * no whole header.
   */
  at(view: DataView, start: number, end: number, wireEnd: number): boolean {
    this.nameLength = NO_NAME;
    this.qtype = -1;
    this.isMalformed = wireEnd - start < HEADER_BYTES;
    if (end - start < HEADER_BYTES) return false;
    const flags = view.getUint16(start + FLAGS);
    this.isResponse = (flags & RESPONSE) !== 0;
    this.isUpdate = (flags & OPCODE) === UPDATE;
    this.answerCount = view.getUint16(start + ANSWERS);
    if (view.getUint16(start + QUESTIONS) > 0 && !this.#readQuestion(view, start, end))
      this.isMalformed = end >= wireEnd;
    return true;
  }

  #readQuestion(view: DataView, start: number, end: number): boolean {
    const after = this.#readName(view, start, end);
    if (after < 0) return false;
    if (after + 2 > end) {
      this.nameLength = NO_NAME;
      return false;
    }
    this.qtype = view.getUint16(after);
    return true;
  }

  /** Fills the name and returns the index after it in the question; -1 if it is malformed or cut. */
  #readName(view: DataView, message: number, end: number): number {
    let at = message + HEADER_BYTES;
    let runStart = at;
    let after = -1;
    let wireBytes = 0;
    let length = 0;
    while (at < end) {
      const labelBytes = view.getUint8(at);
      if (labelBytes === 0) {
        this.nameLength = length;
        return after < 0 ? at + 1 : after;
      }
      if ((labelBytes & POINTER) === POINTER) {
        if (at + 2 > end) return -1;
        const target = message + (view.getUint16(at) & 0x3fff);
        if (after < 0) after = at + 2;
        if (target >= runStart) return -1;
        at = target;
        runStart = target;
        continue;
      }
      wireBytes += labelBytes + 1;
      if ((labelBytes & POINTER) !== 0 || wireBytes > MAX_NAME_BYTES) return -1;
      if (at + 1 + labelBytes > end) return -1;
      if (length > 0) this.nameBytes[length++] = DOT;
      length = this.#copyLabel(view, at + 1, labelBytes, length);
      at += 1 + labelBytes;
    }
    return -1;
  }

  #copyLabel(view: DataView, start: number, labelBytes: number, nameLength: number): number {
    const name = this.nameBytes;
    let length = nameLength;
    for (let i = start; i < start + labelBytes; i++) {
      const byte = view.getUint8(i);
      if (byte >= 0x41 && byte <= 0x5a) {
        name[length++] = byte + 0x20;
      } else if (byte === DOT || byte === BACKSLASH) {
        name[length++] = BACKSLASH;
        name[length++] = byte;
      } else if (byte >= 0x20 && byte < 0x7f) {
        name[length++] = byte;
      } else {
        name[length++] = BACKSLASH;
        name[length++] = ZERO + Math.floor(byte / 100);
        name[length++] = ZERO + (Math.floor(byte / 10) % 10);
        name[length++] = ZERO + (byte % 10);
      }
    }
    return length;
  }
}
