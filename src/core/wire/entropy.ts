/**
 * Shannon entropy of a payload in bits per byte. Exact for payloads up to `ENTROPY_BYTES`; of longer
 * ones the first `ENTROPY_BYTES` count, which bounds the work per packet.
 *
 * With n bytes and counts c: H = log2(n) - (Σ c·log2(c)) / n, the c·log2(c) from a table. This is half of what
 * decoding a packet costs, so there are two ways. Short payloads add, byte by byte, what one more makes of
 * c·log2(c): one pass, in integers of 2⁻¹⁸ (error below 2 · 10⁻⁶ bits), and no pass over the bins. Long ones count in
 * two histograms in turn, because a count that was just stored is slow to load again.
 */

export const ENTROPY_BYTES = 1024;

/** From here on a pass over the bins is cheaper than a table look-up a byte. */
const LONG_BYTES = 512;
/** Up to here clearing the bins one by one is cheaper than all at once. */
const SHORT_BYTES = 32;
/** As fine as 32 bits allow: 512 · log2(512) · 2¹⁸ < 2³¹. */
const SCALE = 0x4_0000;

const COUNT_LOG_COUNT = Float64Array.from({ length: ENTROPY_BYTES + 1 }, (_, count) =>
  count === 0 ? 0 : count * Math.log2(count),
);
/** What c·log2(c) grows by from `c` to `c + 1`, scaled. */
const GROWTH = Int32Array.from({ length: LONG_BYTES }, (_, count) =>
  Math.round((COUNT_LOG_COUNT[count + 1]! - COUNT_LOG_COUNT[count]!) * SCALE),
);

const even = new Int32Array(256);
const odd = new Int32Array(256);

/** NaN for an empty payload. */
export function payloadEntropy(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + ENTROPY_BYTES);
  const n = last - start;
  if (n <= 0) return Number.NaN;
  const sum = n < LONG_BYTES ? sumInOnePass(bytes, start, last) : sumOfBins(bytes, start, last);
  return Math.max(0, (COUNT_LOG_COUNT[n]! - sum) / n);
}

function sumInOnePass(bytes: Uint8Array, start: number, last: number): number {
  let sum = 0;
  let at = start;
  for (; at < last - 1; at += 2) {
    const first = bytes[at]!;
    const count = even[first]!;
    even[first] = count + 1;
    const second = bytes[at + 1]!;
    const next = even[second]!;
    even[second] = next + 1;
    sum = (sum + GROWTH[count]! + GROWTH[next]!) | 0;
  }
  if (at < last) {
    const value = bytes[at]!;
    sum += GROWTH[even[value]!]!;
    even[value] = 1;
  }
  if (last - start > SHORT_BYTES) even.fill(0);
  else for (let i = start; i < last; i++) even[bytes[i]!] = 0;
  return sum / SCALE;
}

function sumOfBins(bytes: Uint8Array, start: number, last: number): number {
  let i = start;
  for (; i < last - 1; i += 2) {
    even[bytes[i]!]!++;
    odd[bytes[i + 1]!]!++;
  }
  if (i < last) even[bytes[i]!]!++;
  let sum = 0;
  for (let value = 0; value < 256; value++) sum += COUNT_LOG_COUNT[even[value]! + odd[value]!]!;
  even.fill(0);
  odd.fill(0);
  return sum;
}
