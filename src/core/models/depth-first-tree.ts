/**
 * A tree with one number per leaf that is grown depth first, in numbers from the start: where trees grow in microseconds,
 * an object per node takes longer than the growing. Reused for one tree after another.
 */
import { type FlatTreeArrays, leafLink, splitLink } from './flat-trees.ts';
import { keyOf } from './row-keys.ts';

/** Of a leaf, where a split has its right child. */
const NONE = 0;

export class DepthFirstTree {
  readonly #featureCount: number;
  /** Of a split: key, the link to a left child without its distance, right child. The left child is the next node. */
  readonly #keys: Int32Array;
  readonly #links: Int32Array;
  readonly #rights: Uint32Array;
  /** Of a leaf. */
  readonly #values: Float32Array;
  readonly #covers: Float32Array;
  /** Nodes in breadth-first order. */
  readonly #queue: Uint32Array;
  #nodeCount = 0;

  constructor(featureCount: number, mostNodes: number) {
    this.#featureCount = featureCount;
    this.#keys = new Int32Array(mostNodes);
    this.#links = new Int32Array(mostNodes);
    this.#rights = new Uint32Array(mostNodes);
    this.#values = new Float32Array(mostNodes);
    this.#covers = new Float32Array(mostNodes);
    this.#queue = new Uint32Array(mostNodes);
  }

  /** Forgets the last tree. */
  begin(): void {
    this.#nodeCount = 0;
  }

  addLeaf(value: number, cover: number): void {
    const node = this.#nodeCount++;
    this.#rights[node] = NONE;
    this.#values[node] = value;
    this.#covers[node] = cover;
  }

  /** Answers the split's number; all of its left side comes next. */
  addSplit(feature: number, threshold: number, isMissingLeft: boolean): number {
    const node = this.#nodeCount++;
    this.#keys[node] = keyOf(threshold);
    this.#links[node] = splitLink(0, feature, isMissingLeft);
    return node;
  }

  /** What comes next is the right side of `split`. */
  beginRight(split: number): void {
    this.#rights[split] = this.#nodeCount;
  }

  flatten(): FlatTreeArrays {
    const leafCount = (this.#nodeCount + 1) / 2;
    const nodes = new Int32Array(2 * this.#nodeCount);
    const values = new Float32Array(leafCount);
    const leafCover = new Float32Array(leafCount);
    const queue = this.#queue;
    queue[0] = 0;
    let length = 1;
    let leaf = 0;
    for (let at = 0; at < length; at++) {
      const node = queue[at]!;
      const right = this.#rights[node]!;
      if (right === NONE) {
        nodes[2 * at] = leaf;
        nodes[2 * at + 1] = leafLink(this.#featureCount);
        values[leaf] = this.#values[node]!;
        leafCover[leaf++] = this.#covers[node]!;
      } else {
        nodes[2 * at] = this.#keys[node]!;
        nodes[2 * at + 1] = splitLink(length - at, 0, false) | this.#links[node]!;
        queue[length++] = node + 1;
        queue[length++] = right;
      }
    }
    const roots = Uint32Array.of(0);
    return { featureCount: this.#featureCount, outputCount: 1, nodes, roots, values, leafCover };
  }
}
