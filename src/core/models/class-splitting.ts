/**
 * The split stage of the random forest: class weights per bin of a few drawn features, and the cut
 * with the least Gini impurity. Only bins that some row of the node is in are visited, so that small
 * nodes and many classes stay cheap. Missing values go where they fit better.
 */
import type { BinnedMatrix } from './binning.ts';
import type { BinSplit } from './row-partition.ts';

/** One node's rows: `rows[begin..end)` of the tree's. */
export interface NodeRows {
  readonly rows: Uint32Array;
  readonly begin: number;
  readonly end: number;
  /** Weight per class; sums up the rows'. */
  readonly totals: Float64Array;
}

/** Searches one tree's nodes after another; reuses its counts. */
export class ClassSplitter {
  readonly #binned: BinnedMatrix;
  readonly #labels: Uint16Array;
  readonly #weights: Float64Array;
  readonly #classCount: number;
  readonly #minLeafRows: number;
  readonly #sums: Float64Array;
  readonly #counts = new Uint32Array(256);
  readonly #left: Float64Array;
  #score = 0;
  #feature = -1;
  #bin = 0;
  #isMissingLeft = false;

  /** `weights` per row of `binned`: how much the row counts in this tree. */
  constructor(
    binned: BinnedMatrix,
    labels: Uint16Array,
    weights: Float64Array,
    classCount: number,
    minLeafRows: number,
  ) {
    this.#binned = binned;
    this.#labels = labels;
    this.#weights = weights;
    this.#classCount = classCount;
    this.#minLeafRows = minLeafRows;
    this.#sums = new Float64Array(256 * classCount);
    this.#left = new Float64Array(classCount);
  }

  /** Forgets the last node. */
  begin(node: NodeRows): void {
    let total = 0;
    let squares = 0;
    for (const weight of node.totals) {
      total += weight;
      squares += weight * weight;
    }
    this.#feature = -1;
    this.#score = (squares / total) * (1 + 1e-12);
  }

  /** Tries a feature; false where all rows of the node are in one bin of it. */
  tryFeature(node: NodeRows, feature: number): boolean {
    const { columns, rowCount, cuts } = this.#binned;
    const classCount = this.#classCount;
    const counts = this.#counts;
    const sums = this.#sums;
    const labels = this.#labels;
    const weights = this.#weights;
    const column = feature * rowCount;
    const { rows, begin, end } = node;
    let low = 255;
    let high = 0;
    for (let i = begin; i < end; i++) {
      const row = rows[i]!;
      const bin = columns[column + row]!;
      counts[bin]! += 1;
      sums[bin * classCount + labels[row]!]! += weights[row]!;
      if (bin < low) low = bin;
      if (bin > high) high = bin;
    }
    const missing = cuts[feature]!.length + 1;
    const hasMissing = high === missing;
    if (low !== high) {
      this.#sweep(node, feature, low, high, -1);
      if (hasMissing) this.#sweep(node, feature, low, missing - 1, missing);
    }
    for (let bin = low; bin <= high; bin++) {
      if (counts[bin] === 0) continue;
      counts[bin] = 0;
      sums.fill(0, bin * classCount, (bin + 1) * classCount);
    }
    return low !== high;
  }

  /** The best split since `begin`; null where none lowers the impurity. */
  best(): BinSplit | null {
    if (this.#feature < 0) return null;
    return { feature: this.#feature, bin: this.#bin, isMissingLeft: this.#isMissingLeft };
  }

  /** Moves bins `low..high` to the left one by one, after bin `first` (-1: none). */
  #sweep(node: NodeRows, feature: number, low: number, high: number, first: number): void {
    const counts = this.#counts;
    const sums = this.#sums;
    const left = this.#left;
    const totals = node.totals;
    const classCount = this.#classCount;
    const missing = this.#binned.cuts[feature]!.length + 1;
    const rowCount = node.end - node.begin;
    let leftRows = 0;
    let previous = -1;
    left.fill(0);
    for (let step = first < 0 ? low : low - 1; step <= high; step++) {
      const bin = step < low ? first : step;
      if (counts[bin] === 0) continue;
      if (leftRows >= this.#minLeafRows && previous >= 0) {
        if (rowCount - leftRows < this.#minLeafRows) return;
        let leftTotal = 0;
        let rightTotal = 0;
        let leftSquares = 0;
        let rightSquares = 0;
        for (let c = 0; c < classCount; c++) {
          const l = left[c]!;
          const r = totals[c]! - l;
          leftTotal += l;
          rightTotal += r;
          leftSquares += l * l;
          rightSquares += r * r;
        }
        const score = leftSquares / leftTotal + rightSquares / rightTotal;
        if (score > this.#score) {
          this.#score = score;
          this.#feature = feature;
          // Between two bins that rows are in, the cut is in the middle of the empty ones.
          this.#bin = bin === missing ? bin - 1 : (previous + bin - 1) >> 1;
          this.#isMissingLeft = first >= 0 || (high !== missing && leftTotal >= rightTotal);
        }
      }
      for (let c = 0; c < classCount; c++) left[c]! += sums[bin * classCount + c]!;
      leftRows += counts[bin]!;
      if (bin !== first) previous = bin;
    }
  }
}
