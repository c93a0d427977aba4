import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ChecksumSum } from './checksum.ts';

/** RFC 1071 §4.1, word by word. */
function reference(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2)
    sum += (bytes[at]! << 8) + (at + 1 < end ? bytes[at + 1]! : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return sum;
}

it('sums the example of RFC 1071 §3', () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(new ChecksumSum().of(bytes, 0, 8)).toBe(0xddf2);
});

it('is the plain sum, whatever lies around and however it is aligned', () => {
  const sum = new ChecksumSum();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(7),
      fc.nat(20),
      fc.nat(220),
      (data, offset, start, length) => {
        const memory = new Uint8Array(offset + data.length + 13).fill(0xff);
        memory.set(data, offset);
        const bytes = memory.subarray(offset, offset + data.length);
        const from = Math.min(start, data.length);
        const to = Math.min(from + length, data.length);
        expect(sum.of(bytes, from, to) % 0xffff).toBe(reference(bytes, from, to) % 0xffff);
      },
    ),
    { numRuns: 2000 },
  );
});

it('holds for the largest packet of the largest words', () => {
  const bytes = new Uint8Array(65_535).fill(0xff);
  expect(new ChecksumSum().of(bytes, 0, 65_535)).toBe(reference(bytes, 0, 65_535));
});
