/**
 * What is computed from every byte of a packet, in AssemblyScript: `scripts/build-kernels.sh` compiles it into
 * `src/core/kernels/bytes-wasm.ts`. The memory, with the tables in it, belongs to `src/core/kernels/bytes.ts`.
 */

/** Four histograms of 256 16-bit counts stand at 0, and are zero between calls. */
const HISTOGRAM_BYTES: usize = 512;
/** c·log2(c) for c from 0 to 1024, scaled, 32 bits each. */
const COUNT_LOG_COUNT: usize = 2048;
/** What c·log2(c) grows by from c to c + 1. */
const GROWTH: usize = 8192;
/** From here on a pass over the bins is cheaper than a table look-up a byte. */
const LONG_BYTES: usize = 384;
/** Up to here clearing the bins one by one is cheaper than all at once. */
const SHORT_BYTES: usize = 32;

/** Σ c·log2(c) over the counts of the bytes in [start, end), at most 1024 of them, scaled as the tables are. */
export function countLogCountSum(start: usize, end: usize): i32 {
  return end - start < LONG_BYTES ? sumInOnePass(start, end) : sumOfBins(start, end);
}

/** Adds, byte by byte, what one more makes of c·log2(c): no pass over the bins. */
function sumInOnePass(start: usize, end: usize): i32 {
  let at = start;
  let even: i32 = 0;
  let odd: i32 = 0;
  for (; at + 4 <= end; at += 4) {
    const word = load<u32>(at);
    even += growthOfNext(word & 0xff);
    odd += growthOfNext((word >> 8) & 0xff);
    even += growthOfNext((word >> 16) & 0xff);
    odd += growthOfNext(word >> 24);
  }
  for (; at < end; at++) even += growthOfNext(load<u8>(at));
  if (end - start <= SHORT_BYTES) {
    for (at = start; at < end; at++) store<u16>((<usize>load<u8>(at)) << 1, 0);
  } else {
    const zero = i32x4.splat(0);
    for (let bin: usize = 0; bin < HISTOGRAM_BYTES; bin += 64) {
      v128.store(bin, zero);
      v128.store(bin, zero, 16);
      v128.store(bin, zero, 32);
      v128.store(bin, zero, 48);
    }
  }
  return even + odd;
}

@inline
function growthOfNext(value: u32): i32 {
  const bin = (<usize>value) << 1;
  const count = <usize>load<u16>(bin);
  store<u16>(bin, <u16>(count + 1));
  return load<i32>(count << 2, GROWTH);
}

/** Counts in four histograms in turn, because a count that was just stored is slow to load again. */
function sumOfBins(start: usize, end: usize): i32 {
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    count(word & 0xff, 0);
    count((word >> 8) & 0xff, HISTOGRAM_BYTES);
    count((word >> 16) & 0xff, 2 * HISTOGRAM_BYTES);
    count((word >> 24) & 0xff, 3 * HISTOGRAM_BYTES);
    count((word >> 32) & 0xff, 0);
    count((word >> 40) & 0xff, HISTOGRAM_BYTES);
    count((word >> 48) & 0xff, 2 * HISTOGRAM_BYTES);
    count(word >> 56, 3 * HISTOGRAM_BYTES);
  }
  for (; at < end; at++) count(load<u8>(at), 0);
  let sum: i32 = 0;
  const zero = i32x4.splat(0);
  for (let bin: usize = 0; bin < HISTOGRAM_BYTES; bin += 16) {
    const first = i16x8.add(v128.load(bin), v128.load(bin, HISTOGRAM_BYTES));
    const second = i16x8.add(v128.load(bin, 2 * HISTOGRAM_BYTES), v128.load(bin, 3 * HISTOGRAM_BYTES));
    v128.store(bin, zero);
    v128.store(bin, zero, HISTOGRAM_BYTES);
    v128.store(bin, zero, 2 * HISTOGRAM_BYTES);
    v128.store(bin, zero, 3 * HISTOGRAM_BYTES);
    // Counts times four are the places in the table; 4 · 1024 fits.
    const places = i16x8.shl(i16x8.add(first, second), 2);
    sum += sumOfFour(i64x2.extract_lane(places, 0)) + sumOfFour(i64x2.extract_lane(places, 1));
  }
  return sum;
}

@inline
function count(value: u64, histogram: usize): void {
  const bin = ((<usize>value) << 1) + histogram;
  store<u16>(bin, load<u16>(bin) + 1);
}

@inline
function sumOfFour(places: u64): i32 {
  return (
    load<i32>(<usize>(places & 0xffff), COUNT_LOG_COUNT) +
    load<i32>(<usize>((places >> 16) & 0xffff), COUNT_LOG_COUNT) +
    load<i32>(<usize>((places >> 32) & 0xffff), COUNT_LOG_COUNT) +
    load<i32>(<usize>(places >> 48), COUNT_LOG_COUNT)
  );
}

/** The one's complement sum, 0 to 0xffff, of the bytes in [start, end) as little-endian 16-bit words, the last padded. */
export function onesComplementSum(start: usize, end: usize): u32 {
  let at = start;
  let lanes = i64x2.splat(0);
  for (; at + 16 <= end; at += 16) {
    const pairs = i32x4.extadd_pairwise_i16x8_u(v128.load(at));
    lanes = i64x2.add(lanes, i64x2.extend_low_i32x4_u(pairs));
    lanes = i64x2.add(lanes, i64x2.extend_high_i32x4_u(pairs));
  }
  let sum: u64 = i64x2.extract_lane(lanes, 0) + i64x2.extract_lane(lanes, 1);
  for (; at + 2 <= end; at += 2) sum += load<u16>(at);
  if (at < end) sum += load<u8>(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return <u32>sum;
}
