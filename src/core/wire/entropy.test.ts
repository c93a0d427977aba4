import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ENTROPY_BYTES, payloadEntropy } from './entropy.ts';

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

it('follows the definition, whatever ran before', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), (bytes) => {
      expect(payloadEntropy(bytes, 0, bytes.length)).toBeCloseTo(byDefinition(bytes), 5);
    }),
  );
});

function byDefinition(bytes: Uint8Array): number {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const p = count / bytes.length;
    return sum - p * Math.log2(p);
  }, 0);
}
