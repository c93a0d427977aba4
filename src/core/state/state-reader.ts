/**
 * Reads what a `StateWriter` wrote, in the same order. Whatever the bytes are it throws nothing but a
 * `StateError`, and it allocates no more than the bytes that are there can fill. That the bytes are what was
 * written, a checksum around them must say: a changed number is a number.
 */
import type { NumberArray } from '../../contract/number-array.ts';
import { StateError } from './state-error.ts';
import { kindOf, Tag } from './state-writer.ts';

export class StateReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number(): number {
    this.#expect(Tag.NUMBER, 9);
    const value = this.#view.getFloat64(this.#at + 1, true);
    this.#at += 9;
    return value;
  }

  /** A whole number from 0 to `max`: of things that are about to be read. */
  count(max: number): number {
    const value = this.number();
    if (!(Number.isInteger(value) && value >= 0 && value <= max))
      throw new StateError(`it counts ${value} where at most ${max} are possible`);
    return value;
  }

  text(): string {
    this.#expect(Tag.TEXT, 5);
    const length = this.#view.getUint32(this.#at + 1, true);
    this.#at += 5;
    this.#need(2 * length);
    let text = '';
    // In parts: a function takes so many arguments only.
    for (let done = 0; done < length; done += 4096) {
      const units = new Uint16Array(Math.min(4096, length - done));
      for (let unit = 0; unit < units.length; unit++)
        units[unit] = this.#view.getUint16(this.#at + 2 * (done + unit), true);
      text += String.fromCharCode(...units);
    }
    this.#at += 2 * length;
    return text;
  }

  /** Fills the first elements of `target`, which must be of the kind that was written; returns how many. */
  array(target: NumberArray): number {
    const length = this.#arrayLength(kindOf(target));
    if (length > target.length)
      throw new StateError(`it has ${length} values where ${target.length} have room`);
    this.#copy(target, length);
    return length;
  }

  numbers(): number[] {
    const length = this.#arrayLength(kindOf(NO_NUMBERS));
    this.#need(8 * length);
    const values = new Float64Array(length);
    this.#copy(values, length);
    return [...values];
  }

  json(): unknown {
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new StateError('a part of it is no JSON');
    }
  }

  /** What `StateWriter.map` wrote, into an empty map. */
  map<Key, Value>(into: Map<Key, Value>): void {
    for (const [key, value] of this.json() as [Key, Value][]) into.set(key, value);
  }

  /** Nothing may be left over. */
  end(): void {
    if (this.#at !== this.#bytes.length)
      throw new StateError(`it has ${this.#bytes.length - this.#at} bytes too many`);
  }

  #arrayLength(kind: number): number {
    this.#expect(Tag.ARRAY, 6);
    const found = this.#view.getUint8(this.#at + 1);
    if (found !== kind) throw new StateError(`it has an array of kind ${found}, not ${kind}`);
    const length = this.#view.getUint32(this.#at + 2, true);
    this.#at += 6;
    return length;
  }

  #copy(target: NumberArray, length: number): void {
    const bytes = length * target.BYTES_PER_ELEMENT;
    this.#need(bytes);
    const into = new Uint8Array(target.buffer, target.byteOffset, bytes);
    into.set(this.#bytes.subarray(this.#at, this.#at + bytes));
    this.#at += bytes;
  }

  #expect(tag: number, bytes: number): void {
    this.#need(bytes);
    const found = this.#bytes[this.#at];
    if (found !== tag) throw new StateError(`it has a value of kind ${found}, not ${tag}`);
  }

  #need(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) throw new StateError('it ends too early');
  }
}

const NO_NUMBERS = new Float64Array(0);
