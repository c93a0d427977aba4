import { describe, expect, it } from 'vitest';
import { trainRandomForest } from './random-forest.ts';
import { accuracy, classifierSuite, makeData, xorRow } from './training.suite.ts';

classifierSuite('a random forest', (dataset, seed) =>
  trainRandomForest(dataset, { treeCount: 40, seed }),
);

describe('trainRandomForest', () => {
  const data = makeData(400, 3, 2, 20, xorRow);

  it('keeps to its limits', () => {
    const forest = trainRandomForest(data, { treeCount: 7, maxDepth: 3, minLeafRows: 20 });
    expect(forest.trees.treeCount).toBe(7);
    expect(forest.trees.depth).toBeLessThanOrEqual(3);
    expect(Math.min(...forest.trees.leafCover)).toBeGreaterThanOrEqual(20);
  });

  it('lets class weights move the answer', () => {
    const rare = makeData(3000, 1, 2, 21, (row, random) => {
      row[0] = random.float();
      return random.float() < (row[0] > 0.5 ? 0.2 : 0.02) ? 1 : 0;
    });
    const out = new Float64Array(2);
    const ask = (classWeights: 'balanced' | readonly number[] | null) => {
      trainRandomForest(rare, { minLeafRows: 100, classWeights }).predict(
        Float64Array.of(0.75),
        out,
      );
      return out[1]!;
    };
    expect(Math.abs(ask(null) - 0.2)).toBeLessThan(0.08);
    expect(ask('balanced')).toBeGreaterThan(0.6);
    expect(ask([1, 8])).toBeGreaterThan(0.5);
  });

  it('finds the one feature that matters among many that do not vary', () => {
    const sparse = makeData(300, 40, 2, 22, (row, random) => {
      row.fill(0);
      row[33] = random.float();
      return row[33] > 0.4 ? 1 : 0;
    });
    expect(accuracy(trainRandomForest(sparse, { treeCount: 5 }), sparse)).toBeGreaterThan(0.97);
  });

  it.each([
    [{ treeCount: 0 }, /treeCount must be a whole number from 1 to 10000: current value is 0/],
    [{ maxDepth: 65 }, /maxDepth/],
    [{ featureSample: 4 }, /featureSample/],
    [{ seed: -1 }, /seed/],
    [{ classWeights: [1] }, /classWeights must be 2 numbers/],
    [{ classWeights: [0, 0] }, /no row has any weight/],
    [{ depth: 3 } as object, /there is no option depth/],
  ])('refuses options out of range: %#', (options, message) => {
    expect(() => trainRandomForest(data, options)).toThrow(message);
    expect(() => trainRandomForest(data, options)).toThrow(
      expect.objectContaining({ code: 'input_invalid' }),
    );
  });
});
