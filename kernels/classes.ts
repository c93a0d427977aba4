/**
 * Splits and divides the nodes of a random forest, in AssemblyScript: `scripts/build-kernels.sh` compiles it into
 * `src/core/kernels/classes-wasm.ts`. The memory belongs to `src/core/kernels/classes.ts`; what is computed, and in which
 * order, stands in `src/core/models/class-splitting.ts`, to whose bits this comes.
 *
 * A row of the tree is an entry of 16 bytes: its weight (f64), its number (u32), and its class times 16 (u32). Entries are
 * divided with the nodes, so that a node's lie side by side: only the bin must be looked up by the row's number.
 */

const ENTRY: usize = 16;
/** Per bin, a bit: whether some row of the node is in it. Zero between calls. */
const BITS: usize = 0;
/** Weight per class of the rows on the left, and of all, each followed by eight bytes of nothing. */
const LEFT: usize = 64;
const TOTALS: usize = LEFT + 16 * 256;
/** Numbers (times 16) of the classes that the node has rows of, four bytes each. */
const PRESENT: usize = TOTALS + 16 * 256;
/** Per bin and class: weight and number of rows, two f64. Zero between calls. */
const SUMS: usize = 16384;
/** Fewer rows than this note which bins they are in: looking through all bins would take longer than counting them. */
const FEW: usize = 160;

let stride: usize = 0;
let minLeafRows: f64 = 0;
let presentCount: i32 = 0;

let bestScore: f64 = 0;
let bestFeature: i32 = -1;
let bestBin: i32 = 0;
let bestMissingLeft: i32 = 0;

export function configure(classCount: i32, leastRows: i32): void {
  stride = <usize>classCount << 4;
  minLeafRows = <f64>leastRows;
}

/** Sums up a node's classes; answers how many it has rows of. */
export function sumClasses(begin: usize, end: usize): i32 {
  if (stride == 32) {
    sumTwo(begin, end);
  } else {
    for (let place: usize = 0; place < stride; place += 16) store<f64>(TOTALS + place, 0);
    for (let at = begin; at < end; at += ENTRY) {
      const sum = TOTALS + <usize>load<u32>(at, 12);
      store<f64>(sum, load<f64>(sum) + load<f64>(at));
    }
  }
  let to = PRESENT;
  for (let place: usize = 0; place < stride; place += 16) {
    if (load<f64>(TOTALS + place) > 0) {
      store<u32>(to, <u32>place);
      to += 4;
    }
  }
  presentCount = <i32>((to - PRESENT) >> 2);
  return presentCount;
}

/** Of two classes, in registers: what belongs to the other class adds 0. */
function sumTwo(begin: usize, end: usize): void {
  let a: f64 = 0;
  let b: f64 = 0;
  for (let at = begin; at < end; at += ENTRY) {
    const weight = load<f64>(at);
    const isSecond = load<u32>(at, 12) != 0;
    a += select<f64>(0, weight, isSecond);
    b += select<f64>(weight, 0, isSecond);
  }
  store<f64>(TOTALS, a);
  store<f64>(TOTALS + 16, b);
}

/** Forgets the last node; the next is the one whose classes were summed up. */
export function beginNode(): void {
  let total: f64 = 0;
  let squares: f64 = 0;
  for (let place: usize = 0; place < stride; place += 16) {
    const weight = load<f64>(TOTALS + place);
    total += weight;
    squares += weight * weight;
  }
  bestFeature = -1;
  bestScore = (squares / total) * (1 + 1e-12);
}

export function featureOfBest(): i32 {
  return bestFeature;
}

export function binOfBest(): i32 {
  return bestBin;
}

export function isMissingLeftOfBest(): i32 {
  return bestMissingLeft;
}

/** Answers 0 where all rows of the node are in one bin. `bins`: the feature's, a byte per row. */
export function tryFeature(feature: i32, bins: usize, missing: i32, begin: usize, end: usize): i32 {
  if (end - begin < FEW * ENTRY) countFew(bins, begin, end);
  else countMany(bins, missing, begin, end);
  const low = nextBin(0);
  const high = lastBin();
  if (low != high) {
    const size = <f64>((end - begin) >> 4);
    const hasMissing = high == missing;
    if (stride == 32) {
      sweepTwo(feature, low, missing, size, hasMissing, false);
      if (hasMissing) sweepTwo(feature, low, missing, size, hasMissing, true);
    } else {
      sweep(feature, low, missing, size, hasMissing, false);
      if (hasMissing) sweep(feature, low, missing, size, hasMissing, true);
    }
  }
  clear(low);
  v128.store(BITS, i64x2.splat(0));
  v128.store(BITS, i64x2.splat(0), 16);
  return i32(low != high);
}

/** Calls of `memory.fill` would take longer. */
function clear(low: i32): void {
  const zero = i64x2.splat(0);
  if (stride == 32) {
    for (let bin = low; bin < 256; bin = nextBin(bin + 1)) {
      const sums = SUMS + (<usize>bin << 5);
      v128.store(sums, zero);
      v128.store(sums, zero, 16);
    }
    return;
  }
  const presentEnd = PRESENT + (<usize>presentCount << 2);
  for (let bin = low; bin < 256; bin = nextBin(bin + 1)) {
    const sums = SUMS + <usize>bin * stride;
    for (let at = PRESENT; at < presentEnd; at += 4) v128.store(sums + <usize>load<u32>(at), zero);
  }
}

function countFew(bins: usize, begin: usize, end: usize): void {
  for (let at = begin; at < end; at += ENTRY) {
    const bin = <usize>load<u8>(bins + <usize>load<u32>(at, 8));
    const word = BITS + ((bin >> 6) << 3);
    store<u64>(word, load<u64>(word) | ((<u64>1) << (bin & 63)));
    add(bin, at);
  }
}

function countMany(bins: usize, missing: i32, begin: usize, end: usize): void {
  for (let at = begin; at < end; at += ENTRY) {
    add(<usize>load<u8>(bins + <usize>load<u32>(at, 8)), at);
  }
  for (let bin = 0; bin <= missing; bin++) {
    const sums = SUMS + <usize>bin * stride;
    for (let place: usize = 0; place < stride; place += 16) {
      if (load<f64>(sums + place, 8) > 0) {
        const word = BITS + ((<usize>bin >> 6) << 3);
        store<u64>(word, load<u64>(word) | ((<u64>1) << (<u64>bin & 63)));
        break;
      }
    }
  }
}

@inline
function add(bin: usize, entry: usize): void {
  const sum = SUMS + bin * stride + <usize>load<u32>(entry, 12);
  v128.store(sum, f64x2.add(v128.load(sum), f64x2.replace_lane(v128.load64_zero(entry), 1, 1)));
}

/** The first bin from `from` on that has rows; 256 where there is none. */
@inline
function nextBin(from: i32): i32 {
  while (from < 256) {
    const word = load<u64>(BITS + ((<usize>from >> 6) << 3)) >> (<u64>from & 63);
    if (word != 0) return from + <i32>ctz(word);
    from = (from | 63) + 1;
  }
  return 256;
}

function lastBin(): i32 {
  for (let word = 3; word >= 0; word--) {
    const bits = load<u64>(BITS + (<usize>word << 3));
    if (bits != 0) return (word << 6) + 63 - <i32>clz(bits);
  }
  return -1;
}

/** Notes a cut before `bin`, if it is better than the best. */
@inline
function offer(
  score: f64,
  feature: i32,
  previous: i32,
  bin: i32,
  missing: i32,
  isMissingLeft: bool,
): void {
  bestScore = score;
  bestFeature = feature;
  bestBin = bin == missing ? bin - 1 : (previous + bin - 1) >> 1;
  bestMissingLeft = i32(isMissingLeft);
}

/**
 * Of two classes, of each the weight on the left and on the right side by side. With `missingFirst`, the missing values go
 * left before all others.
 */
function sweepTwo(
  feature: i32,
  low: i32,
  missing: i32,
  size: f64,
  hasMissing: bool,
  missingFirst: bool,
): void {
  const totalA = load<f64>(TOTALS);
  const totalB = load<f64>(TOTALS + 16);
  let a: f64 = 0;
  let b: f64 = 0;
  let rows: f64 = 0;
  let previous = -1;
  let limit = 256;
  if (missingFirst) {
    const sums = SUMS + ((<usize>missing) << 5);
    a = load<f64>(sums);
    b = load<f64>(sums, 16);
    rows = load<f64>(sums, 8) + load<f64>(sums, 24);
    limit = missing;
  }
  for (let bin = low; bin < limit; bin = nextBin(bin + 1)) {
    if (rows >= minLeafRows && previous >= 0) {
      if (size - rows < minLeafRows) return;
      const sidesA = f64x2.replace_lane(f64x2.splat(a), 1, totalA - a);
      const sidesB = f64x2.replace_lane(f64x2.splat(b), 1, totalB - b);
      const sides = f64x2.add(sidesA, sidesB);
      const scores = f64x2.div(
        f64x2.add(f64x2.mul(sidesA, sidesA), f64x2.mul(sidesB, sidesB)),
        sides,
      );
      const score = f64x2.extract_lane(scores, 0) + f64x2.extract_lane(scores, 1);
      if (score > bestScore) {
        const isLeftHeavier = f64x2.extract_lane(sides, 0) >= f64x2.extract_lane(sides, 1);
        offer(score, feature, previous, bin, missing, missingFirst || (!hasMissing && isLeftHeavier));
      }
    }
    const sums = SUMS + (<usize>bin << 5);
    a += load<f64>(sums);
    b += load<f64>(sums, 16);
    rows += load<f64>(sums, 8) + load<f64>(sums, 24);
    previous = bin;
  }
}

/** Of any number of classes: those that the node has no rows of add nothing. */
function sweep(
  feature: i32,
  low: i32,
  missing: i32,
  size: f64,
  hasMissing: bool,
  missingFirst: bool,
): void {
  const presentEnd = PRESENT + (<usize>presentCount << 2);
  let rows: f64 = 0;
  let previous = -1;
  let limit = 256;
  for (let at = PRESENT; at < presentEnd; at += 4) store<f64>(LEFT + <usize>load<u32>(at), 0);
  if (missingFirst) {
    rows = moveLeft(missing, presentEnd);
    limit = missing;
  }
  for (let bin = low; bin < limit; bin = nextBin(bin + 1)) {
    if (rows >= minLeafRows && previous >= 0) {
      if (size - rows < minLeafRows) return;
      let left: f64 = 0;
      let right: f64 = 0;
      let leftSquares: f64 = 0;
      let rightSquares: f64 = 0;
      for (let at = PRESENT; at < presentEnd; at += 4) {
        const place = <usize>load<u32>(at);
        const l = load<f64>(LEFT + place);
        const r = load<f64>(TOTALS + place) - l;
        left += l;
        right += r;
        leftSquares += l * l;
        rightSquares += r * r;
      }
      const score = leftSquares / left + rightSquares / right;
      if (score > bestScore) {
        offer(score, feature, previous, bin, missing, missingFirst || (!hasMissing && left >= right));
      }
    }
    rows += moveLeft(bin, presentEnd);
    previous = bin;
  }
}

/** Answers how many rows the bin has. */
function moveLeft(bin: i32, presentEnd: usize): f64 {
  const sums = SUMS + <usize>bin * stride;
  let rows: f64 = 0;
  for (let at = PRESENT; at < presentEnd; at += 4) {
    const place = <usize>load<u32>(at);
    store<f64>(LEFT + place, load<f64>(LEFT + place) + load<f64>(sums + place));
    rows += load<f64>(sums + place, 8);
  }
  return rows;
}

/**
 * Brings the entries that go left to the front, all in their order; answers where the others begin. Every entry is written
 * to both sides, where the next of that side will be written again: a branch would be guessed wrong half of the time.
 */
export function divide(
  bins: usize,
  bin: i32,
  missing: i32,
  begin: usize,
  end: usize,
  scratch: usize,
): usize {
  let left = begin;
  let right = scratch;
  for (let at = begin; at < end; at += ENTRY) {
    const entry = v128.load(at);
    const cell = <i32>load<u8>(bins + <usize>load<u32>(at, 8));
    v128.store(left, entry);
    v128.store(right, entry);
    const isLeft = <usize>i32(cell <= bin) | <usize>i32(cell == missing);
    left += isLeft << 4;
    right += (isLeft ^ 1) << 4;
  }
  let to = left;
  for (let from = scratch; from < right; from += ENTRY) {
    v128.store(to, v128.load(from));
    to += ENTRY;
  }
  return left;
}
