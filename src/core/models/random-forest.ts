/**
 * A random forest (Breiman 2001): trees on bootstrap samples, a random few features tried per node,
 * leaves that hold class shares, the mean of which is the answer. Probabilities are not calibrated:
 * see calibration.ts. Class weights move them and are off by default.
 */
import { AppError } from '../../errors.ts';
import { type BinnedMatrix, binMatrix, findCuts } from './binning.ts';
import { ClassSplitter, type NodeRows } from './class-splitting.ts';
import type { Dataset } from './dataset.ts';
import { type FlatTrees, findLeaves, flattenTrees, MAX_DEPTH } from './flat-trees.ts';
import { LARGEST_FLOAT } from './grower.ts';
import type { GrownNode } from './grown-tree.ts';
import { checkOptions, SEED_RANGE } from './options.ts';
import { Random } from './random.ts';
import { RowKeys } from './row-keys.ts';
import { partitionRows } from './row-partition.ts';

export interface RandomForestOptions {
  /** 100. */
  readonly treeCount: number;
  /** 16. */
  readonly maxDepth: number;
  /** Distinct training rows a leaf must hold; 5. */
  readonly minLeafRows: number;
  /** Features tried per node; 0, the default: the square root of their number. */
  readonly featureSample: number;
  /** Rows drawn per tree, with replacement, as a share of all; 1. */
  readonly rowFraction: number;
  /** `balanced`: classes weigh alike in total; or a weight per class; `null`, the default: none. */
  readonly classWeights: 'balanced' | readonly number[] | null;
  /** 2 to 255; 255. */
  readonly maxBins: number;
  /** 1. */
  readonly seed: number;
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
    const classCount = this.classCount;
    const leaves = this.#leaves;
    const { values, treeCount } = this.trees;
    this.#keys.set(row);
    findLeaves(this.trees, this.#keys.keys, leaves);
    if (classCount === 2) {
      let sum = 0;
      for (let tree = 0; tree < treeCount; tree++) sum += values[2 * leaves[tree]! + 1]!;
      out[1] = sum / treeCount;
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

/** Grows the trees one after another over the same buffers. */
class ClassTreeGrower {
  readonly #dataset: Dataset;
  readonly #binned: BinnedMatrix;
  readonly #rowWeights: Float64Array;
  readonly #options: Omit<RandomForestOptions, 'classWeights'>;
  readonly #featureSample: number;
  readonly #treeWeights: Float64Array;
  readonly #rows: Uint32Array;
  readonly #scratch: Uint32Array;
  readonly #features: Uint16Array;
  readonly #splitter: ClassSplitter;

  constructor(
    dataset: Dataset,
    binned: BinnedMatrix,
    rowWeights: Float64Array,
    options: Omit<RandomForestOptions, 'classWeights'>,
  ) {
    const { rowCount, featureCount } = binned;
    this.#dataset = dataset;
    this.#binned = binned;
    this.#rowWeights = rowWeights;
    this.#options = options;
    this.#featureSample = options.featureSample || Math.max(1, Math.round(Math.sqrt(featureCount)));
    this.#treeWeights = new Float64Array(rowCount);
    this.#rows = new Uint32Array(rowCount);
    this.#scratch = new Uint32Array(rowCount);
    this.#features = new Uint16Array(featureCount);
    this.#splitter = new ClassSplitter(
      binned,
      dataset.labels,
      this.#treeWeights,
      dataset.classNames.length,
      options.minLeafRows,
    );
  }

  grow(tree: number): GrownNode {
    const random = new Random(this.#options.seed, tree + 1);
    const count = this.#bootstrap(random);
    for (let f = 0; f < this.#features.length; f++) this.#features[f] = f;
    return this.#growNode(this.#rows, 0, count, 0, random);
  }

  /** Draws rows with replacement; returns how many distinct ones have weight. */
  #bootstrap(random: Random): number {
    const { rowCount } = this.#binned;
    const weights = this.#treeWeights;
    const rows = this.#rows;
    const draws = Math.max(1, Math.round(rowCount * this.#options.rowFraction));
    let count = 0;
    // A draw without any weight is repeated; the data set has some weight, so this ends.
    for (let attempt = 0; count === 0; attempt++) {
      weights.fill(0);
      for (let i = 0; i < draws; i++) {
        const row = attempt < 64 ? random.below(rowCount) : i % rowCount;
        weights[row]! += this.#rowWeights[row]!;
      }
      for (let row = 0; row < rowCount; row++) if (weights[row]! > 0) rows[count++] = row;
      if (attempt >= 64 && count === 0) {
        throw new AppError('input_invalid', 'Cannot train a random forest: no row has any weight');
      }
    }
    return count;
  }

  #growNode(
    rows: Uint32Array,
    begin: number,
    end: number,
    depth: number,
    random: Random,
  ): GrownNode {
    const totals = new Float64Array(this.#dataset.classNames.length);
    const { labels } = this.#dataset;
    for (let i = begin; i < end; i++) totals[labels[rows[i]!]!]! += this.#treeWeights[rows[i]!]!;
    const split = this.#findSplit({ rows, begin, end, totals }, depth, random);
    const middle =
      split === null ? end : partitionRows(rows, begin, end, this.#binned, split, this.#scratch);
    if (split === null || middle === begin || middle === end) return leafOf(totals);
    return {
      kind: 'split',
      feature: split.feature,
      threshold: this.#binned.cuts[split.feature]![split.bin] ?? LARGEST_FLOAT,
      isMissingLeft: split.isMissingLeft,
      left: this.#growNode(rows, begin, middle, depth + 1, random),
      right: this.#growNode(rows, middle, end, depth + 1, random),
    };
  }

  /** Tries features in random order until enough of them were not constant, and one split was found. */
  #findSplit(node: NodeRows, depth: number, random: Random) {
    const { maxDepth, minLeafRows } = this.#options;
    if (depth >= maxDepth || node.end - node.begin < 2 * minLeafRows) return null;
    let classesPresent = 0;
    for (const weight of node.totals) if (weight > 0) classesPresent++;
    if (classesPresent < 2) return null;
    const features = this.#features;
    const splitter = this.#splitter;
    splitter.begin(node);
    let tried = 0;
    for (let i = 0; i < features.length; i++) {
      const other = i + random.below(features.length - i);
      const feature = features[other]!;
      features[other] = features[i]!;
      features[i] = feature;
      if (splitter.tryFeature(node, feature)) tried++;
      if (tried >= this.#featureSample) {
        const split = splitter.best();
        if (split !== null) return split;
      }
    }
    return splitter.best();
  }
}

function leafOf(totals: Float64Array): GrownNode {
  const cover = totals.reduce((sum, weight) => sum + weight, 0);
  return { kind: 'leaf', values: totals.map((weight) => weight / cover), cover };
}
