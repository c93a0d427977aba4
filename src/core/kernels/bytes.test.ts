import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ENTROPY_BYTES, kernelBytes, onesComplementSum, payloadEntropy } from './bytes.ts';

it('knows no entropy of nothing', () => {
  expect(payloadEntropy(new Uint8Array(4), 2, 2)).toBeNaN();
});

it('is 0 for one value, 1 for two, 8 for all', () => {
  expect(payloadEntropy(new Uint8Array(100).fill(7), 0, 100)).toBeCloseTo(0, 6);
  expect(payloadEntropy(Uint8Array.of(1, 2), 0, 2)).toBeCloseTo(1, 6);
  expect(
    payloadEntropy(
      Uint8Array.from({ length: 256 }, (_, i) => i),
      0,
      256,
    ),
  ).toBeCloseTo(8, 6);
});

it('counts the first bytes of a long payload only', () => {
  const bytes = new Uint8Array(2 * ENTROPY_BYTES);
  for (let i = ENTROPY_BYTES; i < bytes.length; i++) bytes[i] = i;
  expect(payloadEntropy(bytes, 0, bytes.length)).toBeCloseTo(0, 6);
});

it('is never below 0, which other rooms would refuse', () => {
  for (let length = 1; length <= ENTROPY_BYTES; length++)
    expect(payloadEntropy(new Uint8Array(length).fill(9), 0, length)).toBeGreaterThanOrEqual(0);
});

it('follows the definition, whatever ran before, in place and copied', () => {
  const placed = kernelBytes(2048);
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: ENTROPY_BYTES }),
      fc.nat(7),
      (data, at) => {
        placed.set(data, at);
        const expected = byDefinition(data);
        expect(payloadEntropy(placed, at, at + data.length)).toBeCloseTo(expected, 5);
        expect(payloadEntropy(surrounded(data, at), 0, data.length)).toBeCloseTo(expected, 5);
      },
    ),
    { numRuns: 1000 },
  );
});

it('is the same both ways to count', () => {
  const bytes = Uint8Array.from({ length: 2000 }, (_, i) => (i * i) >> 3);
  for (let length = 1; length <= ENTROPY_BYTES; length++)
    expect(payloadEntropy(bytes, 0, length)).toBeCloseTo(
      byDefinition(bytes.subarray(0, length)),
      5,
    );
});

it('sums the example of RFC 1071 §3', () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(onesComplementSum(bytes, 0, 8)).toBe(0xddf2);
});

it('is the plain sum, whatever lies around and however it is aligned, in place and copied', () => {
  const placed = kernelBytes(256).fill(0xff);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(7),
      fc.nat(20),
      fc.nat(220),
      (data, offset, start, length) => {
        const from = Math.min(start, data.length);
        const to = Math.min(from + length, data.length);
        const expected = plainSum(data, from, to) % 0xffff;
        placed.set(data, offset);
        expect(onesComplementSum(placed, offset + from, offset + to) % 0xffff).toBe(expected);
        expect(onesComplementSum(surrounded(data, offset), from, to) % 0xffff).toBe(expected);
      },
    ),
    { numRuns: 2000 },
  );
});

it('holds for packets of the largest words, longer than what is copied at once', () => {
  for (const length of [65_533, 65_535, 300_001]) {
    const bytes = new Uint8Array(length).fill(0xff);
    expect(onesComplementSum(bytes, 0, length)).toBe(plainSum(bytes, 0, length));
    const placed = kernelBytes(length).fill(0xff);
    expect(onesComplementSum(placed, 0, length)).toBe(plainSum(bytes, 0, length));
  }
});

/** A view of `data` in memory that holds other things around it, at any alignment. */
function surrounded(data: Uint8Array, offset: number): Uint8Array {
  const memory = new Uint8Array(offset + data.length + 13).fill(0xff);
  memory.set(data, offset);
  return memory.subarray(offset, offset + data.length);
}

/** RFC 1071 §4.1, word by word. */
function plainSum(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at += 2)
    sum += (bytes[at]! << 8) + (at + 1 < end ? bytes[at + 1]! : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return sum;
}

function byDefinition(bytes: Uint8Array): number {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const p = count / bytes.length;
    return sum - p * Math.log2(p);
  }, 0);
}
