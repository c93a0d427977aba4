/**
 * Scores a row by a forest, in AssemblyScript: `scripts/build-kernels.sh` compiles it into
 * `src/core/kernels/trees-wasm.ts`. The memory belongs to `src/core/kernels/trees.ts`, which also says how a node looks
 * and why no step needs a test for leaves or for missing values.
 */

/** Where the keys of the row begin: a node's slot is the address of its key. */
const KEYS: usize = 0;
/** Where the row itself begins, 64-bit floats. */
const ROW: usize = 16384;
const SLOT_MASK: u32 = 16383;
const SLOT_BITS: u32 = 14;
/** Trees that are walked at once: their loads do not wait for one another. */
const LANES: usize = 8;
/** The roots of eight trees and how deep the deepest of them is. */
const GROUP_BYTES: usize = 36;
/** Steps between two looks whether all have reached their leaves, as most rows do long before the deepest one. */
const STEPS_AT_ONCE: i32 = 6;

/**
 * Walks all groups of trees. With `reached` 0 answers `first` and what the leaves say, added in the order of the trees;
 * else writes the word of each leaf to `reached` and answers `first`. Taking several steps a turn, or writing the words and
 * adding them up after, is a tenth slower: there are no registers to spare.
 */
export function walkTrees(
  featureCount: i32,
  groups: usize,
  groupCount: i32,
  reached: usize,
  first: f64,
): f64 {
  makeKeys(featureCount);
  let sum = first;
  for (; groupCount > 0; groupCount--) {
    let a = <usize>load<u32>(groups);
    let b = <usize>load<u32>(groups, 4);
    let c = <usize>load<u32>(groups, 8);
    let d = <usize>load<u32>(groups, 12);
    let e = <usize>load<u32>(groups, 16);
    let f = <usize>load<u32>(groups, 20);
    let g = <usize>load<u32>(groups, 24);
    let h = <usize>load<u32>(groups, 28);
    let depth = load<i32>(groups, 32);
    groups += GROUP_BYTES;
    for (;;) {
      let steps = depth < STEPS_AT_ONCE ? depth : STEPS_AT_ONCE;
      depth -= steps;
      for (; steps > 0; steps--) {
        a = step(a);
        b = step(b);
        c = step(c);
        d = step(d);
        e = step(e);
        f = step(f);
        g = step(g);
        h = step(h);
      }
      if (depth == 0) break;
      const links =
        load<u32>(a) |
        load<u32>(b) |
        load<u32>(c) |
        load<u32>(d) |
        load<u32>(e) |
        load<u32>(f) |
        load<u32>(g) |
        load<u32>(h);
      if (links >> SLOT_BITS == 0) break;
    }
    if (reached == 0) {
      sum += load<f32>(a, 4);
      sum += load<f32>(b, 4);
      sum += load<f32>(c, 4);
      sum += load<f32>(d, 4);
      sum += load<f32>(e, 4);
      sum += load<f32>(f, 4);
      sum += load<f32>(g, 4);
      sum += load<f32>(h, 4);
    } else {
      store<u32>(reached, load<u32>(a, 4));
      store<u32>(reached, load<u32>(b, 4), 4);
      store<u32>(reached, load<u32>(c, 4), 8);
      store<u32>(reached, load<u32>(d, 4), 12);
      store<u32>(reached, load<u32>(e, 4), 16);
      store<u32>(reached, load<u32>(f, 4), 20);
      store<u32>(reached, load<u32>(g, 4), 24);
      store<u32>(reached, load<u32>(h, 4), 28);
      reached += LANES << 2;
    }
  }
  return sum;
}

/** The sum of `values[leaf * stride + output]` over the leaves that were reached. */
export function sumOutput(
  reached: usize,
  treeCount: i32,
  values: usize,
  stride: usize,
  output: usize,
): f64 {
  let sum: f64 = 0;
  values += output << 2;
  for (; treeCount > 0; treeCount--) {
    sum += load<f32>(values + ((<usize>load<u32>(reached) * stride) << 2));
    reached += 4;
  }
  return sum;
}

/** Four values at a time; the room behind the row and the keys is there for the last four. */
@inline
function makeKeys(featureCount: i32): void {
  const magnitude = i32x4.splat(0x7fffffff);
  const infinity = i32x4.splat(0x7f800000);
  const below = i32x4.splat(-0x80000000);
  let row = ROW;
  let keys = KEYS;
  for (; featureCount > 0; featureCount -= 4) {
    const low = f32x4.demote_f64x2_zero(v128.load(row));
    const high = f32x4.demote_f64x2_zero(v128.load(row, 16));
    const words = i64x2.shuffle(low, high, 0, 2);
    const key = v128.xor(words, v128.and(i32x4.shr_s(words, 31), magnitude));
    const isMissing = i32x4.gt_s(v128.and(words, magnitude), infinity);
    const missingHigh = v128.bitselect(magnitude, key, isMissing);
    const missingLow = v128.bitselect(below, key, isMissing);
    const zero = i32x4.splat(0);
    const even = i32x4.shuffle(missingHigh, missingLow, 0, 4, 1, 5);
    const odd = i32x4.shuffle(missingHigh, missingLow, 2, 6, 3, 7);
    v128.store(keys, i32x4.shuffle(zero, even, 0, 4, 0, 5));
    v128.store(keys, i32x4.shuffle(zero, even, 0, 6, 0, 7), 16);
    v128.store(keys, i32x4.shuffle(zero, odd, 0, 4, 0, 5), 32);
    v128.store(keys, i32x4.shuffle(zero, odd, 0, 6, 0, 7), 48);
    row += 32;
    keys += 64;
  }
  // What the last four wrote too far is above the slot that leaves compare with, or is it.
  store<i64>(keys + (<usize>(featureCount << 4)), i64.MIN_VALUE);
}

/** To the child, or from a leaf to itself. */
@inline
function step(node: usize): usize {
  const word = load<i64>(node);
  const link = <u32>word;
  const isRight = load<i64>(<usize>(link & SLOT_MASK)) > word;
  return node + ((<usize>(link >> SLOT_BITS) + <usize>isRight) << 3);
}
