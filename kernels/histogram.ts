/**
 * Sums up the packed gradients of a node's rows per bin, in AssemblyScript: `scripts/build-kernels.sh` compiles it into
 * `src/core/kernels/histogram-wasm.ts`. The memory belongs to `src/core/kernels/histogram.ts`.
 */

/** The sums of one group of eight features stand at 0, 256 each, and are zero between calls. */
const SUMS: usize = 0;
const SUM_BYTES: usize = 2048;
const GROUP_FEATURES: i32 = 8;

/**
 * `values`: a 64-bit float per row of the node; `rows`: their numbers; `words`: the bins of all rows, eight bytes a row and
 * `wordBytes` a group; `groups`: a byte each, whether it counts; `slots`: of each feature, the address of its sums and how
 * many there are.
 */
export function countBins(
  values: usize,
  rows: usize,
  size: i32,
  words: usize,
  wordBytes: usize,
  groups: usize,
  slots: usize,
  featureCount: i32,
): void {
  for (; featureCount > 0; featureCount -= GROUP_FEATURES) {
    if (load<u8>(groups) != 0) countGroup(values, values + (<usize>size << 3), rows, words);
    groups++;
    words += wordBytes;
    let sums = SUMS;
    const present = featureCount < GROUP_FEATURES ? featureCount : GROUP_FEATURES;
    for (let feature = 0; feature < present; feature++) {
      moveSums(sums, <usize>load<u32>(slots), load<i32>(slots, 4));
      sums += SUM_BYTES;
      slots += 8;
    }
    // The bytes of features that do not exist are 0.
    for (let feature = present; feature < GROUP_FEATURES; feature++) {
      store<f64>(sums, 0);
      sums += SUM_BYTES;
    }
  }
}

/**
 * The sums stand where they stand for the compiler to know: with an address in a register it takes half as long again, as
 * it does with one load for all eight bins, or with rows of all features side by side where the node has many rows.
 */
function countGroup(values: usize, end: usize, rows: usize, words: usize): void {
  for (; values < end; values += 8) {
    const bins = words + (<usize>load<u32>(rows) << 3);
    const value = load<f64>(values);
    rows += 4;
    add(<usize>load<u8>(bins) << 3, value, SUMS);
    add(<usize>load<u8>(bins, 1) << 3, value, SUMS + SUM_BYTES);
    add(<usize>load<u8>(bins, 2) << 3, value, SUMS + 2 * SUM_BYTES);
    add(<usize>load<u8>(bins, 3) << 3, value, SUMS + 3 * SUM_BYTES);
    add(<usize>load<u8>(bins, 4) << 3, value, SUMS + 4 * SUM_BYTES);
    add(<usize>load<u8>(bins, 5) << 3, value, SUMS + 5 * SUM_BYTES);
    add(<usize>load<u8>(bins, 6) << 3, value, SUMS + 6 * SUM_BYTES);
    add(<usize>load<u8>(bins, 7) << 3, value, SUMS + 7 * SUM_BYTES);
  }
}

@inline
function add(bin: usize, value: f64, sums: usize): void {
  store<f64>(bin + sums, load<f64>(bin + sums) + value);
}

/** Two at a time; what is written behind the last belongs to the next feature, and is written again. */
@inline
function moveSums(sums: usize, to: usize, count: i32): void {
  const zero = i64x2.splat(0);
  for (; count > 0; count -= 2) {
    v128.store(to, v128.load(sums));
    v128.store(sums, zero);
    sums += 16;
    to += 16;
  }
}
