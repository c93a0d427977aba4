/**
 * Exact Shapley values of a row's score, feature by feature, path dependent as in TreeSHAP (Lundberg, Erion and Lee
 * 2018): what an absent feature would have decided is answered by the training weight on either side. Contributions and
 * baseline sum up to the output.
 *
 * Not by their algorithm, which follows every subset size down every path. Let each feature be present with
 * probability t: a leaf is then reached with a probability that is a product over its path, one factor
 * `zero · (1 − t) + one · t` per feature, and a feature's Shapley value is the integral over t from 0 to 1 of the
 * output's derivative by its presence (Owen 1972). That is a polynomial, of which a few Gauss points give the integral
 * exactly: for paths of six features three. One pass down and one up per tree: ten times as fast, and every
 * quantity is a sum of products of positive numbers.
 */
import type { BoostedTrees } from './boosted-trees.ts';
import { type FlatTrees, isRight, leftOf } from './flat-trees.ts';
import type { RandomForest } from './random-forest.ts';
import { RowKeys } from './row-keys.ts';
import { type ShapPaths, shapPathsOf } from './shap-paths.ts';

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

/** One row's way through the trees. Arrays with a number per node and point begin at the tree's root. */
class TreeShap {
  readonly #trees: FlatTrees;
  readonly #paths: ShapPaths;
  readonly #output: number;
  readonly #keys: RowKeys;
  readonly #contributions: Float64Array;
  #baseline = 0;
  /** 1 where the row takes the step to the node and all before it on its feature. */
  readonly #one: Uint8Array;
  /** The feature's factor on the way to the node. */
  readonly #factors: Float64Array;
  /** Down: the product of all factors to the node. Up: what the leaves below say, by their products. */
  readonly #reach: Float64Array;
  /** Weight of the point times the factor's derivative over the factor. */
  readonly #pull: Float64Array;

  constructor(trees: FlatTrees, row: Float64Array, output: number) {
    this.#trees = trees;
    this.#paths = shapPathsOf(trees);
    this.#output = output;
    this.#keys = new RowKeys(trees.featureCount);
    this.#keys.set(row);
    this.#contributions = new Float64Array(trees.featureCount);
    const { treeNodes, quadrature } = this.#paths;
    const size = treeNodes * quadrature.points.length;
    this.#one = new Uint8Array(treeNodes);
    this.#factors = new Float64Array(size);
    this.#reach = new Float64Array(size);
    this.#pull = new Float64Array(size);
  }

  /** Adds the contributions of one tree. */
  add(tree: number): void {
    const { roots, cover } = this.#trees;
    const root = roots[tree]!;
    const end = tree + 1 < roots.length ? roots[tree + 1]! : cover.length;
    this.#descend(root, end);
    this.#ascend(root, end);
  }

  explain(first: number, scale: number): Explanation {
    return {
      baseline: (first + this.#baseline) * scale,
      contributions: this.#contributions.map((value) => value * scale),
    };
  }

  /** Children follow their parents, so one pass in order meets every node after the one above it. */
  #descend(root: number, end: number): void {
    const trees = this.#trees;
    const { keys } = this.#keys;
    const { points } = this.#paths.quadrature;
    for (let q = 0; q < points.length; q++) this.#reach[q] = 1;
    for (let node = root; node < end; node++) {
      const left = leftOf(trees, node);
      if (left === node) continue;
      const isHotRight = isRight(trees, node, keys);
      this.#step(root, node, left, !isHotRight);
      this.#step(root, node, left + 1, isHotRight);
    }
  }

  #step(root: number, node: number, child: number, isTaken: boolean): void {
    const { before, zero: zeros, quadrature } = this.#paths;
    const { points, weights } = quadrature;
    const count = points.length;
    const factors = this.#factors;
    const reach = this.#reach;
    const pull = this.#pull;
    const earlier = before[child]!;
    const isOne = isTaken && (earlier < 0 || this.#one[earlier - root] === 1);
    this.#one[child - root] = isOne ? 1 : 0;
    const zero = zeros[child]!;
    const from = (node - root) * count;
    const to = (child - root) * count;
    if (isOne) {
      for (let q = 0; q < count; q++) {
        const point = points[q]!;
        const factor = zero * (1 - point) + point;
        factors[to + q] = factor;
        reach[to + q] = reach[from + q]! * factor;
        pull[to + q] = (weights[q]! * (1 - zero)) / factor;
      }
    } else {
      const { away, pullAway } = quadrature;
      for (let q = 0; q < count; q++) {
        const factor = zero * away[q]!;
        factors[to + q] = factor;
        reach[to + q] = reach[from + q]! * factor;
        pull[to + q] = pullAway[q]!;
      }
    }
    if (earlier < 0) return;
    const merged = (earlier - root) * count;
    for (let q = 0; q < count; q++) reach[to + q]! /= factors[merged + q]!;
  }

  #ascend(root: number, end: number): void {
    const trees = this.#trees;
    const { features, before, quadrature } = this.#paths;
    const { nodes, values, outputCount, cover } = trees;
    const count = quadrature.points.length;
    const reach = this.#reach;
    const pull = this.#pull;
    const contributions = this.#contributions;
    for (let node = end - 1; node >= root; node--) {
      const at = (node - root) * count;
      const left = leftOf(trees, node);
      if (left === node) {
        const value = values[nodes[2 * node]! * outputCount + this.#output]!;
        this.#baseline += (cover[node]! / cover[root]!) * value;
        for (let q = 0; q < count; q++) reach[at + q]! *= value;
      } else {
        const below = (left - root) * count;
        for (let q = 0; q < count; q++)
          reach[at + q] = reach[below + q]! + reach[below + count + q]!;
      }
      if (node === root) break;
      const earlier = before[node]!;
      let sum = 0;
      for (let q = 0; q < count; q++) sum += pull[at + q]! * reach[at + q]!;
      if (earlier >= 0) {
        // What the earlier step on this feature takes for its own ends where this one begins.
        const merged = (earlier - root) * count;
        for (let q = 0; q < count; q++) sum -= pull[merged + q]! * reach[at + q]!;
      }
      contributions[features[node]!]! += sum;
    }
  }
}
