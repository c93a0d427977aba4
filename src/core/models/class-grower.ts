/**
 * The grower of the random forest: one tree on a bootstrap sample, depth first, with a few features
 * drawn anew for every node.
 */
import { AppError } from '../../errors.ts';
import type { BinnedMatrix } from './binning.ts';
import { type ClassNodes, createClassNodes } from './class-nodes.ts';
import { LARGEST_FLOAT } from './grower.ts';
import type { GrownNode } from './grown-tree.ts';
import { Random } from './random.ts';
import type { BinSplit } from './row-partition.ts';

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
  readonly #plan: ForestPlan;
  readonly #featureSample: number;
  readonly #treeWeights: Float64Array;
  readonly #features: Uint16Array;
  readonly #nodes: ClassNodes;
  /** Of the node that is looked at. */
  readonly #totals: Float64Array;

  constructor(
    plan: ForestPlan,
    nodes: ClassNodes = createClassNodes(plan, plan.options.minLeafRows),
  ) {
    const { rowCount, featureCount } = plan.binned;
    this.#plan = plan;
    this.#featureSample =
      plan.options.featureSample || Math.max(1, Math.round(Math.sqrt(featureCount)));
    this.#treeWeights = new Float64Array(rowCount);
    this.#features = new Uint16Array(featureCount);
    this.#nodes = nodes;
    this.#totals = new Float64Array(plan.classCount);
  }

  grow(tree: number): GrownNode {
    const random = new Random(this.#plan.options.seed, tree + 1);
    const count = this.#bootstrap(random);
    for (let f = 0; f < this.#features.length; f++) this.#features[f] = f;
    return this.#growNode(0, count, 0, random);
  }

  /** Draws rows with replacement; returns how many distinct ones have weight. */
  #bootstrap(random: Random): number {
    const { rowWeights, options, binned } = this.#plan;
    const { rowCount } = binned;
    const weights = this.#treeWeights;
    const draws = Math.max(1, Math.round(rowCount * options.rowFraction));
    let count = 0;
    // A draw without any weight is repeated; the data set has some weight, so this ends.
    for (let attempt = 0; count === 0; attempt++) {
      weights.fill(0);
      for (let i = 0; i < draws; i++) {
        const row = attempt < 64 ? random.below(rowCount) : i % rowCount;
        weights[row]! += rowWeights[row]!;
      }
      count = this.#nodes.fill(weights);
      if (attempt >= 64 && count === 0) {
        throw new AppError('input_invalid', 'Cannot train a random forest: no row has any weight');
      }
    }
    return count;
  }

  #growNode(begin: number, end: number, depth: number, random: Random): GrownNode {
    const nodes = this.#nodes;
    const totals = this.#totals;
    const classesPresent = nodes.sumClasses(begin, end, totals);
    const split = classesPresent < 2 ? null : this.#findSplit(begin, end, depth, random);
    const middle = split === null ? end : nodes.divide(begin, end, split);
    if (split === null || middle === begin || middle === end) return leafOf(totals);
    return {
      kind: 'split',
      feature: split.feature,
      threshold: this.#plan.binned.cuts[split.feature]![split.bin] ?? LARGEST_FLOAT,
      isMissingLeft: split.isMissingLeft,
      left: this.#growNode(begin, middle, depth + 1, random),
      right: this.#growNode(middle, end, depth + 1, random),
    };
  }

  /** Tries features in random order until enough of them were not constant, and one split was found. */
  #findSplit(begin: number, end: number, depth: number, random: Random): BinSplit | null {
    const { maxDepth, minLeafRows } = this.#plan.options;
    if (depth >= maxDepth || end - begin < 2 * minLeafRows) return null;
    const features = this.#features;
    const nodes = this.#nodes;
    nodes.beginNode();
    let tried = 0;
    for (let i = 0; i < features.length; i++) {
      const other = i + random.below(features.length - i);
      const feature = features[other]!;
      features[other] = features[i]!;
      features[i] = feature;
      if (nodes.tryFeature(feature, begin, end)) tried++;
      if (tried >= this.#featureSample) {
        const split = nodes.best();
        if (split !== null) return split;
      }
    }
    return nodes.best();
  }
}

function leafOf(totals: Float64Array): GrownNode {
  let cover = 0;
  for (let c = 0; c < totals.length; c++) cover += totals[c]!;
  const values: number[] = [];
  for (let c = 0; c < totals.length; c++) values.push(totals[c]! / cover);
  return { kind: 'leaf', values, cover };
}
