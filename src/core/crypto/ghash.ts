/**
 * GHASH (NIST SP 800-38D §6.4): multiplication by a key in GF(2¹²⁸), four bits at a time with Shoup's tables,
 * which cost little to make: QUIC has a key for every connection.
 */
import { wordAt } from './big-endian.ts';

const BLOCK_BYTES = 16;

/** What the four bits that leave on the right bring back on the left. */
const REDUCTION = Int32Array.from({ length: 16 }, (_, bits) => {
  let sum = 0;
  for (let bit = 0; bit < 4; bit++) if (bits & (1 << bit)) sum ^= 0x1c20 << bit;
  return sum << 16;
});

export class Ghash {
  /** Multiples of the key, four words each. */
  readonly #table = new Int32Array(64);
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** `key`: 16 bytes. */
  setKey(key: Uint8Array): void {
    const t = this.#table;
    const view = new DataView(key.buffer, key.byteOffset);
    for (let i = 0; i < 4; i++) t[4 * 8 + i] = view.getInt32(4 * i);
    for (let half = 4; half > 0; half >>= 1) {
      const from = 8 * half;
      const at = 4 * half;
      const carry = t[from + 3]! & 1 ? 0xe1000000 : 0;
      t[at + 3] = (t[from + 3]! >>> 1) | (t[from + 2]! << 31);
      t[at + 2] = (t[from + 2]! >>> 1) | (t[from + 1]! << 31);
      t[at + 1] = (t[from + 1]! >>> 1) | (t[from]! << 31);
      t[at] = (t[from]! >>> 1) ^ carry;
    }
    for (let high = 2; high < 16; high *= 2)
      for (let low = 1; low < high; low++)
        for (let i = 0; i < 4; i++) t[4 * (high + low) + i] = t[4 * high + i]! ^ t[4 * low + i]!;
  }

  reset(): void {
    this.#a = 0;
    this.#b = 0;
    this.#c = 0;
    this.#d = 0;
  }

  /** Adds `bytes[start, end)`, filled up with zeros to whole blocks. */
  add(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES)
      this.#addBlock(
        wordAt(bytes, at),
        wordAt(bytes, at + 4),
        wordAt(bytes, at + 8),
        wordAt(bytes, at + 12),
      );
    if (at < end)
      this.#addBlock(
        partAt(bytes, at, end),
        partAt(bytes, at + 4, end),
        partAt(bytes, at + 8, end),
        partAt(bytes, at + 12, end),
      );
  }

  /** Adds the last block: both lengths, in bytes here and in bits there. */
  addLengths(extraBytes: number, cipherBytes: number): void {
    this.#addBlock(0, extraBytes << 3, 0, cipherBytes << 3);
  }

  /** The sum, exclusive or `mask`, equals the 16 bytes of `tag` from `at` on. */
  matches(mask: Uint8Array, tag: Uint8Array, at: number): boolean {
    return (
      ((this.#a ^ wordAt(mask, 0) ^ wordAt(tag, at)) |
        (this.#b ^ wordAt(mask, 4) ^ wordAt(tag, at + 4)) |
        (this.#c ^ wordAt(mask, 8) ^ wordAt(tag, at + 8)) |
        (this.#d ^ wordAt(mask, 12) ^ wordAt(tag, at + 12))) ===
      0
    );
  }

  #addBlock(a: number, b: number, c: number, d: number): void {
    this.#multiply(this.#a ^ a, this.#b ^ b, this.#c ^ c, this.#d ^ d);
  }

  /** From the last four bits of the block to the first. */
  #multiply(x0: number, x1: number, x2: number, x3: number): void {
    const t = this.#table;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 3; i >= 0; i--) {
      const word = i === 3 ? x3 : i === 2 ? x2 : i === 1 ? x1 : x0;
      for (let shift = 0; shift < 32; shift += 4) {
        const back = REDUCTION[d & 15]!;
        const at = 4 * ((word >>> shift) & 15);
        d = ((d >>> 4) | (c << 28)) ^ t[at + 3]!;
        c = ((c >>> 4) | (b << 28)) ^ t[at + 2]!;
        b = ((b >>> 4) | (a << 28)) ^ t[at + 1]!;
        a = (a >>> 4) ^ back ^ t[at]!;
      }
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }
}

function partAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word = (word << 8) | (at + i < end ? bytes[at + i]! : 0);
  return word;
}
