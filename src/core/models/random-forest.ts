/**
 * A random forest (Breiman 2001): trees on bootstrap samples, a random few features tried per node,
 * leaves that hold class shares, the mean of which is the answer. Probabilities are not calibrated:
 * see calibration.ts. Class weights move them and are off by default.
 */
import { AppError } from '../../errors.ts';
import { binMatrix, findCuts } from './binning.ts';
import { ClassTreeGrower, type ClassTreeLimits } from './class-grower.ts';
import type { Dataset } from './dataset.ts';
import { type FlatTrees, findLeaves, flattenTrees, MAX_DEPTH } from './flat-trees.ts';
import type { GrownNode } from './grown-tree.ts';
import { checkOptions, SEED_RANGE } from './options.ts';
import { RowKeys } from './row-keys.ts';

export interface RandomForestOptions extends ClassTreeLimits {
  /** 100. */
  readonly treeCount: number;
  /** `balanced`: classes weigh alike in total; or a weight per class; `null`, the default: none. */
  readonly classWeights: 'balanced' | readonly number[] | null;
  /** 2 to 255; 255. */
  readonly maxBins: number;
}

const DEFAULTS: RandomForestOptions = {
  treeCount: 100,
  maxDepth: 16,
  minLeafRows: 5,
  featureSample: 0,
  rowFraction: 1,
  classWeights: null,
  maxBins: 255,
  seed: 1,
};

export class RandomForest {
  readonly kind = 'random_forest';
  readonly featureNames: readonly string[];
  readonly classNames: readonly string[];
  readonly classCount: number;
  readonly trees: FlatTrees;
  readonly #keys: RowKeys;
  readonly #leaves: Int32Array;

  /** `trees` have one output per class. */
  constructor(featureNames: readonly string[], classNames: readonly string[], trees: FlatTrees) {
    if (trees.featureCount !== featureNames.length || trees.outputCount !== classNames.length) {
      throw new AppError('model_incompatible', 'Cannot use the forest: its trees have other shape');
    }
    this.featureNames = featureNames;
    this.classNames = classNames;
    this.classCount = classNames.length;
    this.trees = trees;
    this.#keys = new RowKeys(featureNames.length);
    this.#leaves = new Int32Array(trees.treeCount);
  }

  /** Writes the probability of each class to `out`. Allocates nothing. */
  predict(row: Float64Array, out: Float64Array): void {
    this.#reach(row);
    this.predictReached(out);
  }

  /** The probability of one class, to the bit what `predict` says. With many classes it takes half the time. */
  predictClass(row: Float64Array, classIndex: number): number {
    this.#reach(row);
    // Of two, the first is what the second leaves.
    if (this.classCount === 2) return classIndex === 1 ? this.#meanOf(1) : 1 - this.#meanOf(1);
    return this.#meanOf(classIndex);
  }

  /** Writes the probabilities for the row that `predictClass` was last asked about. */
  predictReached(out: Float64Array): void {
    const classCount = this.classCount;
    const leaves = this.#leaves;
    const { values, treeCount } = this.trees;
    if (classCount === 2) {
      out[1] = this.#meanOf(1);
      out[0] = 1 - out[1];
      return;
    }
    for (let c = 0; c < classCount; c++) out[c] = 0;
    for (let tree = 0; tree < treeCount; tree++) {
      const begin = leaves[tree]! * classCount;
      for (let c = 0; c < classCount; c++) out[c]! += values[begin + c]!;
    }
    for (let c = 0; c < classCount; c++) out[c]! /= treeCount;
  }

  #reach(row: Float64Array): void {
    this.#keys.set(row);
    findLeaves(this.trees, this.#keys.keys, this.#leaves);
  }

  #meanOf(classIndex: number): number {
    const classCount = this.classCount;
    const leaves = this.#leaves;
    const { values, treeCount } = this.trees;
    let sum = 0;
    for (let tree = 0; tree < treeCount; tree++)
      sum += values[leaves[tree]! * classCount + classIndex]!;
    return sum / treeCount;
  }
}

/** Throws `input_invalid` for options out of range. The same data, options and seed give the same forest. */
export function trainRandomForest(
  dataset: Dataset,
  options: Partial<RandomForestOptions> = {},
): RandomForest {
  const { classWeights, ...numbers } = { ...DEFAULTS, ...options };
  const featureCount = dataset.featureNames.length;
  checkOptions('a random forest', numbers, {
    treeCount: { min: 1, max: 10_000, isWhole: true },
    maxDepth: { min: 1, max: MAX_DEPTH, isWhole: true },
    minLeafRows: { min: 1, max: 1e9, isWhole: true },
    featureSample: { min: 0, max: featureCount, isWhole: true },
    rowFraction: { min: 0.001, max: 1 },
    maxBins: { min: 2, max: 255, isWhole: true },
    seed: SEED_RANGE,
  });
  const rowWeights = weighRows(dataset, classWeights);
  const binned = binMatrix(dataset, findCuts(dataset, numbers.maxBins, numbers.seed));
  const grower = new ClassTreeGrower(dataset, binned, rowWeights, numbers);
  const trees: GrownNode[] = [];
  for (let tree = 0; tree < numbers.treeCount; tree++) trees.push(grower.grow(tree));
  const flat = flattenTrees(trees, featureCount, dataset.classNames.length);
  return new RandomForest(dataset.featureNames, dataset.classNames, flat);
}

/** Sample weight times class weight, per row. */
function weighRows(
  dataset: Dataset,
  classWeights: RandomForestOptions['classWeights'],
): Float64Array {
  const weights = dataset.weights?.slice() ?? new Float64Array(dataset.rowCount).fill(1);
  if (classWeights === null) return weights;
  const classCount = dataset.classNames.length;
  const totals = new Float64Array(classCount);
  for (let row = 0; row < dataset.rowCount; row++) totals[dataset.labels[row]!]! += weights[row]!;
  const total = totals.reduce((sum, weight) => sum + weight, 0);
  const perClass =
    classWeights === 'balanced'
      ? Array.from(totals, (weight) => (weight > 0 ? total / (classCount * weight) : 0))
      : classWeights;
  if (perClass.length !== classCount || perClass.some((weight) => !(weight >= 0 && weight < 1e6))) {
    throw new AppError(
      'input_invalid',
      `Cannot train a random forest: classWeights must be ${classCount} numbers from 0 to 1e6`,
    );
  }
  for (let row = 0; row < dataset.rowCount; row++) weights[row]! *= perClass[dataset.labels[row]!]!;
  return weights;
}
