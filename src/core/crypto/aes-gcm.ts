/**
 * AES-128-GCM, opening only (NIST SP 800-38D §7.2), for nonces of 12 bytes and tags of 16. The tag is checked
 * first: what was not sealed with the key is not decrypted. Reuses its memory: one instance for all keys.
 */
import { Aes128 } from './aes128.ts';
import { Ghash } from './ghash.ts';

export const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
const COUNTER_AT = 12;

export class AesGcm {
  readonly #aes = new Aes128();
  readonly #ghash = new Ghash();
  readonly #counter = new Uint8Array(BLOCK_BYTES);
  readonly #stream = new Uint8Array(BLOCK_BYTES);

  /** `key`: 16 bytes. */
  setKey(key: Uint8Array): void {
    this.#aes.setKey(key);
    this.#stream.fill(0);
    this.#aes.encryptBlock(this.#stream, 0, this.#stream);
    this.#ghash.setKey(this.#stream);
  }

  /**
   * Decrypts `sealed[start, end)`, of which the last 16 bytes are the tag, into `output` from 0 on. `extra`:
   * what the tag covers, too, `extraBytes` of it. False if the tag is wrong; `output` is as it was then.
   */
  open(
    nonce: Uint8Array,
    extra: Uint8Array,
    extraBytes: number,
    sealed: Uint8Array,
    start: number,
    end: number,
    output: Uint8Array,
  ): boolean {
    const tagAt = end - TAG_BYTES;
    if (tagAt < start) return false;
    const ghash = this.#ghash;
    ghash.reset();
    ghash.add(extra, 0, extraBytes);
    ghash.add(sealed, start, tagAt);
    ghash.addLengths(extraBytes, tagAt - start);
    this.#counter.set(nonce);
    this.#nextBlock(1);
    if (!ghash.matches(this.#stream, sealed, tagAt)) return false;
    const stream = this.#stream;
    for (let at = start, count = 2; at < tagAt; at += BLOCK_BYTES, count++) {
      this.#nextBlock(count);
      const blockEnd = Math.min(at + BLOCK_BYTES, tagAt);
      for (let i = at; i < blockEnd; i++) output[i - start] = sealed[i]! ^ stream[i - at]!;
    }
    return true;
  }

  #nextBlock(count: number): void {
    const counter = this.#counter;
    counter[COUNTER_AT] = count >>> 24;
    counter[COUNTER_AT + 1] = count >>> 16;
    counter[COUNTER_AT + 2] = count >>> 8;
    counter[COUNTER_AT + 3] = count;
    this.#aes.encryptBlock(counter, 0, this.#stream);
  }
}
