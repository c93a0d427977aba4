/** MD5 (RFC 1321). For SSH fingerprints only, which are defined by it; it protects nothing. Allocates nothing but its digest. */
import { addPadded, LENGTH_AT } from './padded-blocks.ts';

const DIGEST_BYTES = 16;

const SHIFTS = Uint8Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);
const SINES = Int32Array.from(
  { length: 64 },
  (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0,
);

const words = new Int32Array(16);
const state = new Int32Array(4);

/** The 16-byte digest of `message[0, length)`, in `digest`. */
export function md5(
  message: Uint8Array,
  length: number = message.length,
  digest: Uint8Array = new Uint8Array(DIGEST_BYTES),
): Uint8Array {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  addPadded(message, length, addBlock, putLength);
  for (let i = 0; i < 4; i++) putWord(digest, 4 * i, state[i]!);
  return digest;
}

function putLength(block: Uint8Array, length: number): void {
  putWord(block, LENGTH_AT, length << 3);
  putWord(block, LENGTH_AT + 4, Math.floor(length / 0x2000_0000));
}

function addBlock(bytes: Uint8Array, at: number): void {
  for (let k = 0, i = at; k < 16; k++, i += 4)
    words[k] = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    let mixed: number;
    let k: number;
    if (round === 0) {
      mixed = (b & c) | (~b & d);
      k = i;
    } else if (round === 1) {
      mixed = (b & d) | (c & ~d);
      k = 5 * i + 1;
    } else if (round === 2) {
      mixed = b ^ c ^ d;
      k = 3 * i + 5;
    } else {
      mixed = c ^ (b | ~d);
      k = 7 * i;
    }
    const sum = (a + mixed + words[k & 15]! + SINES[i]!) | 0;
    const shift = SHIFTS[4 * round + (i & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}
