/** SHA-1 (RFC 3174). For Community IDs only, whose standard asks for it; it protects nothing. One per flow: allocates nothing but its digest. */
import { putWord } from './big-endian.ts';
import { addPadded, LENGTH_AT } from './padded-blocks.ts';

const DIGEST_BYTES = 20;

const schedule = new Int32Array(80);
const state = new Int32Array(5);

/** The 20-byte digest of `message[0, length)`, in `digest`. */
export function sha1(
  message: Uint8Array,
  length: number = message.length,
  digest: Uint8Array = new Uint8Array(DIGEST_BYTES),
): Uint8Array {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
  addPadded(message, length, addBlock, putLength);
  for (let i = 0; i < 5; i++) putWord(digest, 4 * i, state[i]!);
  return digest;
}

function putLength(block: Uint8Array, length: number): void {
  putWord(block, LENGTH_AT, Math.floor(length / 0x2000_0000));
  putWord(block, LENGTH_AT + 4, length << 3);
}

/** The four loops differ in function and constant (RFC 3174 §5); as one loop with a test it takes twice as long. */
function addBlock(bytes: Uint8Array, at: number): void {
  const w = schedule;
  for (let t = 0, i = at; t < 16; t++, i += 4)
    w[t] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!;
  for (let t = 16; t < 80; t++) {
    const mixed = w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!;
    w[t] = (mixed << 1) | (mixed >>> 31);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let sum = 0;
  for (let t = 0; t < 20; t++) {
    sum = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + 0x5a827999 + w[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = sum;
  }
  for (let t = 20; t < 40; t++) {
    sum = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + w[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = sum;
  }
  for (let t = 40; t < 60; t++) {
    sum = (((a << 5) | (a >>> 27)) + ((b & c) | (b & d) | (c & d)) + e + 0x8f1bbcdc + w[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = sum;
  }
  for (let t = 60; t < 80; t++) {
    sum = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0xca62c1d6 + w[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = sum;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}
