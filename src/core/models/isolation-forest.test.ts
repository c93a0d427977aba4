import { describe, expect, it } from 'vitest';
import { createMatrix } from './dataset.ts';
import { trainIsolationForest } from './isolation-forest.ts';
import { meanPathLength } from './mean-path-length.ts';
import { Random } from './random.ts';
import { bytesOf } from './training.suite.ts';

const names = ['a', 'b', 'c'];

function crowd(rowCount: number, seed = 1, scale = (x: number) => x) {
  const random = new Random(seed);
  const bell = () => random.float() + random.float() + random.float() - 1.5;
  return createMatrix(
    names,
    Float64Array.from({ length: 3 * rowCount }, () => scale(bell())),
  );
}

it('ranks rows by their distance from the crowd', () => {
  const forest = trainIsolationForest(crowd(2000), { scale: 'linear' });
  const scores = [0, 0.8, 1.3, 4].map((x) => forest.score(Float64Array.of(x, x, x)));
  expect(scores).toEqual(scores.toSorted((a, b) => a - b));
  expect(scores[0]).toBeLessThan(0.5);
  expect(scores[3]).toBeGreaterThan(0.65);
});

it('finds nearly all of a few outliers before the crowd', () => {
  const matrix = crowd(3000, 2);
  for (let row = 0; row < 30; row++) matrix.values[300 * row + (row % 3)] = 5 + row / 10;
  const forest = trainIsolationForest(matrix);
  const scored = Array.from({ length: 3000 }, (_, row) => ({
    row,
    score: forest.score(matrix.values.subarray(3 * row, 3 * row + 3) as Float64Array),
  }));
  const first = scored.sort((a, b) => b.score - a.score).slice(0, 30);
  expect(first.filter(({ row }) => row % 100 === 0).length).toBeGreaterThan(25);
});

it('on a logarithmic scale finds small values of a skewed feature as odd as large ones', () => {
  const magnitude = (x: number) => Math.exp(4 * x + 6);
  const skewed = crowd(4000, 3, magnitude);
  const oddness = (scale: 'log1p' | 'linear') => {
    const forest = trainIsolationForest(skewed, { scale });
    return {
      small: forest.score(new Float64Array(3).fill(magnitude(-0.8))),
      large: forest.score(new Float64Array(3).fill(magnitude(0.8))),
    };
  };
  const log = oddness('log1p');
  const linear = oddness('linear');
  expect(Math.abs(log.large - log.small)).toBeLessThan(0.03);
  expect(Math.min(log.large, log.small)).toBeGreaterThan(0.52);
  // Linear cuts all fall among the largest few: what is small looks usual, however rare.
  expect(linear.small).toBeLessThan(0.45);
});

it('draws cuts of negative and of missing values', () => {
  const matrix = crowd(500, 4, (x) => -Math.exp(3 * x));
  for (let i = 0; i < matrix.values.length; i += 5) matrix.values[i] = Number.NaN;
  const forest = trainIsolationForest(matrix, { treeCount: 50 });
  expect(forest.score(new Float64Array(3).fill(1e6))).toBeGreaterThan(
    forest.score(Float64Array.of(-1, -1, -1)),
  );
  expect(forest.score(new Float64Array(3).fill(Number.NaN))).toBeGreaterThan(0);
});

it('calls everything usual where all rows are alike', () => {
  const forest = trainIsolationForest(createMatrix(names, new Float64Array(300)));
  expect(forest.score(Float64Array.of(1, 2, 3))).toBeCloseTo(0.5, 6);
});

it('is the same for the same seed and another for another', () => {
  const matrix = crowd(700);
  const train = (seed: number) =>
    bytesOf(trainIsolationForest(matrix, { seed, treeCount: 20 }).trees);
  expect(train(3)).toBe(train(3));
  expect(train(3)).not.toBe(train(4));
});

it('has the mean path lengths of the paper', () => {
  expect([1, 2, 256].map(meanPathLength)).toEqual([0, 1, expect.closeTo(10.2448, 3)]);
});

describe('trainIsolationForest', () => {
  it.each([
    [{ subsample: 1 }, /subsample/],
    [{ treeCount: 1.5 }, /treeCount/],
    [{ scale: 'sqrt' } as object, /scale is sqrt/],
  ])('refuses options out of range: %#', (options, message) => {
    expect(() => trainIsolationForest(crowd(10), options)).toThrow(message);
  });

  it('refuses a single row', () => {
    expect(() => trainIsolationForest(crowd(1))).toThrow(/two rows/);
  });
});
