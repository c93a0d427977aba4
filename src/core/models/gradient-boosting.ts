/**
 * Gradient boosted trees of the second order, over binned features: binning, histogram, splitting,
 * grower, one file each; here the rounds. Stops early on a validation part that the caller chooses
 * (by time, host or capture: random rows would flatter).
 */
import { AppError } from '../../errors.ts';
import { binMatrix, findCuts } from './binning.ts';
import {
  computeGradients,
  firstMargins,
  logLoss,
  marginCountOf,
  probabilitiesOf,
} from './boosting-loss.ts';
import type { Dataset } from './dataset.ts';
import { type FlatTrees, findLeaves, flattenTrees, MAX_DEPTH } from './flat-trees.ts';
import { TreeGrower } from './grower.ts';
import { type GrownNode, walkTree } from './grown-tree.ts';
import { packBins, packGradients } from './histogram.ts';
import { checkOptions, SEED_RANGE } from './options.ts';
import { Random } from './random.ts';
import { RowKeys } from './row-keys.ts';

export interface BoostingOptions {
  /** Rounds: trees per margin; 100. */
  readonly roundCount: number;
  /** 6. */
  readonly maxDepth: number;
  /** Shrinkage; 0.1. */
  readonly learningRate: number;
  /** L2 regularisation of leaf values; 1. */
  readonly l2: number;
  /** Least sum of hessians in a child; 1. */
  readonly minChildWeight: number;
  /** 0. */
  readonly minSplitGain: number;
  /** Share of rows per tree, without replacement; 1. */
  readonly rowFraction: number;
  /** Share of features per tree; 1. */
  readonly columnFraction: number;
  /** Stop after so many rounds without a lower validation loss; 20. Without a validation part: never. */
  readonly patienceRounds: number;
  /** 2 to 255; 255. */
  readonly maxBins: number;
  /** 1. */
  readonly seed: number;
}

const DEFAULTS: BoostingOptions = {
  roundCount: 100,
  maxDepth: 6,
  learningRate: 0.1,
  l2: 1,
  minChildWeight: 1,
  minSplitGain: 0,
  rowFraction: 1,
  columnFraction: 1,
  patienceRounds: 20,
  maxBins: 255,
  seed: 1,
};

export class BoostedTrees {
  readonly kind = 'gradient_boosting';
  readonly featureNames: readonly string[];
  readonly classNames: readonly string[];
  readonly classCount: number;
  /** What the margins are before any tree. */
  readonly firstMargins: Float64Array;
  /** Tree `t` adds to margin `t % firstMargins.length`. */
  readonly trees: FlatTrees;
  readonly #keys: RowKeys;
  readonly #leaves: Int32Array;
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
    this.#keys = new RowKeys(featureNames.length);
    this.#leaves = new Int32Array(trees.treeCount);
    this.#margins = new Float64Array(marginCount);
  }

  /** Writes the log odds of the second class, or with more than two one margin per class. */
  margins(row: Float64Array, out: Float64Array): void {
    const { values, treeCount } = this.trees;
    const leaves = this.#leaves;
    const marginCount = this.firstMargins.length;
    this.#keys.set(row);
    findLeaves(this.trees, this.#keys.keys, leaves);
    if (marginCount === 1) {
      let sum = this.firstMargins[0]!;
      for (let tree = 0; tree < treeCount; tree++) sum += values[leaves[tree]!]!;
      out[0] = sum;
      return;
    }
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

/** Throws `input_invalid` for options out of range. The same data, options and seed give the same trees. */
export function trainBoosting(
  dataset: Dataset,
  options: Partial<BoostingOptions> = {},
  validation: Dataset | null = null,
): BoostedTrees {
  const settings = { ...DEFAULTS, ...options };
  checkOptions('gradient boosting', settings, {
    roundCount: { min: 1, max: 10_000, isWhole: true },
    maxDepth: { min: 1, max: MAX_DEPTH, isWhole: true },
    learningRate: { min: 1e-6, max: 10 },
    l2: { min: 0, max: 1e6 },
    minChildWeight: { min: 0, max: 1e9 },
    minSplitGain: { min: 0, max: 1e9 },
    rowFraction: { min: 0.001, max: 1 },
    columnFraction: { min: 0.001, max: 1 },
    patienceRounds: { min: 1, max: 10_000, isWhole: true },
    maxBins: { min: 2, max: 255, isWhole: true },
    seed: SEED_RANGE,
  });
  if (dataset.classNames.length < 2) {
    throw new AppError('input_invalid', 'Cannot train gradient boosting: it needs two classes');
  }
  if (validation !== null) checkSameShape(dataset, validation);
  const run = new BoostingRun(dataset, settings);
  const start = firstMargins(dataset);
  run.begin(start);
  const held = validation === null ? null : new HeldOut(validation, start);
  const trees: GrownNode[] = [];
  let kept = 0;
  for (let round = 0; round < settings.roundCount; round++) {
    const grown = run.round(round);
    trees.push(...grown);
    if (held === null || held.isBestAfter(grown)) kept = trees.length;
    else if (trees.length - kept >= settings.patienceRounds * start.length) break;
  }
  const flat = flattenTrees(trees.slice(0, kept || start.length), dataset.featureNames.length, 1);
  return new BoostedTrees(dataset.featureNames, dataset.classNames, start, flat);
}

function checkSameShape(dataset: Dataset, validation: Dataset): void {
  const isSame =
    dataset.featureNames.join('\n') === validation.featureNames.join('\n') &&
    dataset.classNames.join('\n') === validation.classNames.join('\n');
  if (!isSame) {
    throw new AppError(
      'input_invalid',
      'Cannot train gradient boosting: the validation part has other features or classes',
    );
  }
}

/** The validation rows' margins, moved by every round. */
class HeldOut {
  readonly #dataset: Dataset;
  readonly #margins: Float64Array;
  readonly #marginCount: number;
  #bestLoss = Number.POSITIVE_INFINITY;

  constructor(dataset: Dataset, start: Float64Array) {
    this.#dataset = dataset;
    this.#marginCount = start.length;
    this.#margins = repeat(start, dataset.rowCount);
  }

  /** Adds a round's trees and tells whether the loss was never lower. */
  isBestAfter(trees: readonly GrownNode[]): boolean {
    for (let row = 0; row < this.#dataset.rowCount; row++) {
      for (const [c, tree] of trees.entries()) {
        this.#margins[row * this.#marginCount + c]! += walkTree(tree, this.#dataset, row)
          .values[0]!;
      }
    }
    const loss = logLoss(this.#dataset, this.#margins);
    if (!(loss < this.#bestLoss)) return false;
    this.#bestLoss = loss;
    return true;
  }
}

/** The state of one training: margins and gradients of all rows. */
class BoostingRun {
  readonly #dataset: Dataset;
  readonly #options: BoostingOptions;
  readonly #grower: TreeGrower;
  readonly #marginCount: number;
  #margins: Float64Array = new Float64Array(0);
  readonly #gradients: Float64Array;
  readonly #hessians: Float64Array;
  readonly #packed: { packed: Float64Array; gradientUnit: number; hessianUnit: number };
  readonly #weighted: Uint32Array;
  readonly #rows: Uint32Array;

  constructor(dataset: Dataset, options: BoostingOptions) {
    const { rowCount } = dataset;
    this.#dataset = dataset;
    this.#options = options;
    const binned = binMatrix(dataset, findCuts(dataset, options.maxBins, options.seed));
    this.#grower = new TreeGrower(binned, packBins(binned), options);
    this.#marginCount = marginCountOf(dataset.classNames.length);
    this.#gradients = new Float64Array(rowCount * this.#marginCount);
    this.#hessians = new Float64Array(rowCount * this.#marginCount);
    this.#packed = { packed: new Float64Array(rowCount), gradientUnit: 1, hessianUnit: 1 };
    this.#weighted = rowsWithWeight(dataset);
    this.#rows = new Uint32Array(this.#weighted.length);
  }

  begin(start: Float64Array): void {
    this.#margins = repeat(start, this.#dataset.rowCount);
  }

  /** Grows one tree per margin on the same gradients. */
  round(round: number): GrownNode[] {
    computeGradients(this.#dataset, this.#margins, this.#gradients, this.#hessians);
    const trees: GrownNode[] = [];
    for (let c = 0; c < this.#marginCount; c++) {
      trees.push(
        this.#growTree(c, new Random(this.#options.seed, round * this.#marginCount + c + 1)),
      );
    }
    return trees;
  }

  #growTree(margin: number, random: Random): GrownNode {
    const { rowCount } = this.#dataset;
    const gradients = this.#gradients.subarray(margin * rowCount, (margin + 1) * rowCount);
    const hessians = this.#hessians.subarray(margin * rowCount, (margin + 1) * rowCount);
    const rows = this.#rows;
    rows.set(this.#weighted);
    const count = this.#sampleRows(rows, random);
    packGradients(gradients, hessians, rows, count, random, this.#packed);
    const makeLeaf = (leafRows: Uint32Array, begin: number, end: number): GrownNode => {
      let gradient = 0;
      let hessian = 0;
      let cover = 0;
      for (let i = begin; i < end; i++) {
        const row = leafRows[i]!;
        gradient += gradients[row]!;
        hessian += hessians[row]!;
        cover += this.#dataset.weights?.[row] ?? 1;
      }
      const step = -gradient / (hessian + this.#options.l2 + 1e-12);
      const value = Math.fround(this.#options.learningRate * step);
      for (let i = begin; i < end; i++) {
        this.#margins[leafRows[i]! * this.#marginCount + margin]! += value;
      }
      return { kind: 'leaf', values: [value], cover };
    };
    const tree = this.#grower.grow(
      rows,
      count,
      this.#sampleFeatures(random),
      this.#packed,
      makeLeaf,
    );
    // Rows that were not drawn have met no leaf yet.
    for (let i = count; i < rows.length; i++) {
      const value = walkTree(tree, this.#dataset, rows[i]!).values[0]!;
      this.#margins[rows[i]! * this.#marginCount + margin]! += value;
    }
    return tree;
  }

  /** Brings the drawn rows to the front, ascending; returns how many. */
  #sampleRows(rows: Uint32Array, random: Random): number {
    if (this.#options.rowFraction === 1) return rows.length;
    const count = Math.max(1, Math.round(rows.length * this.#options.rowFraction));
    random.shuffleFront(rows, count);
    rows.subarray(0, count).sort();
    return count;
  }

  #sampleFeatures(random: Random): Uint16Array {
    const features = Uint16Array.from(this.#dataset.featureNames, (_, feature) => feature);
    if (this.#options.columnFraction === 1) return features;
    const count = Math.max(1, Math.round(features.length * this.#options.columnFraction));
    random.shuffleFront(features, count);
    return features.subarray(0, count).sort();
  }
}

function rowsWithWeight(dataset: Dataset): Uint32Array {
  const rows: number[] = [];
  for (let row = 0; row < dataset.rowCount; row++) {
    if ((dataset.weights?.[row] ?? 1) > 0) rows.push(row);
  }
  return Uint32Array.from(rows);
}

function repeat(start: Float64Array, rowCount: number): Float64Array {
  const margins = new Float64Array(rowCount * start.length);
  for (let i = 0; i < margins.length; i++) margins[i] = start[i % start.length]!;
  return margins;
}
