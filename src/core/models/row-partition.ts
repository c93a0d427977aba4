/** Divides a node's rows between its children, in place and keeping their order (so sums repeat exactly). */
import type { BinnedMatrix } from './binning.ts';

export interface BinSplit {
  readonly feature: number;
  /** Rows in this bin or a lower one go left. */
  readonly bin: number;
  readonly isMissingLeft: boolean;
}

/** Afterwards `rows[begin..middle)` go left and `rows[middle..end)` right; returns `middle`. */
export function partitionRows(
  rows: Uint32Array,
  begin: number,
  end: number,
  binned: BinnedMatrix,
  split: BinSplit,
  scratch: Uint32Array,
): number {
  const { columns } = binned;
  const column = split.feature * binned.rowCount;
  const { bin } = split;
  // A bin that no row has, unless missing values go left.
  const missing = split.isMissingLeft ? binned.cuts[split.feature]!.length + 1 : -1;
  let left = begin;
  let right = 0;
  for (let i = begin; i < end; i++) {
    const row = rows[i]!;
    const cell = columns[column + row]!;
    // Written to both sides, where the next of that side is written again: a branch would be guessed wrong half of the time.
    rows[left] = row;
    scratch[right] = row;
    const isLeft = Number(cell <= bin) | Number(cell === missing);
    left += isLeft;
    right += 1 - isLeft;
  }
  for (let i = 0; i < right; i++) rows[left + i] = scratch[i]!;
  return left;
}
