/**
 * The bytes of a handshake as CRYPTO frames bring them, in any order (RFC 9000 §19.6). Of bytes that come twice
 * the first count. Bound: `MAX_CRYPTO_BYTES`; what is beyond is left out.
 */

export const MAX_CRYPTO_BYTES = 8192;

export class CryptoStream {
  readonly bytes = new Uint8Array(MAX_CRYPTO_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  /** Bytes that are there without a gap. */
  length = 0;
  readonly #isThere = new Uint8Array(MAX_CRYPTO_BYTES);

  reset(): void {
    this.length = 0;
    this.#isThere.fill(0);
  }

  add(offset: number, from: Uint8Array, start: number, end: number): void {
    const count = Math.min(end - start, MAX_CRYPTO_BYTES - offset);
    for (let i = 0; i < count; i++) {
      if (this.#isThere[offset + i] === 1) continue;
      this.#isThere[offset + i] = 1;
      this.bytes[offset + i] = from[start + i]!;
    }
    while (this.#isThere[this.length] === 1) this.length++;
  }
}
