/**
 * Shannon entropy of a payload in bits per byte. Exact for payloads up to `ENTROPY_BYTES`; of longer
 * ones the first `ENTROPY_BYTES` count, which bounds the work per packet.
 *
 * With n bytes and counts c: H = log2(n) - (Σ c·log2(c)) / n. The c·log2(c) come from a table, and the
 * counts are cleared in the pass that sums them, so the histogram is reused without being refilled.
 */

export const ENTROPY_BYTES = 1024;

const COUNT_LOG_COUNT = Float64Array.from({ length: ENTROPY_BYTES + 1 }, (_, count) =>
  count === 0 ? 0 : count * Math.log2(count),
);

const histogram = new Uint16Array(256);

/** NaN for an empty payload. */
export function payloadEntropy(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + ENTROPY_BYTES);
  const n = last - start;
  if (n <= 0) return Number.NaN;
  for (let i = start; i < last; i++) histogram[bytes[i]!]!++;
  let sum = 0;
  if (n < 256) {
    // Fewer bytes than bins: visit the bytes; each value counts once, at its first.
    for (let i = start; i < last; i++) {
      const value = bytes[i]!;
      sum += COUNT_LOG_COUNT[histogram[value]!]!;
      histogram[value] = 0;
    }
  } else {
    for (let value = 0; value < 256; value++) sum += COUNT_LOG_COUNT[histogram[value]!]!;
    histogram.fill(0);
  }
  return (COUNT_LOG_COUNT[n]! - sum) / n;
}
