/** Opens Initial packets: header protection off, then the content (RFC 9001 §5.3, §5.4). Reuses its memory. */

import { AesGcm, TAG_BYTES } from '../../crypto/aes-gcm.ts';
import { Aes128 } from '../../crypto/aes128.ts';
import type { InitialKeys } from './initial-keys.ts';

/** Larger packets are not opened: it bounds what one of them costs. Hellos need no more than an Ethernet frame. */
export const MAX_PACKET_BYTES = 4096;

const SAMPLE_AT = 4;
const BLOCK_BYTES = 16;

export class InitialOpener {
  /** The content of the packet that was opened last. */
  readonly plain = new Uint8Array(MAX_PACKET_BYTES);
  readonly plainView = new DataView(this.plain.buffer);
  readonly #header = new Uint8Array(MAX_PACKET_BYTES);
  readonly #mask = new Uint8Array(BLOCK_BYTES);
  readonly #nonce = new Uint8Array(12);
  readonly #headerCipher = new Aes128();
  readonly #gcm = new AesGcm();

  /**
   * The packet is `bytes[start, end)`, its number begins at `numberStart` with at least 20 bytes behind.
   * Answers how many bytes of content stand in `plain`; -1: the keys do not fit.
   */
  open(
    keys: InitialKeys,
    bytes: Uint8Array,
    start: number,
    numberStart: number,
    end: number,
  ): number {
    if (end - start > MAX_PACKET_BYTES) return -1;
    const mask = this.#mask;
    this.#headerCipher.setKey(keys.headerKey);
    this.#headerCipher.encryptBlock(bytes, numberStart + SAMPLE_AT, mask);
    const first = bytes[start]! ^ (mask[0]! & 0x0f);
    const contentStart = numberStart + (first & 3) + 1;
    const header = this.#header;
    header[0] = first;
    for (let i = start + 1; i < contentStart; i++) header[i - start] = bytes[i]!;
    this.#nonce.set(keys.iv);
    for (let i = numberStart; i < contentStart; i++) {
      const digit = bytes[i]! ^ mask[1 + i - numberStart]!;
      header[i - start] = digit;
      this.#nonce[this.#nonce.length - contentStart + i]! ^= digit;
    }
    this.#gcm.setKey(keys.key);
    const headerBytes = contentStart - start;
    const isOpened = this.#gcm.open(
      this.#nonce,
      header,
      headerBytes,
      bytes,
      contentStart,
      end,
      this.plain,
    );
    return isOpened ? end - TAG_BYTES - contentStart : -1;
  }
}
