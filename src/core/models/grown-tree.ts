/** A tree while it grows and before it is flattened: plain objects, easy to read and to walk. */
import type { FeatureMatrix } from './dataset.ts';

interface GrownSplit {
  readonly kind: 'split';
  readonly feature: number;
  /** A 32-bit float: rows with `fround(value) <= threshold` go left. */
  readonly threshold: number;
  readonly isMissingLeft: boolean;
  readonly left: GrownNode;
  readonly right: GrownNode;
}

export interface GrownLeaf {
  readonly kind: 'leaf';
  /** What the leaf says: class shares, one margin or one path length. */
  readonly values: ArrayLike<number>;
  /** Weight of the training rows that ended here, above 0. */
  readonly cover: number;
}

export type GrownNode = GrownSplit | GrownLeaf;

/** The leaf that row `index` falls into. */
export function walkTree(root: GrownNode, matrix: FeatureMatrix, index: number): GrownLeaf {
  const begin = index * matrix.featureNames.length;
  let node = root;
  while (node.kind === 'split') {
    const value = Math.fround(matrix.values[begin + node.feature]!);
    const isLeft = value <= node.threshold || (node.isMissingLeft && Number.isNaN(value));
    node = isLeft ? node.left : node.right;
  }
  return node;
}
