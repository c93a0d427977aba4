/**
 * Character strings of DNS data in zone file spelling (RFC 1035 §5.1), to be put between a JSON text's
 * quotation marks: bytes that are not printable are `\DDD`, and every backslash and quotation mark that JSON
 * would take for its own is escaped once more. Writes into memory of its own, at most `MAX_CHARS`.
 */
import type { TextReader } from '../text-reader.ts';

const MAX_CHARS = 1024;
/** One byte at its longest, `\\DDD`, and the marks around a string: what may come behind the last look at the length. */
const MARGIN_CHARS = 10;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const SPACE = 0x20;
const COMMA = 0x2c;
const ZERO = 0x30;

export class DnsStrings {
  /** What came did not all fit. */
  isCut = false;
  readonly #out = new Uint8Array(MAX_CHARS + MARGIN_CHARS);
  #length = 0;

  clear(): void {
    this.isCut = false;
    this.#length = 0;
  }

  /** Adds a string between quotation marks, with a space before it if it is not the first. */
  addQuoted(view: DataView, start: number, end: number): void {
    if (this.#isFull()) return;
    if (this.#length > 0) this.#out[this.#length++] = SPACE;
    this.#addQuote();
    this.addPlain(view, start, end);
    this.#addQuote();
  }

  /** Adds a string to a list with commas between. */
  addListed(view: DataView, start: number, end: number): void {
    if (this.#isFull()) return;
    if (this.#length > 0) this.#out[this.#length++] = COMMA;
    this.addPlain(view, start, end);
  }

  addPlain(view: DataView, start: number, end: number): void {
    for (let i = start; i < end && !this.#isFull(); i++) this.#addByte(view.getUint8(i));
  }

  take(text: TextReader): string {
    return text.read(this.#out, 0, this.#length);
  }

  #isFull(): boolean {
    this.isCut ||= this.#length >= MAX_CHARS;
    return this.isCut;
  }

  #addByte(byte: number): void {
    const out = this.#out;
    if (byte === BACKSLASH || byte === QUOTE) {
      out[this.#length++] = BACKSLASH;
      out[this.#length++] = BACKSLASH;
      out[this.#length++] = BACKSLASH;
      out[this.#length++] = byte;
    } else if (byte >= SPACE && byte < 0x7f) {
      out[this.#length++] = byte;
    } else {
      out[this.#length++] = BACKSLASH;
      out[this.#length++] = BACKSLASH;
      out[this.#length++] = ZERO + Math.floor(byte / 100);
      out[this.#length++] = ZERO + (Math.floor(byte / 10) % 10);
      out[this.#length++] = ZERO + (byte % 10);
    }
  }

  /** A quotation mark of the zone file's spelling. */
  #addQuote(): void {
    this.#out[this.#length++] = BACKSLASH;
    this.#out[this.#length++] = QUOTE;
  }
}
