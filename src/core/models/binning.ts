/**
 * First stage of training: every feature's values become at most 255 bins, one byte each, so that
 * the later stages count instead of sort.
 *
 * Bin `b` holds `cuts[b - 1] < x <= cuts[b]`. A missing value is the bin after the feature's last
 * one (255 where all bins are used). Histograms give feature `f` the slots from `offsets[f]`, as many
 * as it has bins and one for missing: two-valued features cost three slots, not 256.
 */
import { BinFinder } from './bin-finder.ts';
import type { FeatureMatrix } from './dataset.ts';
import { FloatSorter } from './float-sorter.ts';
import { Random } from './random.ts';

/** Cuts come from at most so many rows, drawn with the seed: more move no quantile noticeably. */
const SAMPLE_ROWS = 100_000;
/** Rows that stay in the cache from feature to feature. */
const BLOCK_ROWS = 512;
/** Values of a cache line. */
const LINE_FEATURES = 8;

export interface BinnedMatrix {
  readonly rowCount: number;
  readonly featureCount: number;
  /** Per feature, ascending, at most 254, each a 32-bit float. */
  readonly cuts: readonly Float32Array[];
  /** First histogram slot per feature; the last entry is the number of slots. */
  readonly offsets: Int32Array;
  /** Per feature: whether any row lacks it. */
  readonly hasMissing: Uint8Array;
  /** Column-major: bin of row `r` in feature `f` is `columns[f * rowCount + r]`. */
  readonly columns: Uint8Array;
}

/** Quantile cuts with at most `maxBins` (2 to 255) bins per feature, of features `begin` to `end` − 1. */
export function findCuts(
  matrix: FeatureMatrix,
  maxBins: number,
  seed: number,
  begin = 0,
  end = matrix.featureNames.length,
): Float32Array[] {
  const width = matrix.featureNames.length;
  const rows = sampleRows(matrix.rowCount, seed);
  const sorters = Array.from({ length: LINE_FEATURES }, () => new FloatSorter(rows.length));
  const sizes = new Uint32Array(LINE_FEATURES);
  const cuts: Float32Array[] = [];
  // Features that lie side by side are read together: each row's come in one or two cache lines.
  for (let first = begin; first < end; first += LINE_FEATURES) {
    const count = Math.min(LINE_FEATURES, end - first);
    sizes.fill(0);
    for (let at = 0; at < rows.length; at += BLOCK_ROWS) {
      const block = rows.subarray(at, at + BLOCK_ROWS);
      for (let f = 0; f < count; f++) {
        const column = sorters[f]!.values;
        sizes[f] = gather(matrix.values, block, width, first + f, column, sizes[f]!);
      }
    }
    for (let f = 0; f < count; f++) cuts.push(cutsOfSorted(sorters[f]!.sort(sizes[f]!), maxBins));
  }
  return cuts;
}

/** Appends what is not missing to `column`, behind `size`; answers how many it has then. */
function gather(
  values: FeatureMatrix['values'],
  rows: Uint32Array,
  width: number,
  feature: number,
  column: Float32Array,
  size: number,
): number {
  let end = size;
  for (let i = 0; i < rows.length; i++) {
    const value = Math.fround(values[rows[i]! * width + feature]!) + 0; // no negative zero
    if (!Number.isNaN(value)) column[end++] = value;
  }
  return end;
}

/** `allocate` gives the memory of `columns`. */
export function binMatrix(
  matrix: FeatureMatrix,
  cuts: readonly Float32Array[],
  allocate: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): BinnedMatrix {
  const { rowCount, values } = matrix;
  const featureCount = matrix.featureNames.length;
  const offsets = new Int32Array(featureCount + 1);
  for (let f = 0; f < featureCount; f++) offsets[f + 1] = offsets[f]! + cuts[f]!.length + 2;
  const hasMissing = new Uint8Array(featureCount);
  const columns = new Uint8Array(allocate(featureCount * rowCount));
  const finder = new BinFinder(cuts);
  for (let begin = 0; begin < rowCount; begin += BLOCK_ROWS) {
    const end = Math.min(begin + BLOCK_ROWS, rowCount);
    for (let f = 0; f < featureCount; f++) {
      const column = f * rowCount;
      for (let row = begin; row < end; row++) {
        const value = Math.fround(values[row * featureCount + f]!);
        if (!Number.isNaN(value)) {
          columns[column + row] = finder.find(f, value);
        } else {
          columns[column + row] = cuts[f]!.length + 1;
          hasMissing[f] = 1;
        }
      }
    }
  }
  return { rowCount, featureCount, cuts, offsets, hasMissing, columns };
}

/**
 * A cut after every distinct value where there is room; else bins of about equal weight, where a
 * value heavier than a bin gets one to itself (as in LightGBM's GreedyFindBin).
 */
function cutsOfSorted(sorted: Float32Array, maxBins: number): Float32Array {
  const distinct = new Float32Array(sorted.length);
  const counts = new Uint32Array(sorted.length);
  let size = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (size === 0 || sorted[i] !== distinct[size - 1]) distinct[size++] = sorted[i]!;
    counts[size - 1]! += 1;
  }
  const cuts: number[] = [];
  if (size <= maxBins) {
    for (let i = 0; i + 1 < size; i++) cuts.push(between(distinct[i]!, distinct[i + 1]!));
    return Float32Array.from(cuts);
  }
  let remaining = sorted.length;
  let inBin = 0;
  for (let i = 0; i + 1 < size && cuts.length < maxBins - 1; i++) {
    inBin += counts[i]!;
    const target = (remaining / (maxBins - cuts.length)) | 0;
    if (inBin >= target || counts[i + 1]! >= target) {
      cuts.push(between(distinct[i]!, distinct[i + 1]!));
      remaining -= inBin;
      inBin = 0;
    }
  }
  return Float32Array.from(cuts);
}

/** A 32-bit float `t` with `low <= t < high`, in the middle where there is one. */
function between(low: number, high: number): number {
  const middle = Math.fround(low + (high - low) / 2);
  return middle < high ? middle : low;
}

function sampleRows(rowCount: number, seed: number): Uint32Array {
  const rows = new Uint32Array(rowCount);
  for (let row = 0; row < rowCount; row++) rows[row] = row;
  if (rowCount <= SAMPLE_ROWS) return rows;
  new Random(seed, 0xb125).shuffleFront(rows, SAMPLE_ROWS);
  // In the order in which they lie in memory.
  return rows.subarray(0, SAMPLE_ROWS).sort();
}
