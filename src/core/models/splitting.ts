/**
 * Third stage of boosting: the split of a node that gains most, from its histogram. Second-order gain
 * with L2 as in XGBoost (Chen and Guestrin 2016, eq. 7); missing values go where they gain more, and
 * where a feature was never missing in training, to the heavier child.
 */
import type { BinnedMatrix } from './binning.ts';
import { gradientOf, hessianOf, type PackedGradients } from './histogram.ts';
import type { BinSplit } from './row-partition.ts';

export interface SplitLimits {
  readonly l2: number;
  readonly minChildWeight: number;
  readonly minSplitGain: number;
}

export interface GradientSplit extends BinSplit {
  readonly gain: number;
  /** Packed sum of the rows that go left. */
  readonly left: number;
}

/** The best split of a node whose rows sum up to `total`; null where none gains enough. */
export function findSplit(
  histogram: Float64Array,
  total: number,
  binned: BinnedMatrix,
  features: Uint16Array,
  gradients: PackedGradients,
  limits: SplitLimits,
): GradientSplit | null {
  const search = new SplitSearch(total, gradients, limits);
  for (let i = 0; i < features.length; i++) {
    const feature = features[i]!;
    const offset = binned.offsets[feature]!;
    const cutCount = binned.cuts[feature]!.length;
    const missing = binned.hasMissing[feature] === 1 ? histogram[offset + cutCount + 1]! : 0;
    search.sweep(histogram, offset, cutCount, feature, 0, missing !== 0);
    if (missing !== 0) search.sweep(histogram, offset, cutCount, feature, missing, true);
  }
  return search.best();
}

/** One node's search: the best so far in plain fields, so that the sweep allocates nothing. */
class SplitSearch {
  readonly #total: number;
  readonly #totalGradient: number;
  readonly #totalHessian: number;
  readonly #gradientUnit: number;
  readonly #hessianUnit: number;
  readonly #l2: number;
  readonly #minChildWeight: number;
  #score: number;
  readonly #ownScore: number;
  #feature = -1;
  #bin = 0;
  #isMissingLeft = false;
  #left = 0;

  constructor(total: number, gradients: PackedGradients, limits: SplitLimits) {
    this.#total = total;
    this.#gradientUnit = gradients.gradientUnit;
    this.#hessianUnit = gradients.hessianUnit;
    this.#totalGradient = gradientOf(total) * this.#gradientUnit;
    this.#totalHessian = hessianOf(total) * this.#hessianUnit;
    this.#l2 = limits.l2;
    this.#minChildWeight = limits.minChildWeight;
    this.#ownScore = this.#totalGradient ** 2 / (this.#totalHessian + this.#l2 + 1e-12);
    // The gain must exceed the limit, and rounding noise in any case.
    this.#score = this.#ownScore + 2 * limits.minSplitGain + 1e-9 * (1 + this.#ownScore);
  }

  /** Tries every cut of a feature with `start` (0, or the missing rows) already on the left. */
  sweep(
    histogram: Float64Array,
    offset: number,
    cutCount: number,
    feature: number,
    start: number,
    isDirectionLearned: boolean,
  ): void {
    const total = this.#total;
    const l2 = this.#l2 + 1e-12;
    const minChildWeight = this.#minChildWeight;
    let left = start;
    // With missing values on the right, the last bin alone on the left is a split too.
    const last = isDirectionLearned && start === 0 ? cutCount : cutCount - 1;
    for (let bin = 0; bin <= last; bin++) {
      const here = histogram[offset + bin]!;
      if (here === 0) continue;
      left += here;
      const leftHessian = hessianOf(left) * this.#hessianUnit;
      if (leftHessian < minChildWeight) continue;
      const rightHessian = this.#totalHessian - leftHessian;
      if (rightHessian < minChildWeight || left === total) break;
      const leftGradient = gradientOf(left) * this.#gradientUnit;
      const rightGradient = this.#totalGradient - leftGradient;
      const score =
        (leftGradient * leftGradient) / (leftHessian + l2) +
        (rightGradient * rightGradient) / (rightHessian + l2);
      if (score > this.#score) {
        this.#score = score;
        this.#feature = feature;
        this.#bin = bin;
        this.#left = left;
        this.#isMissingLeft = isDirectionLearned ? start !== 0 : leftHessian >= rightHessian;
      }
    }
  }

  best(): GradientSplit | null {
    if (this.#feature < 0) return null;
    return {
      feature: this.#feature,
      bin: this.#bin,
      isMissingLeft: this.#isMissingLeft,
      gain: (this.#score - this.#ownScore) / 2,
      left: this.#left,
    };
  }
}
