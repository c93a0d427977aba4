/**
 * Second stage of boosting: per bin, the sum of the gradients and hessians of a node's rows.
 *
 * Gradient and hessian of a row are rounded to whole numbers and packed into one float,
 * `g · 2²⁶ + h`, so one addition counts both. All sums stay below 2⁵³ and are therefore exact:
 * they do not depend on the order of addition, and a child is its parent minus its sibling to the
 * last bit. Rounding is random with the right mean, so a sum over many rows is right though each
 * row is coarse; leaf values are computed from the unrounded gradients.
 */
import { HistogramKernel } from '../kernels/histogram.ts';
import type { BinnedMatrix } from './binning.ts';
import type { Random } from './random.ts';

const HESSIAN_SPAN = 2 ** 26;
/** Finer than this changes no split. */
const MAX_LEVELS = 4096;

/** Quantised gradients of all rows; a sum is scaled back by the two units. */
export interface PackedGradients {
  readonly packed: Float64Array;
  gradientUnit: number;
  hessianUnit: number;
}

/** What the rounding must know of rows that other threads have: how many are drawn in all, and before these. */
export interface RowsOfAll {
  readonly count: number;
  readonly before: number;
  readonly maxGradient: number;
  readonly maxHessian: number;
}

/** Rounds the gradients of `rows` (first `count`) into `into`. Draws two numbers for each row of all. */
export function packGradients(
  gradients: Float64Array,
  hessians: Float64Array,
  rows: Uint32Array,
  count: number,
  random: Random,
  into: PackedGradients,
  all: RowsOfAll = { count, before: 0, ...largestOf(gradients, hessians, rows, count) },
): void {
  // With `count · levels < 2²⁶` no sum of hessians spills into the gradients, none of gradients over 2⁵³.
  const levels = Math.min(MAX_LEVELS, Math.floor((HESSIAN_SPAN - 1) / all.count) - 1);
  into.gradientUnit = all.maxGradient > 0 ? all.maxGradient / levels : 1;
  into.hessianUnit = all.maxHessian > 0 ? all.maxHessian / levels : 1;
  const gradientScale = 1 / into.gradientUnit;
  const hessianScale = 1 / into.hessianUnit;
  const { packed } = into;
  for (let i = 0; i < 2 * all.before; i++) random.uint32();
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const gradient = Math.floor(gradients[row]! * gradientScale + random.float());
    const hessian = Math.floor(hessians[row]! * hessianScale + random.float());
    packed[row] = gradient * HESSIAN_SPAN + hessian;
  }
  for (let i = all.before + count; i < all.count; i++) {
    random.uint32();
    random.uint32();
  }
}

/** Of the first `count` of `rows`. */
export function largestOf(
  gradients: Float64Array,
  hessians: Float64Array,
  rows: Uint32Array,
  count: number,
): { maxGradient: number; maxHessian: number } {
  let maxGradient = 0;
  let maxHessian = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const size = Math.abs(gradients[row]!);
    if (size > maxGradient) maxGradient = size;
    if (hessians[row]! > maxHessian) maxHessian = hessians[row]!;
  }
  return { maxGradient, maxHessian };
}

/** The gradient of a packed sum, in gradient units. */
export function gradientOf(packed: number): number {
  return Math.floor(packed / HESSIAN_SPAN);
}

/** The hessian of a packed sum, in hessian units. */
export function hessianOf(packed: number): number {
  return packed - Math.floor(packed / HESSIAN_SPAN) * HESSIAN_SPAN;
}

/** Counts the bins of nodes' rows. */
export interface HistogramBuilder {
  /** From now on, only the sums of these features are asked for; a byte per feature. */
  use(isFeatureUsed: Uint8Array): void;
  /** Hot path: fills `histogram` from `rows[begin..end)`. */
  build(
    histogram: Float64Array,
    packed: Float64Array,
    rows: Uint32Array,
    begin: number,
    end: number,
  ): void;
}

/** By the kernel where the machine has it. Sums are exact, so both ways come to the same bits. */
export function createHistogramBuilder(binned: BinnedMatrix): HistogramBuilder {
  const kernel = HistogramKernel.create(binned);
  return kernel ? new KernelHistogram(kernel) : new PlainHistogram(binned);
}

class KernelHistogram implements HistogramBuilder {
  readonly #kernel: HistogramKernel;

  constructor(kernel: HistogramKernel) {
    this.#kernel = kernel;
  }

  use(isFeatureUsed: Uint8Array): void {
    this.#kernel.use(isFeatureUsed);
  }

  build(
    histogram: Float64Array,
    packed: Float64Array,
    rows: Uint32Array,
    begin: number,
    end: number,
  ): void {
    const { rows: own, values, sums } = this.#kernel;
    for (let i = begin; i < end; i++) {
      const row = rows[i]!;
      own[i - begin] = row;
      values[i - begin] = packed[row]!;
    }
    this.#kernel.count(end - begin);
    histogram.set(sums);
  }
}

/** Without the kernel, and what the kernel is held against. */
export class PlainHistogram implements HistogramBuilder {
  readonly #binned: BinnedMatrix;
  /** Bins of four features to a word: `words[group * rowCount + row]`. */
  readonly #words: Uint32Array;
  readonly #isFeatureUsed: Uint8Array;
  /** The node's packed gradients. */
  readonly #values: Float64Array;

  constructor(binned: BinnedMatrix) {
    const { rowCount, featureCount } = binned;
    const groupCount = Math.ceil(featureCount / 4);
    this.#binned = binned;
    this.#words = packBins(binned, groupCount);
    this.#isFeatureUsed = new Uint8Array(4 * groupCount);
    this.#values = new Float64Array(rowCount);
  }

  use(isFeatureUsed: Uint8Array): void {
    this.#isFeatureUsed.set(isFeatureUsed);
  }

  build(
    histogram: Float64Array,
    packed: Float64Array,
    rows: Uint32Array,
    begin: number,
    end: number,
  ): void {
    const words = this.#words;
    const values = this.#values;
    const isFeatureUsed = this.#isFeatureUsed;
    const { offsets, rowCount, featureCount } = this.#binned;
    const size = end - begin;
    for (let i = 0; i < size; i++) values[i] = packed[rows[begin + i]!]!;
    histogram.fill(0);
    for (let first = 0; first < featureCount; first += 4) {
      const isUsed =
        isFeatureUsed[first]! |
        isFeatureUsed[first + 1]! |
        isFeatureUsed[first + 2]! |
        isFeatureUsed[first + 3]!;
      if (isUsed === 0) continue;
      // The bytes of features that do not exist are 0: they count in the slot behind the last feature's.
      const spare = offsets[featureCount]!;
      const a = offsets[first]!;
      const b = first + 1 < featureCount ? offsets[first + 1]! : spare;
      const c = first + 2 < featureCount ? offsets[first + 2]! : spare;
      const d = first + 3 < featureCount ? offsets[first + 3]! : spare;
      const base = (first / 4) * rowCount;
      for (let i = 0; i < size; i++) {
        const word = words[base + rows[begin + i]!]!;
        const value = values[i]!;
        histogram[a + (word & 255)]! += value;
        histogram[b + ((word >>> 8) & 255)]! += value;
        histogram[c + ((word >>> 16) & 255)]! += value;
        histogram[d + (word >>> 24)]! += value;
      }
    }
  }
}

function packBins({ rowCount, featureCount, columns }: BinnedMatrix, groupCount: number) {
  const words = new Uint32Array(groupCount * rowCount);
  for (let f = 0; f < featureCount; f++) {
    const from = f * rowCount;
    const to = (f >> 2) * rowCount;
    const shift = (f & 3) * 8;
    for (let row = 0; row < rowCount; row++) {
      words[to + row] = words[to + row]! | (columns[from + row]! << shift);
    }
  }
  return words;
}

/** One slot more than the features have: see `PlainHistogram`. */
export function createHistogram(binned: BinnedMatrix): Float64Array {
  return new Float64Array(binned.offsets[binned.featureCount]! + 1);
}

/** `parent` becomes the histogram of the child that `sibling` is not, in slots `begin` to `end` − 1. */
export function subtractHistogram(
  parent: Float64Array,
  sibling: Float64Array,
  begin = 0,
  end = parent.length,
): void {
  for (let i = begin; i < end; i++) parent[i]! -= sibling[i]!;
}

/** `sum` becomes the sum of `parts`, in slots `begin` to `end` − 1. */
export function addHistograms(
  sum: Float64Array,
  parts: readonly Float64Array[],
  begin: number,
  end: number,
): void {
  const [first, ...others] = parts;
  if (first === undefined) return;
  sum.set(first.subarray(begin, end), begin);
  for (const part of others) for (let i = begin; i < end; i++) sum[i]! += part[i]!;
}
