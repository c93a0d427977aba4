/**
 * An isolation forest (Liu, Ting and Zhou 2008): random cuts isolate the unusual row after few steps.
 * Fit it on benign rows only. Features of traffic are skewed over many magnitudes, so cuts are drawn
 * evenly on a logarithmic scale by default; the tree holds the cut itself, so scoring needs no logarithm.
 */
import { AppError } from '../../errors.ts';
import type { FeatureMatrix } from './dataset.ts';
import { type FlatTrees, flattenTrees } from './flat-trees.ts';
import type { GrownNode } from './grown-tree.ts';
import { checkOptions, SEED_RANGE } from './options.ts';
import { Random } from './random.ts';
import { createTreeSum, type TreeSum } from './tree-scorer.ts';

export interface IsolationForestOptions {
  /** 200. */
  readonly treeCount: number;
  /** Rows per tree, without replacement; 1,024, or all where there are fewer. */
  readonly subsample: number;
  /** How cuts are drawn: `log1p` (sign(x) · log(1 + |x|), the default) or `linear`. */
  readonly scale: 'log1p' | 'linear';
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
  const trees: GrownNode[] = [];
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
  const flat = flattenTrees(trees, matrix.featureNames.length, 1);
  return new IsolationForest(matrix.featureNames, subsample, flat);
}

/** c(n): the mean path length of an unsuccessful search in a binary tree of `n` rows. */
export function meanPathLength(n: number): number {
  if (n <= 1) return 0;
  if (n === 2) return 1;
  return 2 * (Math.log(n - 1) + 0.5772156649015329) - (2 * (n - 1)) / n;
}

/** Grows trees one after another over the same buffers. */
class IsolationGrower {
  readonly #matrix: FeatureMatrix;
  readonly #scale: IsolationForestOptions['scale'];
  readonly #maxDepth: number;
  readonly #subsample: number;
  /** Numbers of the tree's rows, a node's side by side. */
  readonly #order: Uint32Array;
  readonly #scratch: Uint32Array;
  /** By place in `#order`: the value of the feature that was last looked at. */
  readonly #cells: Float32Array;
  /** By number of rows. */
  readonly #pathLengths: Float64Array;
  readonly #features: Uint16Array;
  #random: Random;

  constructor(matrix: FeatureMatrix, scale: IsolationForestOptions['scale'], subsample: number) {
    this.#matrix = matrix;
    this.#scale = scale;
    this.#maxDepth = Math.max(1, Math.ceil(Math.log2(subsample)));
    this.#subsample = subsample;
    this.#order = new Uint32Array(subsample);
    this.#scratch = new Uint32Array(subsample);
    this.#cells = new Float32Array(subsample);
    this.#pathLengths = Float64Array.from({ length: subsample + 1 }, (_, n) => meanPathLength(n));
    this.#features = new Uint16Array(matrix.featureNames.length);
    this.#random = new Random(0);
  }

  /** On the first `subsample` of `rows`. */
  growTree(rows: Uint32Array, random: Random): GrownNode {
    this.#random = random;
    this.#order.set(rows.subarray(0, this.#subsample));
    for (let f = 0; f < this.#features.length; f++) this.#features[f] = f;
    return this.#grow(0, this.#subsample, 0);
  }

  #grow(begin: number, end: number, depth: number): GrownNode {
    const cut = depth < this.#maxDepth && end - begin > 1 ? this.#drawCut(begin, end) : null;
    if (cut === null) {
      const length = depth + this.#pathLengths[end - begin]!;
      return { kind: 'leaf', values: [length], cover: end - begin };
    }
    const { feature, threshold, isMissingLeft } = cut;
    const middle = this.#partition(begin, end, threshold, isMissingLeft);
    const left = this.#grow(begin, middle, depth + 1);
    const right = this.#grow(middle, end, depth + 1);
    return { kind: 'split', feature, threshold, isMissingLeft, left, right };
  }

  /** Brings the rows that go left to the front, keeping their order, by the values that `#drawCut` has noted. */
  #partition(begin: number, end: number, threshold: number, isMissingLeft: boolean): number {
    const order = this.#order;
    const scratch = this.#scratch;
    const cells = this.#cells;
    let left = begin;
    let right = 0;
    for (let i = begin; i < end; i++) {
      const row = order[i]!;
      const value = cells[i]!;
      // Written to both sides, where the next of that side is written again: a branch would be guessed wrong half of the time.
      order[left] = row;
      scratch[right] = row;
      const isLeft = isMissingLeft ? 1 - Number(value > threshold) : Number(value <= threshold);
      left += isLeft;
      right += 1 - isLeft;
    }
    for (let i = 0; i < right; i++) order[left + i] = scratch[i]!;
    return left;
  }

  /** A random cut of a random feature that is not constant here; null where all are. */
  #drawCut(begin: number, end: number) {
    const features = this.#features;
    const order = this.#order;
    const cells = this.#cells;
    const { values } = this.#matrix;
    const width = features.length;
    for (let i = 0; i < features.length; i++) {
      const other = i + this.#random.below(features.length - i);
      const feature = features[other]!;
      features[other] = features[i]!;
      features[i] = feature;
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let at = begin; at < end; at++) {
        cells[at] = values[order[at]! * width + feature]!;
        const value = cells[at]!;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (!(low < high)) continue;
      return {
        feature,
        threshold: this.#drawThreshold(low, high),
        isMissingLeft: this.#random.float() < 0.5,
      };
    }
    return null;
  }

  /** From `low` to below `high`, evenly on the scale: both sides get rows. */
  #drawThreshold(low: number, high: number): number {
    const share = this.#random.float();
    const drawn =
      this.#scale === 'linear'
        ? low + (high - low) * share
        : expOf(logOf(low) + (logOf(high) - logOf(low)) * share);
    const threshold = Math.fround(drawn);
    return threshold >= low && threshold < high ? threshold : low;
  }
}

function logOf(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}

function expOf(value: number): number {
  return Math.sign(value) * Math.expm1(Math.abs(value));
}
