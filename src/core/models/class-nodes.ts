/**
 * The rows of a random forest's tree while it grows: summed up, searched for splits and divided, node by node. By the
 * kernel where the machine has it; sums are made in the same order, so both ways come to the same bits.
 */
import { ClassKernel } from '../kernels/classes.ts';
import type { BinnedMatrix } from './binning.ts';
import { ClassSplitter } from './class-splitting.ts';
import { type BinSplit, partitionRows } from './row-partition.ts';

/** What the nodes need of the data. */
export interface ClassRows {
  readonly binned: BinnedMatrix;
  /** Class per row. */
  readonly labels: Uint16Array;
  readonly classCount: number;
}

/** A node is a range of the tree's rows. */
export interface ClassNodes {
  /** Takes the rows that weigh something in the next tree; answers how many. */
  fill(weights: Float64Array): number;
  /** Writes a node's weight per class to `totals`; answers how many classes it has rows of. */
  sumClasses(begin: number, end: number, totals: Float64Array): number;
  /** Begins to search the node that was last summed up. */
  beginNode(): void;
  /** Hot path: tries a feature; false where all rows of the node are in one bin of it. */
  tryFeature(feature: number, begin: number, end: number): boolean;
  /** The best split since `beginNode`; null where none lowers the impurity. */
  best(): BinSplit | null;
  /** Brings the rows that go left to the front, keeping their order; answers where the others begin. */
  divide(begin: number, end: number, split: BinSplit): number;
}

export function createClassNodes(rows: ClassRows, minLeafRows: number): ClassNodes {
  const kernel = ClassKernel.create(rows.binned, rows.classCount, minLeafRows);
  return kernel ? new KernelNodes(kernel, rows.labels) : new PlainNodes(rows, minLeafRows);
}

class KernelNodes implements ClassNodes {
  readonly #kernel: ClassKernel;
  readonly #labels: Uint16Array;

  constructor(kernel: ClassKernel, labels: Uint16Array) {
    this.#kernel = kernel;
    this.#labels = labels;
  }

  fill(weights: Float64Array): number {
    let count = 0;
    for (let row = 0; row < weights.length; row++) {
      const weight = weights[row]!;
      if (weight > 0) this.#kernel.setRow(count++, row, this.#labels[row]!, weight);
    }
    return count;
  }

  sumClasses(begin: number, end: number, totals: Float64Array): number {
    return this.#kernel.sumClasses(begin, end, totals);
  }

  beginNode(): void {
    this.#kernel.beginNode();
  }

  tryFeature(feature: number, begin: number, end: number): boolean {
    return this.#kernel.tryFeature(feature, begin, end);
  }

  best(): BinSplit | null {
    return this.#kernel.best();
  }

  divide(begin: number, end: number, split: BinSplit): number {
    return this.#kernel.divide(begin, end, split);
  }
}

/** Without the kernel, and what the kernel is held against. */
export class PlainNodes implements ClassNodes {
  readonly #binned: BinnedMatrix;
  readonly #labels: Uint16Array;
  readonly #weights: Float64Array;
  readonly #rows: Uint32Array;
  readonly #scratch: Uint32Array;
  readonly #splitter: ClassSplitter;
  #totals: Float64Array = new Float64Array(0);

  constructor({ binned, labels, classCount }: ClassRows, minLeafRows: number) {
    const { rowCount } = binned;
    this.#binned = binned;
    this.#labels = labels;
    this.#weights = new Float64Array(rowCount);
    this.#rows = new Uint32Array(rowCount);
    this.#scratch = new Uint32Array(rowCount);
    this.#splitter = new ClassSplitter(binned, labels, this.#weights, classCount, minLeafRows);
  }

  fill(weights: Float64Array): number {
    this.#weights.set(weights);
    let count = 0;
    for (let row = 0; row < weights.length; row++) if (weights[row]! > 0) this.#rows[count++] = row;
    return count;
  }

  sumClasses(begin: number, end: number, totals: Float64Array): number {
    this.#totals = totals.fill(0);
    for (let i = begin; i < end; i++) {
      const row = this.#rows[i]!;
      totals[this.#labels[row]!]! += this.#weights[row]!;
    }
    let present = 0;
    for (let c = 0; c < totals.length; c++) if (totals[c]! > 0) present++;
    return present;
  }

  beginNode(): void {
    this.#splitter.begin({ rows: this.#rows, begin: 0, end: 0, totals: this.#totals });
  }

  tryFeature(feature: number, begin: number, end: number): boolean {
    const node = { rows: this.#rows, begin, end, totals: this.#totals };
    return this.#splitter.tryFeature(node, feature);
  }

  best(): BinSplit | null {
    return this.#splitter.best();
  }

  divide(begin: number, end: number, split: BinSplit): number {
    return partitionRows(this.#rows, begin, end, this.#binned, split, this.#scratch);
  }
}
