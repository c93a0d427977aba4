/**
 * The Internet checksum (RFC 1071) over bytes in place, four at a time.
 *
 * A sum of 16-bit words in one's complement does not depend on their byte order but for a final swap, and
 * 2³² ≡ 1 (mod 2¹⁶ - 1), so aligned 32-bit words can be added whatever the alignment of the data.
 */

const NO_WORDS = new Int32Array(0);
const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export class ChecksumSum {
  #buffer: ArrayBufferLike | null = null;
  #words: Int32Array = NO_WORDS;

  /**
   * The one's complement sum, 0 to 0xffff, of `bytes[start, end)` as big-endian 16-bit words, the last padded
   * with zero. With the checksum field left in, 0xffff means that it is right.
   */
  of(bytes: Uint8Array, start: number, end: number): number {
    if (bytes.buffer !== this.#buffer) this.#use(bytes.buffer);
    const base = bytes.byteOffset;
    const words = this.#words;
    let high = 0;
    let low = 0;
    let at = start;
    // By address, not by position: bytes at even addresses are one half of their word, at odd the other.
    for (; at < end && ((base + at) & 3) !== 0; at++) {
      if (((base + at) & 1) === 0) low += bytes[at]!;
      else high += bytes[at]!;
    }
    let sum = low + (high << 8);
    const lastWord = Math.min((base + end) >> 2, words.length);
    let word = (base + at) >> 2;
    if (word < lastWord) at += (lastWord - word) << 2;
    for (; word < lastWord; word++) {
      const value = words[word]!;
      sum += (value & 0xffff) + (value >>> 16);
    }
    low = 0;
    high = 0;
    for (; at < end; at++) {
      if (((base + at) & 1) === 0) low += bytes[at]!;
      else high += bytes[at]!;
    }
    sum = fold(sum + low + (high << 8));
    const isSwapped = ((base + start) & 1) === 0;
    return isSwapped ? ((sum & 0xff) << 8) | (sum >> 8) : sum;
  }

  #use(buffer: ArrayBufferLike): void {
    this.#buffer = buffer;
    // On a big-endian machine every byte goes the slow way.
    this.#words = IS_LITTLE ? new Int32Array(buffer, 0, buffer.byteLength >> 2) : NO_WORDS;
  }
}

/** Carries added back in until 16 bits are left. */
export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x1_0000) + Math.floor(folded / 0x1_0000);
  return folded;
}
