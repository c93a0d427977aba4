/**
 * Which features made a row short to isolate: along each path, the step from a node's mean path
 * length to its child's is the split feature's doing (Saabas 2014). Not Shapley values: it favours
 * features near the leaves, but takes microseconds, and an isolation forest's cuts are random anyway.
 */
import { type FlatTrees, featureOf, isRight, leftOf } from './flat-trees.ts';
import type { IsolationForest } from './isolation-forest.ts';
import { meanPathLength } from './mean-path-length.ts';
import { RowKeys } from './row-keys.ts';
import type { Explanation } from './tree-shap.ts';

const meanLengths = new WeakMap<FlatTrees, Float64Array>();

/** In log₂ of the score: `score(row) = 2 ** (baseline + Σ contributions)`; above 0 speaks for an anomaly. */
export function explainIsolationForest(forest: IsolationForest, row: Float64Array): Explanation {
  const { trees } = forest;
  let lengths = meanLengths.get(trees);
  if (lengths === undefined) {
    lengths = meanLengthsOf(trees);
    meanLengths.set(trees, lengths);
  }
  const keys = new RowKeys(trees.featureCount);
  keys.set(row);
  const contributions = new Float64Array(trees.featureCount);
  let baseline = 0;
  for (const root of trees.roots) {
    baseline += lengths[root]!;
    let node = root;
    for (let left = leftOf(trees, node); left !== node; left = leftOf(trees, node)) {
      const child = isRight(trees, node, keys.keys) ? left + 1 : left;
      contributions[featureOf(trees, node)]! += lengths[child]! - lengths[node]!;
      node = child;
    }
  }
  const scale = -1 / (trees.treeCount * meanPathLength(forest.subsample));
  return { baseline: baseline * scale, contributions: contributions.map((sum) => sum * scale) };
}

/** Per node, the mean of the leaf values below it, by training weight. */
function meanLengthsOf(trees: FlatTrees): Float64Array {
  const lengths = new Float64Array(trees.cover.length);
  for (let node = lengths.length - 1; node >= 0; node--) {
    const left = leftOf(trees, node);
    lengths[node] =
      left === node
        ? trees.values[trees.nodes[2 * node]!]!
        : (lengths[left]! * trees.cover[left]! + lengths[left + 1]! * trees.cover[left + 1]!) /
          trees.cover[node]!;
  }
  return lengths;
}
