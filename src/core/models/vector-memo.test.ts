import { expect, it } from 'vitest';
import { VectorMemo } from './vector-memo.ts';

it('knows a vector again, and no other', () => {
  const memo = new VectorMemo<string>(3);
  const vector = Float64Array.of(1, 0.25, 1e9);
  expect(memo.find(vector)).toBeUndefined();
  memo.keep(vector, 'a');
  expect(memo.find(Float64Array.of(1, 0.25, 1e9))).toBe('a');
  expect(memo.find(Float64Array.of(1, 0.25, 1e9 + 1e-6))).toBeUndefined();
});

it('keeps the later of two vectors that share a place', () => {
  const memo = new VectorMemo<number>(1);
  const all = Array.from({ length: 10_000 }, (_, i) => Float64Array.of(i));
  for (const [i, vector] of all.entries()) {
    memo.find(vector);
    memo.keep(vector, i);
  }
  expect(memo.find(all.at(-1) as Float64Array)).toBe(9_999);
  const known = all.filter((vector) => memo.find(vector) !== undefined);
  expect(known.length).toBeLessThanOrEqual(512);
  expect(known.length).toBeGreaterThan(200);
  for (const vector of known) expect(memo.find(vector)).toBe(vector[0]);
});

it('never knows a vector with NaN', () => {
  const memo = new VectorMemo<number>(2);
  memo.find(Float64Array.of(Number.NaN, 1));
  memo.keep(Float64Array.of(Number.NaN, 1), 1);
  expect(memo.find(Float64Array.of(Number.NaN, 1))).toBeUndefined();
});
