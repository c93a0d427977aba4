/**
 * Drift: how far what a model sees now has moved from what it was trained on, value by value. Population stability index:
 * over bins of equal weight in training, the sum of (now − then) · ln(now / then). Below 0.1 is nothing, from 0.25 on the
 * model judges other traffic than it knows (the limits that credit scoring has used since the 1990s).
 */

export const DRIFT_ALARM = 0.25;
/** Fewer rows scatter by more than the alarm tells. */
export const MIN_DRIFT_ROWS = 200;

const BINS = 10;
/** Rows that each bin is given beforehand, so that an empty one is no infinity. */
const PRIOR_ROWS = 0.5;

/**
 * What a model file keeps of one value in training: how many cuts, the cuts, and the share of each bin, the one below the
 * least value and the one above the greatest among them, and last that of missing values.
 */
export function driftReference(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const cuts: number[] = [];
  if (sorted.length > 0) {
    const least = sorted[0]!;
    cuts.push(least - Math.max(1e-9, Math.abs(least) * 1e-9));
    for (let bin = 1; bin <= BINS; bin++) {
      const cut = sorted[Math.ceil((bin * sorted.length) / BINS) - 1]!;
      if (cut > cuts.at(-1)!) cuts.push(cut);
    }
  }
  const shares = sharesOf(cuts, values);
  return Float64Array.of(cuts.length, ...cuts, ...shares);
}

/** What is seen now of one value, counted by the bins of its reference. */
export class DriftCounts {
  readonly #cuts: Float64Array;
  readonly #then: Float64Array;
  readonly #counts: Float64Array;
  #total = 0;

  /** Throws RangeError where it is no reference of a value. */
  constructor(reference: Float64Array) {
    const cutCount = reference[0] ?? -1;
    const isWhole = Number.isInteger(cutCount) && cutCount >= 0;
    this.#then = reference.subarray(1 + cutCount);
    if (
      !isWhole ||
      reference.length !== 2 * cutCount + 3 ||
      this.#then.some((share) => !(share > 0))
    )
      throw new RangeError('This is no reference of a value');
    this.#cuts = reference.subarray(1, 1 + cutCount);
    this.#counts = new Float64Array(cutCount + 2);
  }

  add(value: number): void {
    this.#counts[binOf(this.#cuts, value)]! += 1;
    this.#total++;
  }

  /** Adds what another has counted by the same reference. */
  merge(other: DriftCounts): void {
    for (const [bin, count] of other.#counts.entries()) this.#counts[bin]! += count;
    this.#total += other.#total;
  }

  /** The population stability index. */
  stability(): number {
    const bins = this.#counts.length;
    const total = this.#total + PRIOR_ROWS * bins;
    let index = 0;
    for (let bin = 0; bin < bins; bin++) {
      const now = (this.#counts[bin]! + PRIOR_ROWS) / total;
      index += (now - this.#then[bin]!) * Math.log(now / this.#then[bin]!);
    }
    return index;
  }
}

/** The index of `values` against a reference. Throws RangeError where it is none. */
export function populationStability(reference: Float64Array, values: ArrayLike<number>): number {
  const counts = new DriftCounts(reference);
  for (let i = 0; i < values.length; i++) counts.add(values[i]!);
  return counts.stability();
}

function sharesOf(cuts: ArrayLike<number>, values: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(cuts.length + 2).fill(PRIOR_ROWS);
  for (let i = 0; i < values.length; i++) counts[binOf(cuts, values[i]!)]! += 1;
  const total = values.length + PRIOR_ROWS * counts.length;
  return counts.map((count) => count / total);
}

function binOf(cuts: ArrayLike<number>, value: number): number {
  if (Number.isNaN(value)) return cuts.length + 1;
  let bin = 0;
  while (bin < cuts.length && value > cuts[bin]!) bin++;
  return bin;
}
