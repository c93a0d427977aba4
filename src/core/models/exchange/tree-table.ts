/** Trees as other libraries write them, nodes that name their children by number: to trees of ours, trusting nothing. */
import { AppError } from '../../../errors.ts';
import { MAX_FEATURES } from '../dataset.ts';
import { MAX_DEPTH, MAX_TREE_NODES } from '../flat-trees.ts';
import type { GrownNode } from '../grown-tree.ts';
import { isFiniteKey, keyOf, thresholdOf } from '../row-keys.ts';

const LARGEST_FLOAT_KEY = keyOf(3.4028234663852886e38);
/** The key of −0: no threshold of ours, which would be 0. */
const NEGATIVE_ZERO_KEY = -1;

interface TableSplit {
  readonly kind: 'split';
  readonly feature: number;
  /** As `GrownNode` has it. */
  readonly threshold: number;
  readonly isMissingLeft: boolean;
  readonly left: number;
  readonly right: number;
}

export type TableNode = TableSplit | Extract<GrownNode, { readonly kind: 'leaf' }>;

export interface ImportNames {
  /** In the order of the file's columns; else what the file calls them, or `f0`, `f1`, … */
  readonly featureNames?: readonly string[];
  /** Else `0`, `1`, … */
  readonly classNames?: readonly string[];
}

/** `nodeAt` is asked for numbers from 0 to `nodeCount` − 1. Throws `model_incompatible` for cycles and the like. */
export function treeOf(
  nodeAt: (index: number) => TableNode,
  root: number,
  nodeCount: number,
  featureNames: readonly string[],
): GrownNode {
  if (nodeCount > MAX_TREE_NODES)
    throw refused(`a tree has ${nodeCount} nodes, more than ${MAX_TREE_NODES}`);
  const isSeen = new Uint8Array(nodeCount);
  const grow = (index: number, depth: number): GrownNode => {
    if (!(Number.isInteger(index) && index >= 0 && index < nodeCount) || isSeen[index] === 1)
      throw refused(`node ${index} of a tree does not exist, or is reached twice`);
    if (depth > MAX_DEPTH) throw refused(`a tree is deeper than ${MAX_DEPTH}`);
    isSeen[index] = 1;
    const node = nodeAt(index);
    if (node.kind === 'leaf') {
      if (!Array.from(node.values).every(Number.isFinite))
        throw refused(`the value of leaf ${index} is no finite number`);
      return node;
    }
    if (
      !(Number.isInteger(node.feature) && node.feature >= 0 && node.feature < featureNames.length)
    )
      throw refused(`node ${index} tests feature ${node.feature} of ${featureNames.length}`);
    if (!isFiniteKey(keyOf(node.threshold)))
      throw refused(`it compares ${featureNames[node.feature]} with ${node.threshold}`);
    return {
      kind: 'split',
      feature: node.feature,
      threshold: node.threshold,
      isMissingLeft: node.isMissingLeft,
      left: grow(node.left, depth + 1),
      right: grow(node.right, depth + 1),
    };
  };
  return grow(root, 0);
}

/** The threshold of `x <= limit` for 32-bit `x`: the largest 32-bit float that is not above the limit. */
export function atMost(limit: number): number {
  const rounded = Math.fround(limit);
  return rounded > limit ? lessThan(rounded) : rounded;
}

/** The threshold of `x < limit` for 32-bit `x`, which the limit is too. */
export function lessThan(limit: number): number {
  if (limit === Number.POSITIVE_INFINITY) return thresholdOf(LARGEST_FLOAT_KEY);
  const key = keyOf(limit) - 1;
  return thresholdOf(key === NEGATIVE_ZERO_KEY ? key - 1 : key);
}

/** The limit of `x < limit` that says the same as `x <= threshold`, but for x the largest float there is. */
export function limitAbove(threshold: number): number {
  return thresholdOf(Math.min(keyOf(threshold) + 1, LARGEST_FLOAT_KEY));
}

/** Training weight as others tell it: what is missing or 0 becomes next to nothing. */
export function coverOf(weight: number | undefined): number {
  return weight !== undefined && weight > 1e-30 && weight < 1e38 ? weight : 1e-30;
}

/** None where no model could have so many. */
export function numbered(prefix: string, count: number): string[] {
  const isPossible = Number.isInteger(count) && count >= 1 && count <= MAX_FEATURES;
  return isPossible ? Array.from({ length: count }, (_, i) => `${prefix}${i}`) : [];
}

export function refused(reason: string): AppError {
  return new AppError('model_incompatible', `Cannot import the model: ${reason}`);
}
