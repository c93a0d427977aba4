/** SHA-256 (FIPS 180-4) for the core, which has no `node:crypto`: model files are verified wherever they are read. */
import { putWord, wordAt } from './big-endian.ts';

const ROUND = Int32Array.from(primes(64), (prime) => fractionOf(Math.cbrt(prime)) | 0);
const START = Int32Array.from(primes(8), (prime) => fractionOf(Math.sqrt(prime)) | 0);

/** Reused by every digest: a call allocates nothing but its result. */
const state = new Int32Array(8);
const words = new Int32Array(64);
const block = new Uint8Array(64);

/** The digest of several parts as if they were one; 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  state.set(START);
  let filled = 0;
  let length = 0;
  for (const part of parts) {
    length += part.length;
    for (let at = 0; at < part.length; ) {
      if (filled === 0 && part.length - at >= 64) {
        compress(part, at);
        at += 64;
        continue;
      }
      const size = Math.min(64 - filled, part.length - at);
      block.set(part.subarray(at, at + size), filled);
      filled += size;
      at += size;
      if (filled === 64) {
        compress(block, 0);
        filled = 0;
      }
    }
  }
  block[filled++] = 0x80;
  if (filled > 56) {
    block.fill(0, filled);
    compress(block, 0);
    filled = 0;
  }
  block.fill(0, filled);
  putWord(block, 56, Math.floor(length / 2 ** 29));
  putWord(block, 60, length << 3);
  compress(block, 0);
  const digest = new Uint8Array(32);
  for (let i = 0; i < 8; i++) putWord(digest, 4 * i, state[i]!);
  return digest;
}

export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

function compress(bytes: Uint8Array, at: number): void {
  const w = words;
  for (let i = 0; i < 16; i++) w[i] = wordAt(bytes, at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i]! + w[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}

/** The first 32 bits behind the point. */
function fractionOf(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}
