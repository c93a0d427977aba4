/**
 * A random forest (Breiman 2001): trees on bootstrap samples, a random few features tried per node,
 * leaves that hold class shares, the mean of which is the answer. Probabilities are not calibrated:
 * see calibration.ts. Class weights move them and are off by default.
 */
import { AppError } from '../../errors.ts';
import { binMatrix, findCuts } from './binning.ts';
import { ClassTreeGrower, type ClassTreeLimits, type ForestPlan } from './class-grower.ts';
import { type ClassWeights, weighRows } from './class-weights.ts';
import type { Dataset } from './dataset.ts';
import {
  type FlatTreeArrays,
  type FlatTrees,
  flattenTrees,
  joinTrees,
  MAX_DEPTH,
} from './flat-trees.ts';
import type { GrownNode } from './grown-tree.ts';
import { checkOptions, SEED_RANGE } from './options.ts';
import { createLeafFinder, createTreeSum, type LeafFinder, type TreeSum } from './tree-scorer.ts';

export interface RandomForestOptions extends ClassTreeLimits {
  /** 100. */
  readonly treeCount: number;
  /** None by default. */
  readonly classWeights: ClassWeights;
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
  /** With two classes; made when first used. */
  #sum: TreeSum | null = null;
  /** With any other number of them. */
  #finder: LeafFinder | null = null;
  /** Of two classes, the probability of the second for the row of `predictClass`. */
  #reachedMean = 0;

  /** `trees` have one output per class. */
  constructor(featureNames: readonly string[], classNames: readonly string[], trees: FlatTrees) {
    if (trees.featureCount !== featureNames.length || trees.outputCount !== classNames.length) {
      throw new AppError('model_incompatible', 'Cannot use the forest: its trees have other shape');
    }
    this.featureNames = featureNames;
    this.classNames = classNames;
    this.classCount = classNames.length;
    this.trees = trees;
  }

  /** Writes the probability of each class to `out`. Allocates nothing. */
  predict(row: Float64Array, out: Float64Array): void {
    if (this.classCount === 2) this.predictClass(row, 1);
    else this.#reach(row);
    this.predictReached(out);
  }

  /** The probability of one class, to the bit what `predict` says. With many classes it takes half the time. */
  predictClass(row: Float64Array, classIndex: number): number {
    const { treeCount } = this.trees;
    if (this.classCount !== 2) return this.#reach(row).sumOutput(classIndex) / treeCount;
    this.#sum ??= createTreeSum(this.trees);
    this.#reachedMean = this.#sum.sum(row, 0) / treeCount;
    // Of two, the first is what the second leaves.
    return classIndex === 1 ? this.#reachedMean : 1 - this.#reachedMean;
  }

  /** Writes the probabilities for the row that `predictClass` was last asked about. */
  predictReached(out: Float64Array): void {
    const classCount = this.classCount;
    if (classCount === 2) {
      out[1] = this.#reachedMean;
      out[0] = 1 - this.#reachedMean;
      return;
    }
    for (let c = 0; c < classCount; c++) out[c] = 0;
    if (this.#finder === null) return;
    const { leaves } = this.#finder;
    const { values, treeCount } = this.trees;
    for (let tree = 0; tree < treeCount; tree++) {
      const begin = leaves[tree]! * classCount;
      for (let c = 0; c < classCount; c++) out[c]! += values[begin + c]!;
    }
    for (let c = 0; c < classCount; c++) out[c]! /= treeCount;
  }

  #reach(row: Float64Array): LeafFinder {
    this.#finder ??= createLeafFinder(this.trees);
    this.#finder.reach(row);
    return this.#finder;
  }
}

/** Throws `input_invalid` for options out of range. The same data, options and seed give the same forest. */
export function trainRandomForest(
  dataset: Dataset,
  options: Partial<RandomForestOptions> = {},
): RandomForest {
  const plan = planForest(dataset, options);
  const { treeCount } = { ...DEFAULTS, ...options };
  return joinForest(dataset, [growForest(plan, 0, treeCount)]);
}

/** Checks the options and bins the rows; `allocate` gives the memory that most of the plan is in. */
export function planForest(
  dataset: Dataset,
  options: Partial<RandomForestOptions> = {},
  allocate: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): ForestPlan {
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
  const cuts = findCuts(dataset, numbers.maxBins, numbers.seed);
  return {
    binned: binMatrix(dataset, cuts, allocate),
    labels: dataset.labels,
    classCount: dataset.classNames.length,
    rowWeights: weighRows('a random forest', dataset, classWeights),
    options: numbers,
  };
}

/** Trees `begin` to `end` − 1 of the plan's forest: each has a seed of its own, so any part may be grown anywhere. */
export function growForest(plan: ForestPlan, begin: number, end: number): FlatTrees {
  const grower = new ClassTreeGrower(plan);
  const trees: GrownNode[] = [];
  for (let tree = begin; tree < end; tree++) trees.push(grower.grow(tree));
  return flattenTrees(trees, plan.binned.featureCount, plan.classCount);
}

/** The forest of parts in the order of their trees. */
export function joinForest(
  { featureNames, classNames }: Dataset,
  parts: readonly FlatTreeArrays[],
): RandomForest {
  return new RandomForest(featureNames, classNames, joinTrees(parts));
}
