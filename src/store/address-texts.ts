/**
 * Text and country of addresses, for the packets' encoder: formatting an address and finding its country
 * costs a hundred times what writing the bytes does, and traffic repeats its addresses.
 *
 * A direct-mapped cache of fixed size (1.4 MB): a newcomer replaces what had its slot, so a flood
 * from invented addresses costs time and never memory.
 */
import { formatIp } from '../core/wire/address.ts';
import type { CopyBinary } from './copy-binary.ts';

const SLOT_BITS = 14;
const SLOTS = 1 << SLOT_BITS;
/** The longest text, eight groups of four digits with a dotted tail, has 45 characters. */
const TEXT_BYTES = 46;
const MAPPED_PREFIX = 0xffff;

export class AddressTexts {
  readonly #countryOf: (ip: string) => string | null;
  /** 0: empty; else the version. */
  readonly #version = new Uint8Array(SLOTS);
  readonly #words = new Uint32Array(4 * SLOTS);
  readonly #text = new Uint8Array(TEXT_BYTES * SLOTS);
  readonly #length = new Uint8Array(SLOTS);
  /** Two letters, 0 where there is no country. */
  readonly #country = new Uint16Array(SLOTS);
  readonly #letters = new Uint8Array(2);
  readonly #arpWords = Uint32Array.of(0, 0, MAPPED_PREFIX, 0);

  constructor(countryOf: (ip: string) => string | null) {
    this.#countryOf = countryOf;
  }

  write(out: CopyBinary, words: Uint32Array, offset: number, version: number): void {
    const slot = this.#find(words, offset, version);
    const start = slot * TEXT_BYTES;
    out.textBytes(this.#text, start, start + (this.#length[slot] as number));
  }

  writeIpv4(out: CopyBinary, word: number): void {
    this.#arpWords[3] = word;
    this.write(out, this.#arpWords, 0, 4);
  }

  writeCountry(out: CopyBinary, words: Uint32Array, offset: number, version: number): void {
    const code = this.#country[this.#find(words, offset, version)] as number;
    if (code === 0) {
      out.null();
      return;
    }
    this.#letters[0] = code >>> 8;
    this.#letters[1] = code & 0xff;
    out.textBytes(this.#letters);
  }

  #find(words: Uint32Array, offset: number, version: number): number {
    const w0 = words[offset] as number;
    const w1 = words[offset + 1] as number;
    const w2 = words[offset + 2] as number;
    const w3 = words[offset + 3] as number;
    const mixed = Math.imul(w3 ^ Math.imul(w2 ^ Math.imul(w1 ^ w0, 31), 31), 0x9e3779b1);
    const slot = mixed >>> (32 - SLOT_BITS);
    const known = this.#words;
    const at = 4 * slot;
    if (
      known[at + 3] === w3 &&
      known[at + 2] === w2 &&
      known[at + 1] === w1 &&
      known[at] === w0 &&
      this.#version[slot] === version
    ) {
      return slot;
    }
    known[at] = w0;
    known[at + 1] = w1;
    known[at + 2] = w2;
    known[at + 3] = w3;
    this.#version[slot] = version;
    const text = formatIp(words, offset, version);
    this.#length[slot] = text.length;
    for (let index = 0; index < text.length; index++) {
      this.#text[slot * TEXT_BYTES + index] = text.charCodeAt(index);
    }
    const country = this.#countryOf(text);
    this.#country[slot] = country ? (country.charCodeAt(0) << 8) | country.charCodeAt(1) : 0;
    return slot;
  }
}
