/**
 * The rounds of boosting: gradients of all rows, a tree on them, margins moved by its leaves. Beside
 * them, the margins of rows that are held out.
 */
import { binMatrix, findCuts } from './binning.ts';
import { computeGradients, logLoss } from './boosting-loss.ts';
import type { Dataset } from './dataset.ts';
import { TreeGrower } from './grower.ts';
import { type GrownNode, walkTree } from './grown-tree.ts';
import { packGradients } from './histogram.ts';
import { type Bounds, clamp, type Directions } from './monotone.ts';
import { Random } from './random.ts';

export interface BoostingLimits {
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
  /** 2 to 255; 255. */
  readonly maxBins: number;
  /** 1. */
  readonly seed: number;
}

/** The validation rows' margins, moved by every round. */
export class HeldOut {
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
export class BoostingRun {
  readonly #dataset: Dataset;
  readonly #options: BoostingLimits;
  readonly #grower: TreeGrower;
  readonly #marginCount: number;
  readonly #margins: Float64Array;
  readonly #gradients: Float64Array;
  readonly #hessians: Float64Array;
  readonly #packed: { packed: Float64Array; gradientUnit: number; hessianUnit: number };
  readonly #weighted: Uint32Array;
  readonly #rows: Uint32Array;

  /** `directions`: of monotone features; null: none is. */
  constructor(
    dataset: Dataset,
    options: BoostingLimits,
    directions: Directions | null,
    start: Float64Array,
  ) {
    const { rowCount } = dataset;
    this.#dataset = dataset;
    this.#options = options;
    const binned = binMatrix(dataset, findCuts(dataset, options.maxBins, options.seed));
    this.#grower = new TreeGrower(binned, options, directions);
    this.#marginCount = start.length;
    this.#margins = repeat(start, rowCount);
    this.#gradients = new Float64Array(rowCount * this.#marginCount);
    this.#hessians = new Float64Array(rowCount * this.#marginCount);
    this.#packed = { packed: new Float64Array(rowCount), gradientUnit: 1, hessianUnit: 1 };
    this.#weighted = rowsWithWeight(dataset);
    this.#rows = new Uint32Array(this.#weighted.length);
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
    const { rowCount, weights } = this.#dataset;
    const margins = this.#margins;
    const marginCount = this.#marginCount;
    const gradients = this.#gradients.subarray(margin * rowCount, (margin + 1) * rowCount);
    const hessians = this.#hessians.subarray(margin * rowCount, (margin + 1) * rowCount);
    const rows = this.#rows;
    rows.set(this.#weighted);
    const count = this.#sampleRows(rows, random);
    packGradients(gradients, hessians, rows, count, random, this.#packed);
    const makeLeaf = (
      leafRows: Uint32Array,
      begin: number,
      end: number,
      bounds: Bounds,
    ): GrownNode => {
      let gradient = 0;
      let hessian = 0;
      for (let i = begin; i < end; i++) {
        const row = leafRows[i]!;
        gradient += gradients[row]!;
        hessian += hessians[row]!;
      }
      let cover = weights === null ? end - begin : 0;
      if (weights !== null) for (let i = begin; i < end; i++) cover += weights[leafRows[i]!]!;
      const step = clamp(-gradient / (hessian + this.#options.l2 + 1e-12), bounds);
      const value = Math.fround(this.#options.learningRate * step);
      for (let i = begin; i < end; i++) {
        margins[leafRows[i]! * marginCount + margin]! += value;
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
