/**
 * What is computed from every byte of a packet, by the kernel in `kernels/bytes.ts`: two to ten times as fast as
 * a loop here (`test/bench/kernels.ts`), which was a third of what decoding costs.
 *
 * The kernel reads memory of its own. Sources that fill `kernelBytes` are read in place; other bytes are copied first.
 */
import { HEX } from './bytes-wasm.ts';
import { compileKernel } from './compile.ts';

/** Of longer payloads the first `ENTROPY_BYTES` count, which bounds the work per packet. */
export const ENTROPY_BYTES = 1024;

interface ByteKernel {
  countLogCountSum(start: number, end: number): number;
  onesComplementSum(start: number, end: number): number;
}

/** Where the bytes begin, behind the tables of the kernel. */
const BYTES_AT = 16_384;
const COUNT_LOG_COUNT_AT = 2048;
const GROWTH_AT = 8192;
const PAGE_BYTES = 65_536;
/** The tables are integers of 2⁻¹⁷, as fine as 32 bits allow: 1024 · log2(1024) · 2¹⁷ < 2³¹. */
const SCALE = 0x2_0000;
/** Even, so that a sum of 16-bit words can be taken piece by piece. */
const COPY_BYTES = PAGE_BYTES;

const COUNT_LOG_COUNT = Int32Array.from({ length: ENTROPY_BYTES + 1 }, (_, count) =>
  count === 0 ? 0 : Math.round(count * Math.log2(count) * SCALE),
);

const code = compileKernel(HEX);
const kernels = new WeakMap<ArrayBufferLike, ByteKernel>();

const copied = kernelBytes(COPY_BYTES);
const copiedWords = new Int32Array(copied.buffer, BYTES_AT, COPY_BYTES / 4);
const copyKernel = kernels.get(copied.buffer)!;

/** The bytes of the last call, and how they are reached. */
let seen: Uint8Array = copied;
let kernel = copyKernel;
/** The address of `seen[0]` for `kernel`; -1: the bytes are copied. */
let base = BYTES_AT;
let words = copiedWords;

/** `length` bytes that the functions here read in place. */
export function kernelBytes(length: number): Uint8Array {
  const pages = Math.ceil((BYTES_AT + length) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  new Int32Array(memory.buffer, COUNT_LOG_COUNT_AT).set(COUNT_LOG_COUNT);
  // Differences of what was rounded, so that both ways of the kernel come to the same sum.
  new Int32Array(memory.buffer, GROWTH_AT).set(
    COUNT_LOG_COUNT.subarray(1).map((value, count) => value - COUNT_LOG_COUNT[count]!),
  );
  const instance = new WebAssembly.Instance(code, { env: { memory } });
  kernels.set(memory.buffer, instance.exports as ByteKernel);
  return new Uint8Array(memory.buffer, BYTES_AT, length);
}

/**
 * Shannon entropy of `bytes[start, end)` in bits per byte, of the first `ENTROPY_BYTES` where there are more;
 * NaN where there is none. With n bytes and counts c: H = log2(n) - (Σ c·log2(c)) / n, within 10⁻⁵ bits.
 */
export function payloadEntropy(bytes: Uint8Array, start: number, end: number): number {
  const n = Math.min(end - start, ENTROPY_BYTES);
  if (n <= 0) return Number.NaN;
  if (bytes !== seen) look(bytes);
  const at = base < 0 ? copy(start, start + n) : base + start;
  return (COUNT_LOG_COUNT[n]! - kernel.countLogCountSum(at, at + n)) / (n * SCALE);
}

/**
 * The one's complement sum (RFC 1071), 0 to 0xffff, of `bytes[start, end)` as big-endian 16-bit words, the last
 * padded with zero. With the checksum field left in, 0xffff means that it is right.
 */
export function onesComplementSum(bytes: Uint8Array, start: number, end: number): number {
  if (bytes !== seen) look(bytes);
  let sum = 0;
  if (base >= 0) {
    sum = kernel.onesComplementSum(base + start, base + end);
  } else {
    for (let from = start; from < end; from += COPY_BYTES - 4) {
      const to = Math.min(from + COPY_BYTES - 4, end);
      const at = copy(from, to);
      sum += kernel.onesComplementSum(at, at + to - from);
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ((sum & 0xff) << 8) | (sum >>> 8);
}

function look(bytes: Uint8Array): void {
  const { buffer } = bytes;
  const own = kernels.get(buffer);
  seen = bytes;
  kernel = own ?? copyKernel;
  base = own === undefined ? -1 : bytes.byteOffset;
  words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
}

/** At most `COPY_BYTES - 4` bytes of `seen`, by whole words as they lie there; the address of the first for the kernel. */
function copy(start: number, end: number): number {
  const from = seen.byteOffset + start;
  const to = seen.byteOffset + end;
  const first = from >> 2;
  const last = Math.min((to + 3) >> 2, words.length);
  for (let word = first; word < last; word++) copiedWords[word - first] = words[word]!;
  // What lies behind the last whole word of the buffer.
  for (let at = Math.max(last << 2, from); at < to; at++)
    copied[at - (first << 2)] = seen[at - seen.byteOffset]!;
  return BYTES_AT + from - (first << 2);
}
