/**
 * An isolation forest (Liu, Ting and Zhou 2008): random cuts isolate the unusual row after few steps.
 * Fit it on benign rows only. Features of traffic are skewed over many magnitudes, so cuts are drawn
 * evenly on a logarithmic scale by default; the tree holds the cut itself, so scoring needs no logarithm.
 */
import { AppError } from '../../errors.ts';
import type { FeatureMatrix } from './dataset.ts';
import { type FlatTreeArrays, type FlatTrees, joinTrees } from './flat-trees.ts';
import { type CutScale, IsolationGrower } from './isolation-grower.ts';
import { meanPathLength } from './mean-path-length.ts';
import { checkOptions, SEED_RANGE } from './options.ts';
import { Random } from './random.ts';
import { createTreeSum, type TreeSum } from './tree-scorer.ts';

export interface IsolationForestOptions {
  /** 200. */
  readonly treeCount: number;
  /** Rows per tree, without replacement; 1,024, or all where there are fewer. */
  readonly subsample: number;
  /** How cuts are drawn: `log1p` (sign(x) · log(1 + |x|), the default) or `linear`. */
  readonly scale: CutScale;
  /** 1. */
  readonly seed: number;
}

const DEFAULTS: IsolationForestOptions = {
  treeCount: 200,
  subsample: 1024,
  scale: 'log1p',
  seed: 1,
};

export class IsolationForest {
  readonly kind = 'isolation_forest';
  readonly featureNames: readonly string[];
  /** Leaf values are path lengths. */
  readonly trees: FlatTrees;
  /** Rows per tree in training. */
  readonly subsample: number;
  #sum: TreeSum | null = null;
  readonly #normal: number;

  constructor(featureNames: readonly string[], subsample: number, trees: FlatTrees) {
    const fits =
      trees.featureCount === featureNames.length &&
      trees.outputCount === 1 &&
      Number.isInteger(subsample) &&
      subsample >= 2;
    if (!fits) throw new AppError('model_incompatible', 'Cannot use the forest: other shape');
    this.featureNames = featureNames;
    this.trees = trees;
    this.subsample = subsample;
    this.#normal = meanPathLength(subsample);
  }

  /** 0 to 1: 0.5 is usual, near 1 is isolated at once. Allocates nothing. */
  score(row: Float64Array): number {
    this.#sum ??= createTreeSum(this.trees);
    return 2 ** (-this.#sum.sum(row, 0) / this.trees.treeCount / this.#normal);
  }

  /** The shape of the other models: writes the score to `out[0]`. */
  predict(row: Float64Array, out: Float64Array): void {
    out[0] = this.score(row);
  }
}

/** Throws `input_invalid` for options out of range or fewer than two rows. */
export function trainIsolationForest(
  matrix: FeatureMatrix,
  options: Partial<IsolationForestOptions> = {},
): IsolationForest {
  const { scale, ...numbers } = { ...DEFAULTS, ...options };
  checkOptions('an isolation forest', numbers, {
    treeCount: { min: 1, max: 10_000, isWhole: true },
    subsample: { min: 2, max: 1_000_000, isWhole: true },
    seed: SEED_RANGE,
  });
  if (scale !== 'log1p' && scale !== 'linear') {
    throw new AppError('input_invalid', `Cannot train an isolation forest: scale is ${scale}`);
  }
  if (matrix.rowCount < 2) {
    throw new AppError('input_invalid', 'Cannot train an isolation forest: it needs two rows');
  }
  const subsample = Math.min(numbers.subsample, matrix.rowCount);
  const rows = new Uint32Array(matrix.rowCount);
  for (let row = 0; row < rows.length; row++) rows[row] = row;
  const grower = new IsolationGrower(matrix, scale, subsample);
  const trees: FlatTreeArrays[] = [];
  for (let tree = 0; tree < numbers.treeCount; tree++) {
    const random = new Random(numbers.seed, tree + 1);
    const swaps = random.shuffleFront(rows, subsample);
    trees.push(grower.growTree(rows, random));
    // Back to ascending order, as the next tree begins with: far cheaper than filling it anew.
    for (let i = subsample - 1; i >= 0; i--) {
      const other = swaps[i]!;
      const row = rows[i]!;
      rows[i] = rows[other]!;
      rows[other] = row;
    }
  }
  return new IsolationForest(matrix.featureNames, subsample, joinTrees(trees));
}
