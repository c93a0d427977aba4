/**
 * The trees of a model as flat arrays: what is scored, explained and stored.
 *
 * A node is two 32-bit words. A split has the key of its threshold (row-keys.ts) and a link: slot of
 * the row's keys in the low 11 bits, distance to the left child in the upper 21; the right child
 * follows the left. A leaf has its number and a link with distance 0 and the slot that is below
 * everything, so that a step from a leaf leads to itself and the scorer needs no test per tree.
 *
 * Trees lie one after the other, each in breadth-first order, leaves numbered in that order. There
 * is one way to write a forest; `createFlatTrees` refuses every other and so proves the absence of
 * cycles, of unreachable nodes and of reads outside the arrays.
 */
import { AppError } from '../../errors.ts';
import { MAX_FEATURES } from './dataset.ts';
import type { GrownNode } from './grown-tree.ts';
import { isFiniteKey, keyOf } from './row-keys.ts';

const SLOT_BITS = 11;
const SLOT_MASK = 2 ** SLOT_BITS - 1;
export const MAX_TREE_NODES = 2 ** (32 - SLOT_BITS);
/** Deeper trees are refused: training stops well before, explanations size their memory by it. */
export const MAX_DEPTH = 64;

/** The arrays a model file stores. */
export interface FlatTreeArrays {
  readonly featureCount: number;
  /** Numbers per leaf. */
  readonly outputCount: number;
  /** Two words per node. */
  readonly nodes: Int32Array;
  /** First node of each tree, ascending, beginning with 0. */
  readonly roots: Uint32Array;
  /** `outputCount` values per leaf. */
  readonly values: Float32Array;
  /** Training weight per leaf. */
  readonly leafCover: Float32Array;
}

/** Checked arrays with what follows from them. */
export interface FlatTrees extends FlatTreeArrays {
  readonly treeCount: number;
  /** Training weight per node: a split's is the sum of its children's. Summed up when first asked for. */
  readonly cover: Float64Array;
  readonly depth: number;
}

/** Throws `model_incompatible` unless every row, whatever its values, reaches a leaf of every tree. */
export function createFlatTrees(arrays: FlatTreeArrays): FlatTrees {
  const { featureCount, outputCount, nodes, roots, values, leafCover } = arrays;
  const nodeCount = nodes.length / 2;
  const leafCount = leafCover.length;
  if (!(featureCount >= 1 && featureCount <= MAX_FEATURES)) throw broken('the number of features');
  if (roots.length === 0 || roots[0] !== 0) throw broken('the first root');
  if (!Number.isInteger(nodeCount)) throw broken('the number of nodes');
  if (values.length !== leafCount * outputCount) throw broken('the number of leaf values');
  let leaf = 0;
  let depth = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree]!;
    const end = tree + 1 < roots.length ? roots[tree + 1]! : nodeCount;
    if (end <= root || end > nodeCount || end - root > MAX_TREE_NODES) throw broken(`tree ${tree}`);
    const shape = checkTree(nodes, root, end, 2 * featureCount, leaf);
    // Every node but the root is the child of exactly one before it, and no child lies behind the last.
    if (shape.next !== end) throw broken(`the end of tree ${tree}`);
    if (shape.depth > MAX_DEPTH) throw broken(`tree ${tree}, which is deeper than ${MAX_DEPTH}`);
    leaf = shape.leaf;
    depth = Math.max(depth, shape.depth);
  }
  if (leaf !== leafCount) throw broken('the number of leaves');
  // Of finite values alone the products with 0 sum up to 0: no branch per value, also before the loop is compiled.
  let zero = 0;
  for (let i = 0; i < values.length; i++) zero += 0 * values[i]!;
  if (zero !== 0)
    throw broken(`leaf value ${values.findIndex((value) => !Number.isFinite(value))}`);
  for (let i = 0; i < leafCover.length; i++) {
    const own = leafCover[i]!;
    if (!(own > 0 && own < Number.POSITIVE_INFINITY)) throw broken(`the cover of leaf ${i}`);
  }
  let cover: Float64Array | null = null;
  return {
    ...arrays,
    treeCount: roots.length,
    depth,
    get cover() {
      cover ??= coverOf(nodes, leafCover);
      return cover;
    },
  };
}

/**
 * Answers the depth of a tree, the number of the first leaf after it and where its nodes should end. Little is done per
 * node, as most of a program's first model is checked before the loop is compiled.
 */
function checkTree(
  nodes: Int32Array,
  root: number,
  end: number,
  leafSlot: number,
  firstLeaf: number,
): { depth: number; leaf: number; next: number } {
  let leaf = firstLeaf;
  let next = root + 1;
  let depth = 0;
  // Breadth first, a level's nodes lie side by side: its last is where the children of the level above it end.
  let levelEnd = next;
  for (let node = root; node < end; node++) {
    const word = nodes[2 * node]!;
    const link = nodes[2 * node + 1]!;
    if (node === levelEnd) {
      depth++;
      levelEnd = next;
    }
    const distance = link >>> SLOT_BITS;
    if (distance === 0) {
      if (link !== leafSlot || word !== leaf) throw broken(`leaf ${leaf}`);
      leaf++;
      continue;
    }
    if ((link & SLOT_MASK) >= leafSlot) throw broken(`the feature of node ${node}`);
    if (!isFiniteKey(word)) throw broken(`the threshold of node ${node}`);
    if (node + distance !== next) throw broken(`the children of node ${node}`);
    next += 2;
  }
  return { depth, leaf, next };
}

/** Throws RangeError where the trees do not fit the layout: training bounds them well below. */
export function flattenTrees(
  trees: readonly GrownNode[],
  featureCount: number,
  outputCount: number,
): FlatTrees {
  const nodeCount = trees.reduce((sum, tree) => sum + countNodes(tree), 0);
  const leafCount = (nodeCount + trees.length) / 2;
  const nodes = new Int32Array(2 * nodeCount);
  const roots = new Uint32Array(trees.length);
  const values = new Float32Array(leafCount * outputCount);
  const leafCover = new Float32Array(leafCount);
  let word = 0;
  let leaf = 0;
  for (const [index, tree] of trees.entries()) {
    roots[index] = word / 2;
    const queue: GrownNode[] = [tree];
    for (let at = 0; at < queue.length; at++) {
      const node = queue[at]!;
      if (node.kind === 'leaf') {
        nodes[word++] = leaf;
        nodes[word++] = leafLink(featureCount);
        leafCover[leaf] = node.cover;
        for (let o = 0; o < outputCount; o++) values[leaf * outputCount + o] = node.values[o]!;
        leaf++;
      } else {
        const distance = queue.length - at;
        if (distance >= MAX_TREE_NODES) throw new RangeError(`Tree ${index} is too large`);
        queue.push(node.left, node.right);
        nodes[word++] = keyOf(node.threshold);
        nodes[word++] = splitLink(distance, node.feature, node.isMissingLeft);
      }
    }
  }
  return createFlatTrees({ featureCount, outputCount, nodes, roots, values, leafCover });
}

export function leafLink(featureCount: number): number {
  return 2 * featureCount;
}

/** `distance`: to the left child, below MAX_TREE_NODES. */
export function splitLink(distance: number, feature: number, isMissingLeft: boolean): number {
  return (distance << SLOT_BITS) | (2 * feature + (isMissingLeft ? 1 : 0));
}

function countNodes(tree: GrownNode): number {
  return tree.kind === 'leaf' ? 1 : 1 + countNodes(tree.left) + countNodes(tree.right);
}

/** The trees of several parts as one, as if they had been flattened together. */
export function joinTrees(parts: readonly FlatTreeArrays[]): FlatTrees {
  const [first] = parts;
  if (first === undefined) throw new RangeError('There is nothing to join');
  if (parts.length === 1) return createFlatTrees(first);
  const { featureCount, outputCount } = first;
  const sum = (size: (part: FlatTreeArrays) => number) =>
    parts.reduce((total, part) => total + size(part), 0);
  const nodes = new Int32Array(sum((part) => part.nodes.length));
  const roots = new Uint32Array(sum((part) => part.roots.length));
  const values = new Float32Array(sum((part) => part.values.length));
  const leafCover = new Float32Array(sum((part) => part.leafCover.length));
  let word = 0;
  let tree = 0;
  let leaf = 0;
  for (const part of parts) {
    for (let at = 0; at < part.nodes.length; at += 2) {
      const link = part.nodes[at + 1]!;
      nodes[word + at] = part.nodes[at]! + (link >>> SLOT_BITS === 0 ? leaf : 0);
      nodes[word + at + 1] = link;
    }
    for (let i = 0; i < part.roots.length; i++) roots[tree + i] = part.roots[i]! + word / 2;
    values.set(part.values, leaf * outputCount);
    leafCover.set(part.leafCover, leaf);
    word += part.nodes.length;
    tree += part.roots.length;
    leaf += part.leafCover.length;
  }
  return createFlatTrees({ featureCount, outputCount, nodes, roots, values, leafCover });
}

/** The left child of a split; the node itself for a leaf. */
export function leftOf(trees: FlatTrees, node: number): number {
  return node + (trees.nodes[2 * node + 1]! >>> SLOT_BITS);
}

/** The feature that a split tests. */
export function featureOf(trees: FlatTrees, node: number): number {
  return (trees.nodes[2 * node + 1]! & SLOT_MASK) >>> 1;
}

/** Whether a split sends missing values left. */
export function isMissingLeft(trees: FlatTrees, node: number): boolean {
  return (trees.nodes[2 * node + 1]! & 1) === 1;
}

/** Whether the row of these keys goes right at a split. */
export function isRight(trees: FlatTrees, node: number, keys: Int32Array): boolean {
  return keys[trees.nodes[2 * node + 1]! & SLOT_MASK]! > trees.nodes[2 * node]!;
}

/** Hot path: writes the number of the leaf that the row reaches in tree `t` to `leaves[t]`. */
export function findLeaves(trees: FlatTrees, keys: Int32Array, leaves: Int32Array): void {
  const { nodes, roots, treeCount } = trees;
  let tree = 0;
  // Eight trees at a time, unrolled: their loads do not wait for one another. One at a time is 2 to 3 times
  // slower, four are a third slower, one array per word instead of two words per node gains nothing.
  for (; tree + 8 <= treeCount; tree += 8) {
    let a = roots[tree]! << 1;
    let b = roots[tree + 1]! << 1;
    let c = roots[tree + 2]! << 1;
    let d = roots[tree + 3]! << 1;
    let e = roots[tree + 4]! << 1;
    let f = roots[tree + 5]! << 1;
    let g = roots[tree + 6]! << 1;
    let h = roots[tree + 7]! << 1;
    for (;;) {
      const linkA = nodes[a + 1]!;
      const linkB = nodes[b + 1]!;
      const linkC = nodes[c + 1]!;
      const linkD = nodes[d + 1]!;
      const linkE = nodes[e + 1]!;
      const linkF = nodes[f + 1]!;
      const linkG = nodes[g + 1]!;
      const linkH = nodes[h + 1]!;
      const links = linkA | linkB | linkC | linkD | linkE | linkF | linkG | linkH;
      if (links >>> SLOT_BITS === 0) break;
      a += ((linkA >>> SLOT_BITS) + Number(keys[linkA & SLOT_MASK]! > nodes[a]!)) << 1;
      b += ((linkB >>> SLOT_BITS) + Number(keys[linkB & SLOT_MASK]! > nodes[b]!)) << 1;
      c += ((linkC >>> SLOT_BITS) + Number(keys[linkC & SLOT_MASK]! > nodes[c]!)) << 1;
      d += ((linkD >>> SLOT_BITS) + Number(keys[linkD & SLOT_MASK]! > nodes[d]!)) << 1;
      e += ((linkE >>> SLOT_BITS) + Number(keys[linkE & SLOT_MASK]! > nodes[e]!)) << 1;
      f += ((linkF >>> SLOT_BITS) + Number(keys[linkF & SLOT_MASK]! > nodes[f]!)) << 1;
      g += ((linkG >>> SLOT_BITS) + Number(keys[linkG & SLOT_MASK]! > nodes[g]!)) << 1;
      h += ((linkH >>> SLOT_BITS) + Number(keys[linkH & SLOT_MASK]! > nodes[h]!)) << 1;
    }
    leaves[tree] = nodes[a]!;
    leaves[tree + 1] = nodes[b]!;
    leaves[tree + 2] = nodes[c]!;
    leaves[tree + 3] = nodes[d]!;
    leaves[tree + 4] = nodes[e]!;
    leaves[tree + 5] = nodes[f]!;
    leaves[tree + 6] = nodes[g]!;
    leaves[tree + 7] = nodes[h]!;
  }
  for (; tree < treeCount; tree++) {
    let a = roots[tree]! << 1;
    for (let link = nodes[a + 1]!; link >>> SLOT_BITS !== 0; link = nodes[a + 1]!) {
      a += ((link >>> SLOT_BITS) + Number(keys[link & SLOT_MASK]! > nodes[a]!)) << 1;
    }
    leaves[tree] = nodes[a]!;
  }
}

function coverOf(nodes: Int32Array, leafCover: Float32Array): Float64Array {
  const cover = new Float64Array(nodes.length / 2);
  for (let node = cover.length - 1; node >= 0; node--) {
    const distance = nodes[2 * node + 1]! >>> SLOT_BITS;
    if (distance !== 0) {
      cover[node] = cover[node + distance]! + cover[node + distance + 1]!;
      continue;
    }
    cover[node] = leafCover[nodes[2 * node]!]!;
  }
  return cover;
}

function broken(what: string): AppError {
  return new AppError('model_incompatible', `Cannot use the trees: wrong is ${what}`);
}
