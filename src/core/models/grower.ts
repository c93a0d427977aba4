/**
 * Fourth stage of boosting: grows one tree depth first. The histogram of the smaller child is counted,
 * that of the larger is what remains of the parent's; children at the depth limit need none.
 */
import type { BinnedMatrix } from './binning.ts';
import type { GrownNode } from './grown-tree.ts';
import {
  createHistogram,
  createHistogramBuilder,
  type HistogramBuilder,
  type PackedGradients,
  subtractHistogram,
} from './histogram.ts';
import { type Bounds, childBounds, type Directions, UNBOUNDED } from './monotone.ts';
import { partitionRows } from './row-partition.ts';
import { findSplit, type SplitLimits } from './splitting.ts';

export interface GrowLimits extends SplitLimits {
  readonly maxDepth: number;
}

/** The leaf for `rows[begin..end)`: the caller computes its value, within bounds, and moves the margins of its rows. */
export type MakeLeaf = (rows: Uint32Array, begin: number, end: number, bounds: Bounds) => GrownNode;

/** Grows trees over one binned matrix; its buffers are reused from tree to tree. */
export class TreeGrower {
  readonly #binned: BinnedMatrix;
  readonly #builder: HistogramBuilder;
  readonly #limits: GrowLimits;
  readonly #directions: Directions | null;
  readonly #pool: Float64Array[] = [];
  readonly #scratch: Uint32Array;
  readonly #isFeatureUsed: Uint8Array;

  constructor(binned: BinnedMatrix, limits: GrowLimits, directions: Directions | null = null) {
    this.#binned = binned;
    this.#builder = createHistogramBuilder(binned);
    this.#limits = limits;
    this.#directions = directions;
    this.#scratch = new Uint32Array(binned.rowCount);
    this.#isFeatureUsed = new Uint8Array(binned.featureCount);
  }

  /** Reorders the first `count` of `rows`. Only `features` are split on. */
  grow(
    rows: Uint32Array,
    count: number,
    features: Uint16Array,
    gradients: PackedGradients,
    makeLeaf: MakeLeaf,
  ): GrownNode {
    this.#isFeatureUsed.fill(0);
    for (const feature of features) this.#isFeatureUsed[feature] = 1;
    this.#builder.use(this.#isFeatureUsed);
    let total = 0;
    for (let i = 0; i < count; i++) total += gradients.packed[rows[i]!]!;
    const tree = { rows, features, gradients, makeLeaf };
    const histogram = this.#borrow();
    this.#count(histogram, tree, 0, count);
    const root = this.#growNode(tree, 0, count, 0, total, histogram, UNBOUNDED);
    this.#pool.push(histogram);
    return root;
  }

  /** `histogram` is the node's own to overwrite; null at the depth limit. */
  #growNode(
    tree: Tree,
    begin: number,
    end: number,
    depth: number,
    total: number,
    histogram: Float64Array | null,
    bounds: Bounds,
  ): GrownNode {
    const directions = this.#directions;
    const split =
      histogram === null
        ? null
        : findSplit(
            histogram,
            total,
            this.#binned,
            tree.features,
            tree.gradients,
            this.#limits,
            directions && { directions, bounds },
          );
    if (histogram === null || split === null) return tree.makeLeaf(tree.rows, begin, end, bounds);
    const middle = partitionRows(tree.rows, begin, end, this.#binned, split, this.#scratch);
    if (middle === begin || middle === end) return tree.makeLeaf(tree.rows, begin, end, bounds);
    const [leftBounds, rightBounds] = childBounds(
      bounds,
      directions?.[split.feature] ?? 0,
      split.leftValue,
      split.rightValue,
    );
    const below = depth + 1;
    let left: GrownNode;
    let right: GrownNode;
    if (below >= this.#limits.maxDepth) {
      left = this.#growNode(tree, begin, middle, below, split.left, null, leftBounds);
      right = this.#growNode(tree, middle, end, below, total - split.left, null, rightBounds);
    } else {
      const isLeftSmaller = middle - begin <= end - middle;
      const smaller = this.#borrow();
      if (isLeftSmaller) this.#count(smaller, tree, begin, middle);
      else this.#count(smaller, tree, middle, end);
      subtractHistogram(histogram, smaller);
      const [leftHistogram, rightHistogram] = isLeftSmaller
        ? [smaller, histogram]
        : [histogram, smaller];
      left = this.#growNode(tree, begin, middle, below, split.left, leftHistogram, leftBounds);
      right = this.#growNode(
        tree,
        middle,
        end,
        below,
        total - split.left,
        rightHistogram,
        rightBounds,
      );
      this.#pool.push(smaller);
    }
    return {
      kind: 'split',
      feature: split.feature,
      // The cut after the last bin: only missing values lie beyond it.
      threshold: this.#binned.cuts[split.feature]![split.bin] ?? LARGEST_FLOAT,
      isMissingLeft: split.isMissingLeft,
      left,
      right,
    };
  }

  #count(histogram: Float64Array, tree: Tree, begin: number, end: number): void {
    this.#builder.build(histogram, tree.gradients.packed, tree.rows, begin, end);
  }

  #borrow(): Float64Array {
    return this.#pool.pop() ?? createHistogram(this.#binned);
  }
}

/** 2¹²⁸ − 2¹⁰⁴: every finite 32-bit float is at most this. */
export const LARGEST_FLOAT = 3.4028234663852886e38;

interface Tree {
  readonly rows: Uint32Array;
  readonly features: Uint16Array;
  readonly gradients: PackedGradients;
  readonly makeLeaf: MakeLeaf;
}
