/**
 * AES with 128-bit keys, encryption of single blocks (FIPS 197): all that counter mode and QUIC's header
 * protection need. Its keys are public here, so the look-ups need not hide them.
 */
import { putWord, wordAt } from './big-endian.ts';

const ROUNDS = 10;
const KEY_WORDS = 4;
const SCHEDULE_WORDS = 4 * (ROUNDS + 1);

const SBOX = sbox();
/** SubBytes and MixColumns of a byte in the first row; the other rows are rotations of it. */
const COLUMN = Int32Array.from(SBOX, (s) => {
  const double = timesX(s);
  return (double << 24) | (s << 16) | (s << 8) | (double ^ s);
});

export class Aes128 {
  readonly #schedule = new Int32Array(SCHEDULE_WORDS);

  /** `key`: 16 bytes. */
  setKey(key: Uint8Array): void {
    const w = this.#schedule;
    for (let i = 0; i < KEY_WORDS; i++) w[i] = wordAt(key, 4 * i);
    let constant = 1;
    for (let i = KEY_WORDS; i < SCHEDULE_WORDS; i++) {
      let word = w[i - 1]!;
      if (i % KEY_WORDS === 0) {
        word = substitute((word << 8) | (word >>> 24)) ^ (constant << 24);
        constant = timesX(constant);
      }
      w[i] = w[i - KEY_WORDS]! ^ word;
    }
  }

  /** The 16 bytes of `input` from `at` on, encrypted, in `output`. */
  encryptBlock(input: Uint8Array, at: number, output: Uint8Array): void {
    const w = this.#schedule;
    let a = wordAt(input, at) ^ w[0]!;
    let b = wordAt(input, at + 4) ^ w[1]!;
    let c = wordAt(input, at + 8) ^ w[2]!;
    let d = wordAt(input, at + 12) ^ w[3]!;
    let k = 4;
    for (let round = 1; round < ROUNDS; round++) {
      const a1 = mixed(a, b, c, d) ^ w[k++]!;
      const b1 = mixed(b, c, d, a) ^ w[k++]!;
      const c1 = mixed(c, d, a, b) ^ w[k++]!;
      d = mixed(d, a, b, c) ^ w[k++]!;
      a = a1;
      b = b1;
      c = c1;
    }
    putWord(output, 0, shifted(a, b, c, d) ^ w[k++]!);
    putWord(output, 4, shifted(b, c, d, a) ^ w[k++]!);
    putWord(output, 8, shifted(c, d, a, b) ^ w[k++]!);
    putWord(output, 12, shifted(d, a, b, c) ^ w[k]!);
  }
}

/** One column after SubBytes, ShiftRows and MixColumns. */
function mixed(a: number, b: number, c: number, d: number): number {
  const second = COLUMN[(b >>> 16) & 0xff]!;
  const third = COLUMN[(c >>> 8) & 0xff]!;
  const fourth = COLUMN[d & 0xff]!;
  return (
    COLUMN[a >>> 24]! ^
    ((second >>> 8) | (second << 24)) ^
    ((third >>> 16) | (third << 16)) ^
    ((fourth >>> 24) | (fourth << 8))
  );
}

/** One column after SubBytes and ShiftRows: the last round mixes no columns. */
function shifted(a: number, b: number, c: number, d: number): number {
  return (
    (SBOX[a >>> 24]! << 24) |
    (SBOX[(b >>> 16) & 0xff]! << 16) |
    (SBOX[(c >>> 8) & 0xff]! << 8) |
    SBOX[d & 0xff]!
  );
}

function substitute(word: number): number {
  return shifted(word, word, word, word);
}

/** Inverse in GF(2⁸), then the affine map (FIPS 197 §5.1.1): `power` and `inverse` walk by 3 and by 1/3. */
function sbox(): Uint8Array {
  const box = new Uint8Array(256);
  let power = 1;
  let inverse = 1;
  do {
    power ^= timesX(power);
    inverse ^= inverse << 1;
    inverse ^= inverse << 2;
    inverse ^= inverse << 4;
    inverse &= 0xff;
    if (inverse & 0x80) inverse ^= 0x09;
    const bits = inverse | (inverse << 8);
    box[power] = inverse ^ (bits >> 7) ^ (bits >> 6) ^ (bits >> 5) ^ (bits >> 4) ^ 0x63;
  } while (power !== 1);
  box[0] = 0x63;
  return box;
}

function timesX(byte: number): number {
  return ((byte << 1) ^ (byte & 0x80 ? 0x1b : 0)) & 0xff;
}
