/**
 * Universal Binary JSON (draft 12, ubjson.org), as far as XGBoost writes it: to what JSON.parse would give, with arrays
 * of numbers as arrays. Throws `model_incompatible` whatever the bytes.
 */
import { textOf } from './text-of.ts';
import { refused } from './tree-table.ts';

const MAX_NESTING = 64;
/** Lists and objects: each costs far more memory than the two bytes that it may take. */
const MAX_CONTAINERS = 4_000_000;

export function parseUbjson(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(reader.marker(), 0);
  if (!reader.isAtEnd) throw refused('there are bytes behind its end');
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #containers = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next type, no-ops left out. */
  marker(): string {
    for (;;) {
      const at = this.#take(1);
      const marker = String.fromCharCode(this.#bytes[at]!);
      if (marker !== 'N') return marker;
    }
  }

  value(marker: string, depth: number): unknown {
    switch (marker) {
      case 'Z':
        return null;
      case 'T':
        return true;
      case 'F':
        return false;
      case 'S':
        return this.#text();
      case 'C':
        return String.fromCharCode(this.#bytes[this.#take(1)]!);
      case '[':
        return this.#array(depth + 1);
      case '{':
        return this.#object(depth + 1);
      default:
        return this.#number(marker);
    }
  }

  #number(marker: string): number {
    switch (marker) {
      case 'i':
        return this.#view.getInt8(this.#take(1));
      case 'U':
        return this.#view.getUint8(this.#take(1));
      case 'I':
        return this.#view.getInt16(this.#take(2));
      case 'l':
        return this.#view.getInt32(this.#take(4));
      case 'L':
        return Number(this.#view.getBigInt64(this.#take(8)));
      case 'd':
        return this.#view.getFloat32(this.#take(4));
      case 'D':
        return this.#view.getFloat64(this.#take(8));
      default:
        throw refused(`it holds the unknown type ${JSON.stringify(marker)}`);
    }
  }

  #array(depth: number): unknown[] {
    const { type, count } = this.#head(depth);
    const items: unknown[] = [];
    if (count === null) {
      for (let next = this.marker(); next !== ']'; next = this.marker())
        items.push(this.value(next, depth));
      return items;
    }
    for (let i = 0; i < count; i++) items.push(this.value(type ?? this.marker(), depth));
    return items;
  }

  #object(depth: number): Record<string, unknown> {
    const { type, count } = this.#head(depth);
    const entries: [string, unknown][] = [];
    for (let i = 0; count === null || i < count; i++) {
      const next = this.marker();
      if (count === null && next === '}') break;
      const key = this.#text(next);
      entries.push([key, this.value(type ?? this.marker(), depth)]);
    }
    return Object.fromEntries(entries);
  }

  /** `$type #count` or `#count` or nothing. Null count: up to the closing bracket. */
  #head(depth: number): { type: string | null; count: number | null } {
    if (depth > MAX_NESTING) throw refused(`it is nested deeper than ${MAX_NESTING}`);
    if (++this.#containers > MAX_CONTAINERS)
      throw refused(`it has more than ${MAX_CONTAINERS} lists and objects`);
    let type: string | null = null;
    if (this.#peek() === '$') {
      this.#at++;
      type = this.marker();
      if (this.#peek() !== '#') throw refused('an array of one type has no count');
    }
    if (this.#peek() !== '#') return { type: null, count: null };
    this.#at++;
    const count = this.#length(this.marker());
    // Values of these types take no bytes: a count alone could ask for any number of them.
    if (type !== null && 'ZTF'.includes(type)) throw refused('an array repeats one constant');
    return { type, count };
  }

  #text(marker = this.marker()): string {
    const length = this.#length(marker);
    const at = this.#take(length);
    return textOf(this.#bytes.subarray(at, at + length));
  }

  /** Everything that is counted takes at least a byte. */
  #length(marker: string): number {
    const length = this.#number(marker);
    if (!(Number.isInteger(length) && length >= 0 && length <= this.#bytes.length - this.#at))
      throw refused('it is shorter than it says');
    return length;
  }

  #peek(): string {
    return String.fromCharCode(this.#bytes[this.#at] ?? 0);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw refused('it is shorter than it says');
    this.#at = at + count;
    return at;
  }
}
