/**
 * Who or what was met before, one bit each (a Bloom filter with one hash): two halves, of which the older is emptied
 * whenever packet time has passed `halfMicros`, so that what is noted is known for one to two times as long. What
 * shares a bit with something else is taken for known: with `n` noted of `bits`, one in `bits / n`.
 */
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { pairKey } from './endpoint.ts';

export class ContactSketch {
  readonly #mask: number;
  readonly #halfMicros: number;
  #newer: Uint32Array;
  #older: Uint32Array;
  #endMicros = 0;

  /** @param bits of each half, a power of two */
  constructor(bits: number, halfMicros: number) {
    this.#mask = bits - 1;
    this.#halfMicros = halfMicros;
    this.#newer = new Uint32Array(bits / 32);
    this.#older = new Uint32Array(bits / 32);
  }

  has(key: number): boolean {
    const place = this.#placeOf(key);
    return (((this.#newer[place >>> 5]! | this.#older[place >>> 5]!) >>> (place & 31)) & 1) !== 0;
  }

  /** Whether it was known before. */
  note(key: number, tsMicros: number): boolean {
    if (tsMicros >= this.#endMicros) this.#turn(tsMicros);
    const isKnown = this.has(key);
    const place = this.#placeOf(key);
    this.#newer[place >>> 5]! |= 1 << (place & 31);
    return isKnown;
  }

  #turn(tsMicros: number): void {
    const isQuiet = tsMicros >= this.#endMicros + this.#halfMicros;
    [this.#newer, this.#older] = [this.#older, this.#newer];
    this.#newer.fill(0);
    if (isQuiet) this.#older.fill(0);
    this.#endMicros = tsMicros + this.#halfMicros;
  }

  #placeOf(key: number): number {
    return (pairKey(key, 0x5ca9) >>> 0) & this.#mask;
  }

  save(writer: StateWriter): void {
    writer.array(this.#newer);
    writer.array(this.#older);
    writer.number(this.#endMicros);
  }

  /** Into a new sketch of the same size. */
  load(reader: StateReader): void {
    reader.array(this.#newer);
    reader.array(this.#older);
    this.#endMicros = reader.number();
  }
}
