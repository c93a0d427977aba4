/**
 * Breaks a frame in the ways that break decoders: bits, boundary values, lengths, cuts, holes, two frames in one,
 * lies about the length on the wire, the wrong link type, time that jumps. The same for the same seed.
 */
import type { Random } from '../../src/core/models/random.ts';
import { isKnownLinkType } from '../../src/core/wire/link-layer.ts';

/** More than a frame has, so that insertions have room. */
export const MAX_MUTANT_BYTES = 70_000;

const MAX_LINK_TYPE = 300;
const UNKNOWN_LINK_TYPE = 9_999;
const LINK_TYPES = Array.from({ length: MAX_LINK_TYPE }, (_, number) => number)
  .filter(isKnownLinkType)
  .concat(UNKNOWN_LINK_TYPE);
const BYTES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff, 0x0a, 0x0d, 0x20, 0x3f, 0x40, 0xc0];
const HALF_WORDS = [0, 1, 4, 7, 8, 19, 20, 0x7fff, 0x8000, 0xfffe, 0xffff];
const WIRE_LENGTHS = [0, 1, 14, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const MAX_HOLE_BYTES = 64;
/** Most headers lie in front: half of the changes go there. */
const HEADER_BYTES = 96;
const MAX_CHANGES = 4;

/** A frame of its own memory, `bytes[0, length)`. */
export interface Mutant {
  readonly bytes: Uint8Array;
  length: number;
  wireLength: number;
  tsMicros: number;
  linkType: number;
}

export function newMutant(): Mutant {
  const bytes = new Uint8Array(MAX_MUTANT_BYTES);
  return { bytes, length: 0, wireLength: 0, tsMicros: 0, linkType: 0 };
}

/** One to four changes. `other` is a frame to take bytes of. */
export function mutate(mutant: Mutant, other: Uint8Array, random: Random): void {
  const changes = 1 + (random.uint32() % MAX_CHANGES);
  for (let i = 0; i < changes; i++) change(mutant, other, random);
}

function change(mutant: Mutant, other: Uint8Array, random: Random): void {
  const { bytes, length } = mutant;
  const at = placeIn(length, random);
  switch (random.uint32() % 16) {
    case 0:
    case 1:
    case 2:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (random.uint32() & 7));
      break;
    case 3:
    case 4:
      bytes[at] = pick(BYTES, random);
      break;
    case 5:
      bytes[at] = random.uint32();
      break;
    case 6:
    case 7:
      setHalfWord(bytes, at, pick(HALF_WORDS, random));
      break;
    case 8:
      // A length that is nearly right.
      setHalfWord(bytes, at, length - at + (random.uint32() % 9) - 4);
      break;
    case 9:
      // The capture cut the frame: what was on the wire stays.
      mutant.length = at;
      break;
    case 10:
      mutant.length = at;
      mutant.wireLength = at;
      break;
    case 11:
      insert(mutant, at, random);
      break;
    case 12:
      remove(mutant, at, random);
      break;
    case 13:
      splice(mutant, at, other, random);
      break;
    case 14:
      if (random.uint32() & 1) mutant.wireLength = pick(WIRE_LENGTHS, random);
      else mutant.wireLength = mutant.length + (random.uint32() % 64);
      break;
    case 15:
      if (random.uint32() & 1) mutant.linkType = pick(LINK_TYPES, random);
      else mutant.tsMicros += ((random.uint32() % 2001) - 1000) * 10 ** (random.uint32() % 10);
  }
}

function placeIn(length: number, random: Random): number {
  if (length === 0) return 0;
  const part = random.uint32() & 1 ? Math.min(length, HEADER_BYTES) : length;
  return random.uint32() % part;
}

function pick(values: readonly number[], random: Random): number {
  return values[random.uint32() % values.length] ?? 0;
}

function setHalfWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

function insert(mutant: Mutant, at: number, random: Random): void {
  const { bytes, length } = mutant;
  const hole = 1 + (random.uint32() % MAX_HOLE_BYTES);
  if (length + hole > bytes.length) return;
  bytes.copyWithin(at + hole, at, length);
  const isRepeated = random.uint32() & 1;
  for (let i = at; i < at + hole; i++) if (!isRepeated) bytes[i] = random.uint32();
  mutant.length += hole;
  mutant.wireLength += hole;
}

function remove(mutant: Mutant, at: number, random: Random): void {
  const { bytes, length } = mutant;
  const hole = Math.min(length - at, 1 + (random.uint32() % MAX_HOLE_BYTES));
  bytes.copyWithin(at, at + hole, length);
  mutant.length -= hole;
  mutant.wireLength = Math.max(mutant.length, mutant.wireLength - hole);
}

/** From `at` on the frame is the end of another. */
function splice(mutant: Mutant, at: number, other: Uint8Array, random: Random): void {
  const from = placeIn(other.length, random);
  const tail = other.subarray(from, from + mutant.bytes.length - at);
  mutant.bytes.set(tail, at);
  mutant.length = at + tail.length;
  mutant.wireLength = mutant.length;
}
