/** `node test/bench/kernels.ts`: the byte kernel beside the plain loops it stands for, nanoseconds a call, alternating. */
import {
  ENTROPY_BYTES,
  kernelBytes,
  onesComplementSum,
  payloadEntropy,
} from '../../src/core/kernels/bytes.ts';

const CALLS = 100_000;
const RUNS = 5;
const MEMORY_BYTES = 1 << 20;

const placed = kernelBytes(MEMORY_BYTES);
let state = 1;
for (let at = 0; at < MEMORY_BYTES; at++) {
  state = (Math.imul(state, 1103515245) + 12345) | 0;
  placed[at] = state >>> 16;
}
const elsewhere = Uint8Array.from(placed);
const counts = new Int32Array(256);
const countLogCount = Float64Array.from({ length: ENTROPY_BYTES + 1 }, (_, c) =>
  c === 0 ? 0 : c * Math.log2(c),
);

type Computation = (bytes: Uint8Array, start: number, end: number) => number;

for (const [what, kernel, plain] of [
  ['entropy', payloadEntropy, plainEntropy],
  ['checksum', onesComplementSum, plainChecksum],
] as const) {
  for (const length of [20, 64, 200, 400, 1000]) {
    const nanos = { inPlace: Infinity, copied: Infinity, plain: Infinity };
    for (let run = 0; run < RUNS; run++) {
      nanos.inPlace = Math.min(nanos.inPlace, nanosOf(kernel, placed, length));
      nanos.copied = Math.min(nanos.copied, nanosOf(kernel, elsewhere, length));
      nanos.plain = Math.min(nanos.plain, nanosOf(plain, elsewhere, length));
    }
    process.stdout.write(
      `${what} of ${length} bytes: ${nanos.inPlace.toFixed(0)} ns in place, ${nanos.copied.toFixed(0)} copied, ${nanos.plain.toFixed(0)} by a plain loop (${(nanos.plain / nanos.inPlace).toFixed(1)} ×)\n`,
    );
  }
}

function nanosOf(compute: Computation, bytes: Uint8Array, length: number): number {
  let sum = 0;
  const started = performance.now();
  for (let call = 0; call < CALLS; call++) {
    const start = (call * 1399) % (MEMORY_BYTES - length);
    sum += compute(bytes, start, start + length);
  }
  if (!Number.isFinite(sum)) throw new Error('not a number');
  return ((performance.now() - started) / CALLS) * 1e6;
}

function plainEntropy(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const value = bytes[at] as number;
    counts[value] = (counts[value] as number) + 1;
  }
  let sum = 0;
  for (let value = 0; value < 256; value++) sum += countLogCount[counts[value] as number] as number;
  counts.fill(0);
  return Math.log2(end - start) - sum / (end - start);
}

function plainChecksum(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  let at = start;
  for (; at < end - 1; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  if (at < end) sum += (bytes[at] as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
