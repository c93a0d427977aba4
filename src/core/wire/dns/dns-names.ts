/**
 * The names of one DNS message as texts for JSON. Most names in an answer are one pointer to a name that was
 * read before: the texts of the last names read are kept by the offset at which they stand.
 */
import type { TextReader } from '../text-reader.ts';
import { DnsName } from './dns-name.ts';

/** Names kept of a message; a power of two. */
const KEPT = 16;
const POINTER = 0xc0;
const POINTER_OFFSET = 0x3fff;
const NONE = -1;
const ROOT = '.';

export class DnsNames {
  /** Index after the name that was read last; -1: it is malformed or cut. */
  after = NONE;
  readonly #name = new DnsName();
  readonly #offsets = new Int32Array(KEPT);
  readonly #texts = new Array<string>(KEPT).fill('');
  #count = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #message = 0;

  /** Begins another message, whose offsets count from `message`. */
  begin(view: DataView, message: number): void {
    this.#view = view;
    this.#message = message;
    this.#count = 0;
  }

  /** Text of the name at `at`, to be put between quotation marks; the root is ".". */
  read(at: number, end: number, text: TextReader): string {
    const view = this.#view;
    let offset = at - this.#message;
    if (at + 2 <= end && (view.getUint8(at) & POINTER) === POINTER) {
      offset = view.getUint16(at) & POINTER_OFFSET;
      const kept = this.#find(offset);
      if (kept !== NONE) {
        this.after = at + 2;
        return this.#texts[kept]!;
      }
    }
    const name = this.#name;
    this.after = name.read(view, this.#message, at, end);
    if (this.after < 0) return '';
    return this.keep(offset, name, text.read(name.bytes, 0, name.length));
  }

  /** Keeps a name of the message, whose text is known, and returns it for JSON. */
  keep(offset: number, name: DnsName, text: string): string {
    let json = text;
    if (name.length === 0) json = ROOT;
    else if (name.hasEscapes) json = JSON.stringify(text).slice(1, -1);
    const place = this.#count++ & (KEPT - 1);
    this.#offsets[place] = offset;
    this.#texts[place] = json;
    return json;
  }

  #find(offset: number): number {
    const kept = Math.min(this.#count, KEPT);
    for (let i = 0; i < kept; i++) if (this.#offsets[i] === offset) return i;
    return NONE;
  }
}
