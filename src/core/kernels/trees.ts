/**
 * Forests in memory of their own, scored by the kernel in `kernels/trees.ts`.
 *
 * The row is copied in, its values become integer keys that sort like 32-bit floats, each twice: once with a missing
 * value above everything, once below; a key stands in the high half of 64 bits. A node is 64 bits too: above, the key of
 * its threshold; below, a link with the address of the key that it compares with in the low 14 bits and the distance to
 * its left child in the upper 18; the right child follows the left. So one load brings a node and one comparison of 64
 * bits decides it. A leaf has distance 0 and the key that is below everything, so a step from it leads nowhere else and
 * trees of different depth walk together. Its upper half is free: it says what the leaf says, or its number.
 */
import { allocateMemory } from './allocate-memory.ts';
import { compileKernel } from './compile.ts';
import { HEX } from './trees-wasm.ts';

/** Of a link. `kernels/trees.ts` has the same numbers. */
const SLOT_BITS = 14;
const MAX_DISTANCE = 2 ** (32 - SLOT_BITS) - 1;
const ROW_AT = 16_384;
const NODES_AT = 24_576;
const LANES = 8;
/** Words of the roots of eight trees and of their depth. */
const GROUP_WORDS = LANES + 1;
const LINE_BYTES = 64;
const NODE_BYTES = 8;

/** What is copied in: as `core/models/flat-trees.ts` has it, link words of 11 bits slot and 21 bits distance. */
export interface KernelTrees {
  readonly featureCount: number;
  readonly nodes: Int32Array;
  readonly roots: Uint32Array;
  readonly values: Float32Array;
  readonly outputCount: number;
  /** Training weight per node: says which nodes most rows will come to. */
  readonly cover: Float64Array;
}

/** `value`: of the last output; `number`: of the leaf, from which `sumOutput` finds any output. */
export type LeafWord = 'value' | 'number';

interface Exports {
  walkTrees(
    featureCount: number,
    groups: number,
    groupCount: number,
    reached: number,
    first: number,
  ): number;
  sumOutput(
    reached: number,
    treeCount: number,
    values: number,
    stride: number,
    output: number,
  ): number;
}

const code = compile();

export class TreeKernel {
  /** Numbers of the leaves that the last row of `reach` came to. */
  readonly leaves: Int32Array;
  readonly #row: Float64Array;
  readonly #exports: Exports;
  readonly #featureCount: number;
  readonly #treeCount: number;
  readonly #groupCount: number;
  readonly #outputCount: number;
  readonly #groupsAt: number;
  readonly #reachedAt: number;
  readonly #valuesAt: number;

  private constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    places: Places,
    trees: KernelTrees,
    word: LeafWord,
  ) {
    const { featureCount, nodes, roots, values, outputCount } = trees;
    const { spareAt, groupsAt, reachedAt, valuesAt, groupCount } = places;
    const { buffer } = memory;
    const words = new Int32Array(buffer);
    const placed = placeNodes(trees);
    copyNodes(words, placed, trees, word);
    words[spareAt / 4] = 16 * featureCount;
    // Adding −0 changes no sum.
    words[spareAt / 4 + 1] = -0x80000000;
    const groups = words.subarray(groupsAt / 4);
    for (let lane = 0; lane < groupCount * LANES; lane++) {
      const root = roots[lane];
      groups[Math.floor(lane / LANES) * GROUP_WORDS + (lane % LANES)] =
        root === undefined ? spareAt : placed[root]!;
    }
    for (const [tree, depth] of depthsOf(nodes, roots).entries()) {
      const at = Math.floor(tree / LANES) * GROUP_WORDS + LANES;
      groups[at] = Math.max(groups[at]!, depth);
    }
    if (word === 'number') new Float32Array(buffer, valuesAt, values.length).set(values);
    this.leaves = new Int32Array(buffer, reachedAt, roots.length);
    this.#row = new Float64Array(buffer, ROW_AT, featureCount);
    this.#exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
    this.#featureCount = featureCount;
    this.#treeCount = roots.length;
    this.#groupCount = groupCount;
    this.#outputCount = outputCount;
    this.#groupsAt = groupsAt;
    this.#reachedAt = reachedAt;
    this.#valuesAt = valuesAt;
  }

  /** Null where the machine has no WebAssembly with SIMD or no memory for it, or a tree is too large for the links. */
  static create(trees: KernelTrees, word: LeafWord): TreeKernel | null {
    if (code === null || !hasShortLinks(trees)) return null;
    const places = placesOf(trees, word);
    const memory = allocateMemory(places.end);
    return memory && new TreeKernel(code, memory, places, trees, word);
  }

  /** Hot path, with `value`: `first` and what the trees say of the row, added in their order. */
  sum(row: Float64Array, first: number): number {
    this.#copy(row);
    return this.#exports.walkTrees(this.#featureCount, this.#groupsAt, this.#groupCount, 0, first);
  }

  /** Hot path, with `number`: finds the row's `leaves`. */
  reach(row: Float64Array): void {
    this.#copy(row);
    this.#exports.walkTrees(
      this.#featureCount,
      this.#groupsAt,
      this.#groupCount,
      this.#reachedAt,
      0,
    );
  }

  /** With `number`: the sum of one output over the leaves that were reached, in the order of the trees. */
  sumOutput(output: number): number {
    return this.#exports.sumOutput(
      this.#reachedAt,
      this.#treeCount,
      this.#valuesAt,
      this.#outputCount,
      output,
    );
  }

  #copy(row: Float64Array): void {
    const count = this.#featureCount;
    if (row.length !== count) {
      throw new RangeError(`Cannot score a row of ${row.length} values: the model has ${count}`);
    }
    this.#row.set(row);
  }
}

function placesOf({ nodes, roots, values }: KernelTrees, word: LeafWord) {
  const groupCount = Math.ceil(roots.length / LANES);
  // Each tree may leave most of a cache line empty; behind them one more leaf, for lanes without a tree.
  const spareAt = NODES_AT + 4 * nodes.length + LINE_BYTES * roots.length;
  const groupsAt = spareAt + 8;
  const reachedAt = groupsAt + 4 * GROUP_WORDS * groupCount;
  const valuesAt = reachedAt + 4 * LANES * groupCount;
  const end = valuesAt + (word === 'number' ? 4 * values.length : 0);
  return { groupCount, spareAt, groupsAt, reachedAt, valuesAt, end };
}
type Places = ReturnType<typeof placesOf>;

/**
 * The address of every node. The root is the second node of a cache line, so that pairs of children never lie across
 * two; pairs follow by the training weight above them: the way of most rows is packed in few lines, a third faster
 * than level by level.
 */
function placeNodes({ nodes, roots, cover }: KernelTrees): Uint32Array {
  const places = new Uint32Array(cover.length);
  let at = NODES_AT;
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree]!;
    const end = tree + 1 < roots.length ? roots[tree + 1]! : cover.length;
    const splits: number[] = [];
    for (let node = root; node < end; node++)
      if (nodes[2 * node + 1]! >>> 11 !== 0) splits.push(node);
    // A split weighs at least what those below it do, and comes before them where they weigh the same.
    splits.sort((a, b) => cover[b]! - cover[a]! || a - b);
    at = Math.ceil(at / LINE_BYTES) * LINE_BYTES + NODE_BYTES;
    places[root] = at;
    at += NODE_BYTES;
    for (const split of splits) {
      const left = split + (nodes[2 * split + 1]! >>> 11);
      places[left] = at;
      places[left + 1] = at + NODE_BYTES;
      at += 2 * NODE_BYTES;
    }
  }
  return places;
}

function copyNodes(
  words: Int32Array,
  places: Uint32Array,
  { nodes, values, outputCount }: KernelTrees,
  word: LeafWord,
): void {
  const said = new Float32Array(words.buffer);
  for (let node = 0; node < places.length; node++) {
    const at = places[node]! / 4;
    const own = nodes[2 * node]!;
    const link = nodes[2 * node + 1]!;
    const distance = link >>> 11;
    const step = distance === 0 ? 0 : (places[node + distance]! - places[node]!) / NODE_BYTES;
    words[at] = (step << SLOT_BITS) | ((link & 2047) << 3);
    if (distance !== 0 || word === 'number') words[at + 1] = own;
    else said[at + 1] = values[own * outputCount + outputCount - 1]!;
  }
}

/** Per tree, the steps from its root to its deepest leaf. */
function depthsOf(nodes: Int32Array, roots: Uint32Array): Uint32Array {
  const depths = new Uint32Array(nodes.length / 2);
  const deepest = new Uint32Array(roots.length);
  for (let tree = 0; tree < roots.length; tree++) {
    const end = tree + 1 < roots.length ? roots[tree + 1]! : depths.length;
    for (let node = roots[tree]!; node < end; node++) {
      const distance = nodes[2 * node + 1]! >>> 11;
      const depth = depths[node]!;
      if (depth > deepest[tree]!) deepest[tree] = depth;
      if (distance === 0) continue;
      depths[node + distance] = depth + 1;
      depths[node + distance + 1] = depth + 1;
    }
  }
  return deepest;
}

/** Whether no two nodes of a tree can be further apart than a link reaches. */
function hasShortLinks({ roots, cover }: KernelTrees): boolean {
  return roots.every((root, tree) => (roots[tree + 1] ?? cover.length) - root <= MAX_DISTANCE);
}

/** Null where the machine cannot: everything is scored without. */
function compile(): WebAssembly.Module | null {
  try {
    return compileKernel(HEX);
  } catch {
    return null;
  }
}
