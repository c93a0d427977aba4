/** A boosted model: the sum of its trees' leaves is a margin, the margins make probabilities. */
import { AppError } from '../../errors.ts';
import { marginCountOf, probabilitiesOf } from './boosting-loss.ts';
import type { FlatTrees } from './flat-trees.ts';
import { createLeafFinder, createTreeSum, type LeafFinder, type TreeSum } from './tree-scorer.ts';

export class BoostedTrees {
  readonly kind = 'gradient_boosting';
  readonly featureNames: readonly string[];
  readonly classNames: readonly string[];
  readonly classCount: number;
  /** What the margins are before any tree. */
  readonly firstMargins: Float64Array;
  /** Tree `t` adds to margin `t % firstMargins.length`. */
  readonly trees: FlatTrees;
  // Made when first used: who only reads what a file says of its models needs none.
  #sum: TreeSum | null = null;
  #finder: LeafFinder | null = null;
  readonly #margins: Float64Array;

  constructor(
    featureNames: readonly string[],
    classNames: readonly string[],
    margins: Float64Array,
    trees: FlatTrees,
  ) {
    const marginCount = marginCountOf(classNames.length);
    const fits =
      classNames.length >= 2 &&
      trees.featureCount === featureNames.length &&
      trees.outputCount === 1 &&
      margins.length === marginCount &&
      trees.treeCount % marginCount === 0 &&
      margins.every(Number.isFinite);
    if (!fits) throw new AppError('model_incompatible', 'Cannot use the trees: other shape');
    this.featureNames = featureNames;
    this.classNames = classNames;
    this.classCount = classNames.length;
    this.firstMargins = margins;
    this.trees = trees;
    this.#margins = new Float64Array(marginCount);
  }

  /** Writes the log odds of the second class, or with more than two one margin per class. */
  margins(row: Float64Array, out: Float64Array): void {
    const marginCount = this.firstMargins.length;
    if (marginCount === 1) {
      this.#sum ??= createTreeSum(this.trees);
      out[0] = this.#sum.sum(row, this.firstMargins[0]!);
      return;
    }
    const { values, treeCount } = this.trees;
    this.#finder ??= createLeafFinder(this.trees);
    this.#finder.reach(row);
    const { leaves } = this.#finder;
    for (let c = 0; c < marginCount; c++) out[c] = this.firstMargins[c]!;
    for (let tree = 0; tree < treeCount; tree += marginCount) {
      for (let c = 0; c < marginCount; c++) out[c]! += values[leaves[tree + c]!]!;
    }
  }

  /** Writes the probability of each class to `out`. Allocates nothing. */
  predict(row: Float64Array, out: Float64Array): void {
    this.margins(row, this.#margins);
    probabilitiesOf(this.#margins, out);
  }
}
