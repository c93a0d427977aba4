/**
 * Finds values' bins. The leading bits of a float, within the range of a feature's cuts, lead through a table to the few
 * cuts that must be compared; twice as fast as searching them all.
 */

/** Entries of a feature's table. */
const TABLE_SIZE = 2048;

export class BinFinder {
  readonly #cuts: readonly Float32Array[];
  /** Per feature and leading bits, counted from those of the first cut: how many cuts have lower ones. */
  readonly #tables: Uint8Array;
  readonly #shifts: Uint8Array;
  readonly #first: Uint32Array;
  readonly #last: Uint32Array;
  readonly #value = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#value.buffer);

  /** Per feature, ascending, at most 254. */
  constructor(cuts: readonly Float32Array[]) {
    this.#cuts = cuts;
    this.#tables = new Uint8Array(cuts.length * (TABLE_SIZE + 1));
    this.#shifts = new Uint8Array(cuts.length);
    this.#first = new Uint32Array(cuts.length);
    this.#last = new Uint32Array(cuts.length);
    for (const [feature, own] of cuts.entries()) if (own.length > 0) this.#fill(feature, own);
  }

  /** Hot path: how many cuts lie below `value`, which is no NaN. */
  find(feature: number, value: number): number {
    const cuts = this.#cuts[feature]!;
    if (cuts.length === 0) return 0;
    const lead = this.#orderOf(value) >>> this.#shifts[feature]!;
    if (lead < this.#first[feature]!) return 0;
    if (lead > this.#last[feature]!) return cuts.length;
    const entry = feature * (TABLE_SIZE + 1) + lead - this.#first[feature]!;
    let low = this.#tables[entry]!;
    let high = this.#tables[entry + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= cuts[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #fill(feature: number, cuts: Float32Array): void {
    const orders = Array.from(cuts, (cut) => this.#orderOf(cut));
    const lowest = orders[0]!;
    const highest = orders.at(-1)!;
    let shift = 0;
    while ((highest >>> shift) - (lowest >>> shift) >= TABLE_SIZE) shift++;
    this.#shifts[feature] = shift;
    this.#first[feature] = lowest >>> shift;
    this.#last[feature] = highest >>> shift;
    const begin = feature * (TABLE_SIZE + 1);
    let below = 0;
    for (let entry = 0; entry <= TABLE_SIZE; entry++) {
      while (below < orders.length && (orders[below]! >>> shift) - (lowest >>> shift) < entry)
        below++;
      this.#tables[begin + entry] = below;
    }
  }

  #orderOf(value: number): number {
    this.#value[0] = value + 0; // no negative zero
    return orderOfBits(this.#bits[0]!);
  }
}

/** Turns the bits of a float into a number that sorts as the float does. */
function orderOfBits(bits: number): number {
  return (bits ^ ((bits >> 31) | 0x80000000)) >>> 0;
}
