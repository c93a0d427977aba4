/**
 * The grower of the random forest: one tree on a bootstrap sample, depth first, with a few features
 * drawn anew for every node.
 */
import { AppError } from '../../errors.ts';
import type { BinnedMatrix } from './binning.ts';
import { ClassSplitter, type NodeRows } from './class-splitting.ts';
import { LARGEST_FLOAT } from './grower.ts';
import type { GrownNode } from './grown-tree.ts';
import { Random } from './random.ts';
import { partitionRows } from './row-partition.ts';

export interface ClassTreeLimits {
  /** 16. */
  readonly maxDepth: number;
  /** Distinct training rows a leaf must hold; 5. */
  readonly minLeafRows: number;
  /** Features tried per node; 0, the default: the square root of their number. */
  readonly featureSample: number;
  /** Rows drawn per tree, with replacement, as a share of all; 1. */
  readonly rowFraction: number;
  /** 1. */
  readonly seed: number;
}

/** What growing needs of the data: plain numbers, which several threads may share. */
export interface ForestPlan {
  readonly binned: BinnedMatrix;
  /** Class per row. */
  readonly labels: Uint16Array;
  readonly classCount: number;
  readonly rowWeights: Float64Array;
  readonly options: ClassTreeLimits;
}

/** Grows the trees one after another over the same buffers. */
export class ClassTreeGrower {
  readonly #labels: Uint16Array;
  readonly #classCount: number;
  readonly #binned: BinnedMatrix;
  readonly #rowWeights: Float64Array;
  readonly #options: ClassTreeLimits;
  readonly #featureSample: number;
  readonly #treeWeights: Float64Array;
  readonly #rows: Uint32Array;
  readonly #scratch: Uint32Array;
  readonly #features: Uint16Array;
  readonly #splitter: ClassSplitter;

  constructor({ binned, labels, classCount, rowWeights, options }: ForestPlan) {
    const { rowCount, featureCount } = binned;
    this.#labels = labels;
    this.#classCount = classCount;
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
      labels,
      this.#treeWeights,
      classCount,
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
    const totals = new Float64Array(this.#classCount);
    const labels = this.#labels;
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
