import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

/**
 * Maps numeric keys to dense slots 0..size-1 in fixed memory, for tables that every packet touches.
 *
 * Open addressing with linear probing over typed arrays: a lookup allocates nothing. When the index
 * is full a new key gets -1 and `refused` grows: the caller's stated loss. `clear()` forgets all keys.
 */
export class KeyIndex {
  readonly capacity: number;
  /** Keys that found no room since the start. */
  refused = 0;
  readonly #mask: number;
  readonly #keys: Float64Array;
  readonly #slots: Int32Array;
  #size = 0;

  /** Memory: 24 to 48 bytes per key of capacity. */
  constructor(capacity: number) {
    this.capacity = capacity;
    // At most half full, so that probes stay short.
    const places = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.#mask = places - 1;
    this.#keys = new Float64Array(places);
    this.#slots = new Int32Array(places).fill(-1);
  }

  get size(): number {
    return this.#size;
  }

  /** The slot of `key`, or -1. */
  find(key: number): number {
    let place = hash(key) & this.#mask;
    for (let slot = this.#slots[place]!; slot >= 0; slot = this.#slots[place]!) {
      if (this.#keys[place] === key) return slot;
      place = (place + 1) & this.#mask;
    }
    return -1;
  }

  /** The slot of `key`, taking the next free one when it is new; -1 when there is none left. */
  findOrAdd(key: number): number {
    let place = hash(key) & this.#mask;
    for (let slot = this.#slots[place]!; slot >= 0; slot = this.#slots[place]!) {
      if (this.#keys[place] === key) return slot;
      place = (place + 1) & this.#mask;
    }
    if (this.#size === this.capacity) {
      this.refused++;
      return -1;
    }
    this.#keys[place] = key;
    this.#slots[place] = this.#size;
    return this.#size++;
  }

  clear(): void {
    if (this.#size === 0) return;
    this.#slots.fill(-1);
    this.#size = 0;
  }

  save(writer: StateWriter): void {
    const keys = new Float64Array(this.#size);
    for (const [place, slot] of this.#slots.entries())
      if (slot >= 0) keys[slot] = this.#keys[place]!;
    writer.array(keys);
    writer.number(this.refused);
  }

  /** Into a new index of the same capacity: the keys get the slots they had. */
  load(reader: StateReader): void {
    for (const key of reader.numbers()) this.findOrAdd(key);
    this.refused = reader.number();
  }
}

/** Murmur3's finaliser over both halves of the float. */
function hash(key: number): number {
  let mixed = (key | 0) ^ Math.imul((key / 4_294_967_296) | 0, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
