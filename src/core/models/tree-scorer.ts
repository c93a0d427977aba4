/**
 * What the trees say of a row: by the WebAssembly kernel where it can be had, else by TypeScript, which is what the
 * kernel is held against. Both give the same bits: same comparisons in 32-bit floats, same order of addition.
 */
import { type LeafWord, TreeKernel } from '../kernels/trees.ts';
import { type FlatTrees, findLeaves } from './flat-trees.ts';
import { RowKeys } from './row-keys.ts';

/** For models of one number, or of two of which the first is what the second leaves. */
export interface TreeSum {
  /** `first` and the last output of every tree, in the order of the trees. Allocates nothing. */
  sum(row: Float64Array, first: number): number;
}

/** For models of more numbers. */
export interface LeafFinder {
  /** Per tree the number of the leaf that the row of `reach` came to. */
  readonly leaves: Int32Array;
  /** Allocates nothing. */
  reach(row: Float64Array): void;
  /** One output of the leaves reached, added in the order of the trees. */
  sumOutput(output: number): number;
}

export function createTreeSum(trees: FlatTrees): TreeSum {
  return kernelOf(trees, 'value') ?? new PlainScorer(trees);
}

export function createLeafFinder(trees: FlatTrees): LeafFinder {
  return kernelOf(trees, 'number') ?? new PlainScorer(trees);
}

/** The reference, and the fallback. */
export class PlainScorer implements TreeSum, LeafFinder {
  readonly leaves: Int32Array;
  readonly #trees: FlatTrees;
  readonly #keys: RowKeys;

  constructor(trees: FlatTrees) {
    this.#trees = trees;
    this.#keys = new RowKeys(trees.featureCount);
    this.leaves = new Int32Array(trees.treeCount);
  }

  sum(row: Float64Array, first: number): number {
    this.reach(row);
    return this.#add(this.#trees.outputCount - 1, first);
  }

  reach(row: Float64Array): void {
    this.#keys.set(row);
    findLeaves(this.#trees, this.#keys.keys, this.leaves);
  }

  sumOutput(output: number): number {
    return this.#add(output, 0);
  }

  #add(output: number, first: number): number {
    const { values, treeCount, outputCount } = this.#trees;
    const leaves = this.leaves;
    let sum = first;
    for (let tree = 0; tree < treeCount; tree++)
      sum += values[leaves[tree]! * outputCount + output]!;
    return sum;
  }
}

function kernelOf(trees: FlatTrees, word: LeafWord): (TreeSum & LeafFinder) | null {
  return TreeKernel.create(trees, word);
}
