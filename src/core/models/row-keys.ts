/**
 * A row as integers that sort like its 32-bit floats, so that scoring compares integers and needs no
 * case for missing values: feature `f` stands twice, in slot `2f` with NaN above everything (it goes
 * right) and in slot `2f + 1` with NaN below everything (it goes left); a node names the slot it
 * wants. The last slot is below everything: leaves compare with it and stay where they are.
 */

const BELOW_ALL = -0x80000000;
const ABOVE_ALL = 0x7fffffff;
const INFINITY_BITS = 0x7f800000;

const scratchFloat = new Float32Array(1);
const scratchBits = new Int32Array(scratchFloat.buffer);

/** Reused for every row that a model scores. */
export class RowKeys {
  readonly keys: Int32Array;
  readonly #floats: Float32Array;
  readonly #bits: Int32Array;

  constructor(featureCount: number) {
    this.keys = new Int32Array(2 * featureCount + 1);
    this.keys[2 * featureCount] = BELOW_ALL;
    this.#floats = new Float32Array(featureCount);
    this.#bits = new Int32Array(this.#floats.buffer);
  }

  /** Throws RangeError where the row has not as many values as the model has features. */
  set(row: Float64Array): void {
    const floats = this.#floats;
    const bits = this.#bits;
    const keys = this.keys;
    const count = floats.length;
    if (row.length !== count) {
      throw new RangeError(`Cannot score a row of ${row.length} values: the model has ${count}`);
    }
    for (let f = 0; f < count; f++) floats[f] = row[f]!;
    for (let f = 0; f < count; f++) {
      const word = bits[f]!;
      if ((word & 0x7fffffff) > INFINITY_BITS) {
        keys[2 * f] = ABOVE_ALL;
        keys[2 * f + 1] = BELOW_ALL;
      } else {
        const key = word ^ ((word >> 31) & 0x7fffffff);
        keys[2 * f] = key;
        keys[2 * f + 1] = key;
      }
    }
  }
}

/** The key of a split's threshold. Negative zero becomes zero: the key of a row's −0 is just below, on the same side. */
export function keyOf(threshold: number): number {
  scratchFloat[0] = threshold + 0;
  const word = scratchBits[0]!;
  return word ^ ((word >> 31) & 0x7fffffff);
}

/** The threshold of a key: the inverse of `keyOf`. */
export function thresholdOf(key: number): number {
  scratchBits[0] = key ^ ((key >> 31) & 0x7fffffff);
  return scratchFloat[0]!;
}

/** Whether a key stands for a finite 32-bit float. */
export function isFiniteKey(key: number): boolean {
  return key < INFINITY_BITS && key > ~INFINITY_BITS;
}
