import { describe, expect, it } from 'vitest';
import { weighRows } from './class-weights.ts';
import { trainBoosting } from './gradient-boosting.ts';
import { trainRandomForest } from './random-forest.ts';
import { makeData } from './training.suite.ts';

/** One in ten, which no feature tells. */
const rare = makeData(2000, 2, 2, 81, (row, random) => {
  row[0] = random.float();
  row[1] = random.float();
  return random.below(10) === 0 ? 1 : 0;
});

describe.each([
  [
    'a forest',
    (classWeights: 'balanced' | null) => trainRandomForest(rare, { classWeights, maxDepth: 2 }),
  ],
  [
    'boosting',
    (classWeights: 'balanced' | null) =>
      trainBoosting(rare, { classWeights, roundCount: 5, maxDepth: 1 }),
  ],
])('balanced classes of %s', (_, train) => {
  it('are likely alike where nothing tells them apart', () => {
    const out = new Float64Array(2);
    train(null).predict(Float64Array.of(0.5, 0.5), out);
    expect(out[1]).toBeLessThan(0.2);
    train('balanced').predict(Float64Array.of(0.5, 0.5), out);
    expect(Math.abs(out[1]! - 0.5)).toBeLessThan(0.12);
  });
});

it('multiplies with the weights of the rows', () => {
  const data = { ...rare, weights: Float64Array.from({ length: 2000 }, (_, row) => row % 3) };
  const weights = weighRows('a test', data, [1, 5]);
  for (let row = 0; row < 20; row++)
    expect(weights[row]).toBe((row % 3) * (rare.labels[row] ? 5 : 1));
});

it.each([
  [[1], /2 numbers from 0 to 1e6/],
  [[1, -1], /2 numbers/],
  [[1, Number.NaN], /2 numbers/],
  [[0, 0], /no row has any weight/],
])('refuses %j', (classWeights, message) => {
  expect(() => weighRows('a test', rare, classWeights)).toThrow(message);
});
