/**
 * Writes what an object remembers as bytes, for a `StateReader` on the same kind of machine to read in the
 * same order. Every value goes with its kind, arrays with their length, so that a reader that expects
 * something else notices at once. Numbers are 64-bit floats as they are in memory: nothing is rounded.
 *
 * Arrays are copied once, into pieces of their own: a state of 100 MB is not moved again and again. Past
 * `MAX_STATE_BYTES` it gives up: the tables' caps together allow for more than should be held twice.
 */

import type { NumberArray } from '../../contract/number-array.ts';
import { StateError } from './state-error.ts';

/** In front of every value. */
export const Tag = { NUMBER: 1, TEXT: 2, ARRAY: 3 } as const;

/** The kind of an array is its place here. */
const KINDS = [
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
];

/** A state that is larger is neither written nor read. */
export const MAX_STATE_BYTES = 512 << 20;

/** Small values share pieces of this size. */
const PIECE_BYTES = 1 << 16;

export function kindOf(array: NumberArray): number {
  return KINDS.findIndex((kind) => array instanceof kind);
}

export class StateWriter {
  readonly #pieces: Uint8Array[] = [];
  #piece = new Uint8Array(PIECE_BYTES);
  #view = new DataView(this.#piece.buffer);
  #used = 0;
  #byteLength = 0;

  number(value: number): void {
    this.#reserve(9);
    this.#view.setUint8(this.#used, Tag.NUMBER);
    this.#view.setFloat64(this.#used + 1, value, true);
    this.#used += 9;
  }

  /** Of any length; two bytes a UTF-16 unit, so that whatever a packet carried comes back as it was. */
  text(value: string): void {
    this.#reserve(5);
    this.#view.setUint8(this.#used, Tag.TEXT);
    this.#view.setUint32(this.#used + 1, value.length, true);
    this.#used += 5;
    for (let at = 0; at < value.length; at++) {
      this.#reserve(2);
      this.#view.setUint16(this.#used, value.charCodeAt(at), true);
      this.#used += 2;
    }
  }

  /** The first `length` elements. */
  array(values: NumberArray, length = values.length): void {
    this.#reserve(6);
    this.#view.setUint8(this.#used, Tag.ARRAY);
    this.#view.setUint8(this.#used + 1, kindOf(values));
    this.#view.setUint32(this.#used + 2, length, true);
    this.#used += 6;
    const bytes = new Uint8Array(
      values.buffer,
      values.byteOffset,
      length * values.BYTES_PER_ELEMENT,
    );
    if (bytes.length <= PIECE_BYTES - this.#used) {
      this.#piece.set(bytes, this.#used);
      this.#used += bytes.length;
      return;
    }
    this.#close();
    this.#grow(bytes.length);
    this.#pieces.push(bytes.slice());
  }

  numbers(values: readonly number[]): void {
    this.array(Float64Array.from(values));
  }

  /** Anything that survives JSON. For little and irregular things. */
  json(value: unknown): void {
    this.text(JSON.stringify(value));
  }

  /** Of keys and values that survive JSON, in the map's order. */
  map(map: ReadonlyMap<unknown, unknown>): void {
    this.json([...map]);
  }

  /** Everything written, in order. The writer may not be used afterwards. */
  pieces(): readonly Uint8Array[] {
    this.#close();
    return this.#pieces;
  }

  bytes(): Uint8Array {
    const pieces = this.pieces();
    const all = new Uint8Array(this.#byteLength);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes > PIECE_BYTES) this.#close();
  }

  #close(): void {
    this.#grow(this.#used);
    this.#pieces.push(this.#piece.subarray(0, this.#used));
    this.#piece = new Uint8Array(PIECE_BYTES);
    this.#view = new DataView(this.#piece.buffer);
    this.#used = 0;
  }

  #grow(bytes: number): void {
    this.#byteLength += bytes;
    if (this.#byteLength > MAX_STATE_BYTES)
      throw new StateError(`it is larger than ${MAX_STATE_BYTES} bytes`);
  }
}
