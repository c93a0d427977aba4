import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isFiniteKey, keyOf, RowKeys, thresholdOf } from './row-keys.ts';

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });

it('orders any value against any threshold as 32-bit floats do, and NaN as the slot says', () => {
  const keys = new RowKeys(1);
  fc.assert(
    fc.property(fc.double(), float32, (value, threshold) => {
      keys.set(Float64Array.of(value));
      const isRight = !(Math.fround(value) <= threshold);
      expect(keys.keys[0]! > keyOf(threshold)).toBe(isRight);
      expect(keys.keys[1]! > keyOf(threshold)).toBe(Number.isNaN(value) ? false : isRight);
      expect(keys.keys[2]! > 0).toBe(false);
    }),
  );
});

it.each([0, -0, 1, -1, 1e-45, -1e-45, 3.4028234663852886e38, -3.4028234663852886e38])(
  'knows %d again by its key',
  (value) => {
    expect(thresholdOf(keyOf(value))).toBe(Math.fround(value) + 0);
    expect(isFiniteKey(keyOf(value))).toBe(true);
  },
);

it('tells keys that stand for no finite number', () => {
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
    expect(isFiniteKey(keyOf(value))).toBe(false);
  }
  expect(isFiniteKey(-0x80000000)).toBe(false);
});

it('refuses a row of another length', () => {
  expect(() => new RowKeys(2).set(new Float64Array(3))).toThrow(/a row of 3 values/);
});
