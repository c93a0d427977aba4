/**
 * Exact Shapley values of a row's score, feature by feature: TreeSHAP, path dependent (Lundberg,
 * Erion and Lee 2018, algorithm 2). What an absent feature would have decided is answered by the
 * training weight on either side. Contributions and baseline sum up to the output.
 *
 * Takes milliseconds per row and grows with leaves × depth²: for alerts, not for every row.
 */

import type { BoostedTrees } from './boosted-trees.ts';
import { type FlatTrees, featureOf, isRight, leftOf } from './flat-trees.ts';
import type { RandomForest } from './random-forest.ts';
import { RowKeys } from './row-keys.ts';

export interface Explanation {
  /** The mean output over the training rows. */
  readonly baseline: number;
  /** Per feature, in the unit of the output. */
  readonly contributions: Float64Array;
}

/** Of the probability that the forest gives the class. */
export function explainForest(
  forest: RandomForest,
  row: Float64Array,
  classIndex: number,
): Explanation {
  const { trees } = forest;
  if (!(classIndex >= 0 && classIndex < forest.classCount)) {
    throw new RangeError(`There is no class ${classIndex}`);
  }
  const shap = new TreeShap(trees, row, classIndex);
  for (let tree = 0; tree < trees.treeCount; tree++) shap.add(tree);
  return shap.explain(0, 1 / trees.treeCount);
}

/** Of the class's margin; with two classes the log odds of the class against the other. */
export function explainBoosting(
  model: BoostedTrees,
  row: Float64Array,
  classIndex: number,
): Explanation {
  if (!(classIndex >= 0 && classIndex < model.classCount)) {
    throw new RangeError(`There is no class ${classIndex}`);
  }
  const { trees, firstMargins } = model;
  const shap = new TreeShap(trees, row, 0);
  const isBinary = firstMargins.length === 1;
  const margin = isBinary ? 0 : classIndex;
  for (let tree = margin; tree < trees.treeCount; tree += firstMargins.length) shap.add(tree);
  const sign = isBinary && classIndex === 0 ? -1 : 1;
  return shap.explain(firstMargins[margin]!, sign);
}

/** One row's walk through the trees. Level `l` of the path keeps its steps from `l · width` on. */
class TreeShap {
  readonly #trees: FlatTrees;
  readonly #keys: RowKeys;
  readonly #contributions: Float64Array;
  #baseline = 0;
  readonly #output: number;
  /** By node, 1 where some leaf below says something: most leaves of a forest do not know most classes. */
  readonly #speaks: Uint8Array;
  readonly #width: number;
  readonly #features: Int32Array;
  /** Share of training weight that follows the path where the feature is absent. */
  readonly #zero: Float64Array;
  /** 1 where the row itself follows the path, else 0. */
  readonly #one: Float64Array;
  /** Weight of the subsets of each size. */
  readonly #weights: Float64Array;

  constructor(trees: FlatTrees, row: Float64Array, output: number) {
    this.#trees = trees;
    this.#output = output;
    this.#speaks = speakingNodes(trees, output);
    this.#keys = new RowKeys(trees.featureCount);
    this.#keys.set(row);
    this.#contributions = new Float64Array(trees.featureCount);
    this.#width = trees.depth + 2;
    const size = this.#width * this.#width;
    this.#features = new Int32Array(size);
    this.#zero = new Float64Array(size);
    this.#one = new Float64Array(size);
    this.#weights = new Float64Array(size);
  }

  /** Adds the contributions of one tree. */
  add(tree: number): void {
    this.#visit(this.#trees.roots[tree]!, 0, 0, 1, 1, -1, 1);
  }

  explain(first: number, scale: number): Explanation {
    return {
      baseline: (first + this.#baseline) * scale,
      contributions: this.#contributions.map((value) => value * scale),
    };
  }

  /**
   * `level`: where this node's path is kept; `length`: its steps before this one; `zero`, `one`,
   * `feature`: the step that led here; `reach`: share of training weight that reaches the node.
   */
  #visit(
    node: number,
    level: number,
    length: number,
    zero: number,
    one: number,
    feature: number,
    reach: number,
  ): void {
    if (this.#speaks[node] === 0) return;
    const trees = this.#trees;
    const at = level * this.#width;
    this.#extend(at, length, zero, one, feature);
    const left = leftOf(trees, node);
    if (left === node) {
      const value = trees.values[trees.nodes[2 * node]! * trees.outputCount + this.#output]!;
      this.#baseline += reach * value;
      for (let step = 1; step <= length; step++) {
        const index = at + step;
        const weight = this.#unwoundSum(at, length, step);
        this.#contributions[this.#features[index]!]! +=
          weight * (this.#one[index]! - this.#zero[index]!) * value;
      }
      return;
    }
    const split = featureOf(trees, node);
    const hot = isRight(trees, node, this.#keys.keys) ? left + 1 : left;
    const cold = hot === left ? left + 1 : left;
    const hotShare = trees.cover[hot]! / trees.cover[node]!;
    const coldShare = trees.cover[cold]! / trees.cover[node]!;
    let zeroBefore = 1;
    let oneBefore = 1;
    let steps = length + 1;
    // A feature met before on the path: its two steps become one.
    for (let step = 1; step <= length; step++) {
      if (this.#features[at + step] !== split) continue;
      zeroBefore = this.#zero[at + step]!;
      oneBefore = this.#one[at + step]!;
      this.#unwind(at, length, step);
      steps--;
      break;
    }
    this.#descend(hot, level, steps, hotShare * zeroBefore, oneBefore, split, reach * hotShare);
    this.#descend(cold, level, steps, coldShare * zeroBefore, 0, split, reach * coldShare);
  }

  /** Visits a child with a copy of the path. */
  #descend(
    child: number,
    level: number,
    steps: number,
    zero: number,
    one: number,
    feature: number,
    reach: number,
  ): void {
    if (this.#speaks[child] === 0) return;
    const at = level * this.#width;
    const next = at + this.#width;
    for (let step = 0; step < steps; step++) {
      this.#features[next + step] = this.#features[at + step]!;
      this.#zero[next + step] = this.#zero[at + step]!;
      this.#one[next + step] = this.#one[at + step]!;
      this.#weights[next + step] = this.#weights[at + step]!;
    }
    this.#visit(child, level + 1, steps, zero, one, feature, reach);
  }

  #extend(at: number, length: number, zero: number, one: number, feature: number): void {
    const weights = this.#weights;
    this.#features[at + length] = feature;
    this.#zero[at + length] = zero;
    this.#one[at + length] = one;
    weights[at + length] = length === 0 ? 1 : 0;
    for (let i = length - 1; i >= 0; i--) {
      weights[at + i + 1]! += (one * weights[at + i]! * (i + 1)) / (length + 1);
      weights[at + i] = (zero * weights[at + i]! * (length - i)) / (length + 1);
    }
  }

  /** Takes `step` out of a path whose last step is `length`. */
  #unwind(at: number, length: number, step: number): void {
    const weights = this.#weights;
    const one = this.#one[at + step]!;
    const zero = this.#zero[at + step]!;
    let next = weights[at + length]!;
    for (let i = length - 1; i >= 0; i--) {
      if (one !== 0) {
        const before = weights[at + i]!;
        weights[at + i] = (next * (length + 1)) / ((i + 1) * one);
        next = before - (weights[at + i]! * zero * (length - i)) / (length + 1);
      } else {
        weights[at + i] = (weights[at + i]! * (length + 1)) / (zero * (length - i));
      }
    }
    for (let i = step; i < length; i++) {
      this.#features[at + i] = this.#features[at + i + 1]!;
      this.#zero[at + i] = this.#zero[at + i + 1]!;
      this.#one[at + i] = this.#one[at + i + 1]!;
    }
  }

  /** The sum of the weights after `#unwind`, without unwinding. */
  #unwoundSum(at: number, length: number, step: number): number {
    const weights = this.#weights;
    const one = this.#one[at + step]!;
    const zero = this.#zero[at + step]!;
    let next = weights[at + length]!;
    let total = 0;
    for (let i = length - 1; i >= 0; i--) {
      if (one !== 0) {
        const weight = next / ((i + 1) * one);
        total += weight;
        next = weights[at + i]! - weight * zero * (length - i);
      } else {
        total += weights[at + i]! / (zero * (length - i));
      }
    }
    return total * (length + 1);
  }
}

function speakingNodes(trees: FlatTrees, output: number): Uint8Array {
  const { nodes, values, outputCount } = trees;
  const speaks = new Uint8Array(nodes.length / 2);
  // Children follow their parents.
  for (let node = speaks.length - 1; node >= 0; node--) {
    const left = leftOf(trees, node);
    if (left !== node) speaks[node] = speaks[left]! | speaks[left + 1]!;
    else if (values[nodes[2 * node]! * outputCount + output] !== 0) speaks[node] = 1;
  }
  return speaks;
}
