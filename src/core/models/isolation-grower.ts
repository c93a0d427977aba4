/**
 * Grows the trees of an isolation forest, one after another over the same buffers. What a node's rows hold of a feature is
 * read once, for its range; dividing the rows looks at what was read.
 */
import type { FeatureMatrix } from './dataset.ts';
import { DepthFirstTree } from './depth-first-tree.ts';
import type { FlatTreeArrays } from './flat-trees.ts';
import { meanPathLength } from './mean-path-length.ts';
import type { Random } from './random.ts';

/** How cuts are drawn: evenly over sign(x) · log(1 + |x|), or over x. */
export type CutScale = 'log1p' | 'linear';

export class IsolationGrower {
  readonly #matrix: FeatureMatrix;
  readonly #scale: CutScale;
  readonly #maxDepth: number;
  readonly #subsample: number;
  /** Numbers of the tree's rows, a node's side by side. */
  readonly #order: Uint32Array;
  readonly #scratch: Uint32Array;
  /** What the rows of `#order` hold of the feature last looked at. */
  readonly #held: Float32Array;
  readonly #features: Uint16Array;
  readonly #tree: DepthFirstTree;
  /** Of the feature last drawn. */
  #low = 0;
  #high = 0;

  constructor(matrix: FeatureMatrix, scale: CutScale, subsample: number) {
    const featureCount = matrix.featureNames.length;
    this.#matrix = matrix;
    this.#scale = scale;
    this.#maxDepth = Math.max(1, Math.ceil(Math.log2(subsample)));
    this.#subsample = subsample;
    this.#order = new Uint32Array(subsample);
    this.#scratch = new Uint32Array(subsample);
    this.#held = new Float32Array(subsample);
    this.#features = new Uint16Array(featureCount);
    this.#tree = new DepthFirstTree(featureCount, 2 * subsample - 1);
  }

  /** On the first `subsample` of `rows`. */
  growTree(rows: Uint32Array, random: Random): FlatTreeArrays {
    this.#order.set(rows.subarray(0, this.#subsample));
    for (let f = 0; f < this.#features.length; f++) this.#features[f] = f;
    this.#tree.begin();
    this.#grow(0, this.#subsample, 0, random);
    return this.#tree.flatten();
  }

  #grow(begin: number, end: number, depth: number, random: Random): void {
    const isInner = depth < this.#maxDepth && end - begin > 1;
    const feature = isInner ? this.#drawFeature(begin, end, random) : -1;
    if (feature < 0) {
      this.#tree.addLeaf(depth + meanPathLength(end - begin), end - begin);
      return;
    }
    const threshold = this.#drawThreshold(random.float());
    const isMissingLeft = random.float() < 0.5;
    const middle = this.#partition(begin, end, threshold, isMissingLeft);
    const split = this.#tree.addSplit(feature, threshold, isMissingLeft);
    this.#grow(begin, middle, depth + 1, random);
    this.#tree.beginRight(split);
    this.#grow(middle, end, depth + 1, random);
  }

  /** A random feature that is not constant here, with its range and what rows hold of it; −1 where all are. */
  #drawFeature(begin: number, end: number, random: Random): number {
    const features = this.#features;
    const order = this.#order;
    const held = this.#held;
    const { values } = this.#matrix;
    const width = features.length;
    for (let i = 0; i < width; i++) {
      const other = i + random.below(width - i);
      const feature = features[other]!;
      features[other] = features[i]!;
      features[i] = feature;
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let at = begin; at < end; at++) {
        const value = Math.fround(values[order[at]! * width + feature]!);
        held[at] = value;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (!(low < high)) continue;
      this.#low = low;
      this.#high = high;
      return feature;
    }
    return -1;
  }

  /** From the lowest to below the highest value, `share` of the way on the scale: both sides get rows. */
  #drawThreshold(share: number): number {
    const low = this.#low;
    const high = this.#high;
    const drawn =
      this.#scale === 'linear'
        ? low + (high - low) * share
        : expOf(logOf(low) + (logOf(high) - logOf(low)) * share);
    const threshold = Math.fround(drawn);
    return threshold >= low && threshold < high ? threshold : low;
  }

  /** Brings the rows that go left to the front, keeping their order; answers where the others begin. */
  #partition(begin: number, end: number, threshold: number, isMissingLeft: boolean): number {
    const order = this.#order;
    const scratch = this.#scratch;
    const held = this.#held;
    let left = begin;
    let right = 0;
    // No branch per row, which half of the time would be guessed wrong: it is written to both sides, and one side moves on.
    for (let at = begin; at < end; at++) {
      const row = order[at]!;
      const value = held[at]!;
      const isLeft = Number(isMissingLeft ? !(value > threshold) : value <= threshold);
      order[left] = row;
      scratch[right] = row;
      left += isLeft;
      right += 1 - isLeft;
    }
    for (let i = 0; i < right; i++) order[left + i] = scratch[i]!;
    return left;
  }
}

function logOf(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}

function expOf(value: number): number {
  return Math.sign(value) * Math.expm1(Math.abs(value));
}
