/**
 * Third stage of boosting: the split of a node that gains most, from its histogram. Second-order gain
 * with L2 as in XGBoost (Chen and Guestrin 2016, eq. 7); missing values go where they gain more, and
 * where a feature was never missing in training, to the heavier child.
 */
import type { BinnedMatrix } from './binning.ts';
import { gradientOf, hessianOf, type PackedGradients } from './histogram.ts';
import { type Bounds, clamp, type Directions, UNBOUNDED } from './monotone.ts';
import type { BinSplit } from './row-partition.ts';

export interface SplitLimits {
  readonly l2: number;
  readonly minChildWeight: number;
  readonly minSplitGain: number;
}

export interface GradientSplit extends BinSplit {
  readonly gain: number;
  /** By which splits of one node compare. */
  readonly score: number;
  /** Packed sum of the rows that go left. */
  readonly left: number;
  /** What the children would say as leaves, before shrinkage. */
  readonly leftValue: number;
  readonly rightValue: number;
}

/** Where features are monotone: which, and what the leaves below this node may say. */
export interface Constraint {
  readonly directions: Directions;
  readonly bounds: Bounds;
}

/** The best split of a node whose rows sum up to `total`; null where none gains enough. */
export function findSplit(
  histogram: Float64Array,
  total: number,
  binned: BinnedMatrix,
  features: Uint16Array,
  gradients: PackedGradients,
  limits: SplitLimits,
  constraint: Constraint | null = null,
): GradientSplit | null {
  const search = new SplitSearch(total, gradients, limits, constraint);
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
  readonly #constraint: Constraint | null;
  #score: number;
  readonly #ownScore: number;
  #feature = -1;
  #bin = 0;
  #isMissingLeft = false;
  #left = 0;

  constructor(
    total: number,
    gradients: PackedGradients,
    limits: SplitLimits,
    constraint: Constraint | null,
  ) {
    this.#total = total;
    this.#gradientUnit = gradients.gradientUnit;
    this.#hessianUnit = gradients.hessianUnit;
    this.#totalGradient = gradientOf(total) * this.#gradientUnit;
    this.#totalHessian = hessianOf(total) * this.#hessianUnit;
    this.#l2 = limits.l2;
    this.#minChildWeight = limits.minChildWeight;
    this.#constraint = constraint;
    this.#ownScore =
      constraint === null
        ? this.#totalGradient ** 2 / (this.#totalHessian + this.#l2 + 1e-12)
        : this.#scoreOf(
            this.#totalGradient,
            this.#totalHessian,
            this.#valueOf(this.#totalGradient, this.#totalHessian),
          );
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
    const constraint = this.#constraint;
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
        constraint === null
          ? (leftGradient * leftGradient) / (leftHessian + l2) +
            (rightGradient * rightGradient) / (rightHessian + l2)
          : this.#boundedScore(
              leftGradient,
              leftHessian,
              rightGradient,
              rightHessian,
              constraint.directions[feature]!,
            );
      if (score > this.#score) {
        this.#score = score;
        this.#feature = feature;
        this.#bin = bin;
        this.#left = left;
        this.#isMissingLeft = isDirectionLearned ? start !== 0 : leftHessian >= rightHessian;
      }
    }
  }

  /** −∞ where the children stand against the feature's direction. */
  #boundedScore(
    leftGradient: number,
    leftHessian: number,
    rightGradient: number,
    rightHessian: number,
    direction: number,
  ): number {
    const left = this.#valueOf(leftGradient, leftHessian);
    const right = this.#valueOf(rightGradient, rightHessian);
    if (direction * (right - left) < 0) return Number.NEGATIVE_INFINITY;
    return (
      this.#scoreOf(leftGradient, leftHessian, left) +
      this.#scoreOf(rightGradient, rightHessian, right)
    );
  }

  /** The Newton step, within the bounds. */
  #valueOf(gradient: number, hessian: number): number {
    return clamp(-gradient / (hessian + this.#l2 + 1e-12), this.#constraint?.bounds ?? UNBOUNDED);
  }

  /** Twice by how much a leaf that says `value` lowers the loss. */
  #scoreOf(gradient: number, hessian: number, value: number): number {
    return -(2 * gradient + (hessian + this.#l2 + 1e-12) * value) * value;
  }

  best(): GradientSplit | null {
    if (this.#feature < 0) return null;
    const leftGradient = gradientOf(this.#left) * this.#gradientUnit;
    const leftHessian = hessianOf(this.#left) * this.#hessianUnit;
    return {
      feature: this.#feature,
      bin: this.#bin,
      isMissingLeft: this.#isMissingLeft,
      gain: (this.#score - this.#ownScore) / 2,
      score: this.#score,
      left: this.#left,
      leftValue: this.#valueOf(leftGradient, leftHessian),
      rightValue: this.#valueOf(
        this.#totalGradient - leftGradient,
        this.#totalHessian - leftHessian,
      ),
    };
  }
}
