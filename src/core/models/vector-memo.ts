/**
 * What was made of the latest vectors, by the vector: the probes of a scan, the packets of a flood and the quiet
 * windows of a network give the same one again and again. Each vector has one place; the later takes it.
 */

/** A power of two. */
const PLACES = 512;
/** Odd multiples of the golden ratio's fraction: sums of different vectors differ. */
const STEP = 0.6180339887498949;

export class VectorMemo<Value> {
  readonly #length: number;
  readonly #vectors: Float64Array;
  readonly #values: (Value | undefined)[] = new Array(PLACES).fill(undefined);
  readonly #weights: Float64Array;
  #place = 0;

  /** Memory: 4 KiB per number of a vector. */
  constructor(length: number) {
    this.#length = length;
    this.#vectors = new Float64Array(PLACES * length);
    this.#weights = Float64Array.from({ length }, (_, i) => 1 + (((2 * i + 1) * STEP) % 1));
  }

  /** What `keep` was told of an equal vector; a vector with NaN equals none. Remembers the place for `keep`. */
  find(vector: Float64Array): Value | undefined {
    const length = this.#length;
    const weights = this.#weights;
    // Four sums, so that an addition need not wait for the one before.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      a += vector[i]! * weights[i]!;
      b += vector[i + 1]! * weights[i + 1]!;
      c += vector[i + 2]! * weights[i + 2]!;
      d += vector[i + 3]! * weights[i + 3]!;
    }
    for (; i < length; i++) a += vector[i]! * weights[i]!;
    const sum = a + b + c + d;
    // All digits of a sum below 2⁴¹ count, and whole numbers above.
    this.#place = (Math.imul((sum * 4096) | 0, 0x9e3779b1) ^ (sum | 0)) & (PLACES - 1);
    const value = this.#values[this.#place];
    if (value === undefined) return undefined;
    const begin = this.#place * length;
    for (let i = 0; i < length; i++) if (this.#vectors[begin + i] !== vector[i]!) return undefined;
    return value;
  }

  /** Keeps what was made of the vector that was not found. */
  keep(vector: Float64Array, value: Value): void {
    this.#vectors.set(vector, this.#place * this.#length);
    this.#values[this.#place] = value;
  }
}
