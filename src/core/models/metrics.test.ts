import { describe, expect, it } from 'vitest';
import {
  accuracyOf,
  areaUnderRoc,
  averagePrecision,
  classScores,
  confusionMatrix,
  recallAtFalsePositiveRate,
} from './metrics.ts';

describe('per class', () => {
  const matrix = confusionMatrix([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 0], 3);

  it('counts actual by predicted', () => {
    expect([...matrix.counts]).toEqual([2, 1, 0, 1, 1, 0, 1, 0, 0]);
    expect(accuracyOf(matrix)).toBe(0.5);
  });

  it('gives precision and recall, 0 where nothing was called so', () => {
    expect(classScores(matrix)).toEqual([
      { precision: 0.5, recall: 2 / 3, f1: expect.closeTo(4 / 7, 12), support: 3 },
      { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 },
      { precision: 0, recall: 0, f1: 0, support: 1 },
    ]);
  });
});

describe('of a ranking', () => {
  // By hand: the example of scikit-learn's documentation of both functions.
  const scores = [0.1, 0.4, 0.35, 0.8];
  const labels = [0, 0, 1, 1];

  it('has the known area and average precision', () => {
    expect(areaUnderRoc(scores, labels)).toBe(0.75);
    expect(averagePrecision(scores, labels)).toBeCloseTo(5 / 6, 12);
  });

  it('counts ties half', () => {
    expect(areaUnderRoc([1, 1, 1, 1], labels)).toBe(0.5);
    expect(averagePrecision([1, 1, 1, 1], labels)).toBe(0.5);
  });

  it('is 1 where all attacks are first and 0 in the reverse', () => {
    expect(areaUnderRoc([1, 2, 3, 4], labels)).toBe(1);
    expect(areaUnderRoc([4, 3, 2, 1], labels)).toBe(0);
  });

  it('has no area where a class is absent', () => {
    expect(areaUnderRoc([1, 2], [1, 1])).toBeNaN();
    expect(averagePrecision([1, 2], [0, 0])).toBeNaN();
  });

  it('finds the threshold that a false-positive rate allows', () => {
    expect(recallAtFalsePositiveRate(scores, labels, 0)).toEqual({
      threshold: 0.8,
      recall: 0.5,
      falsePositiveRate: 0,
    });
    expect(recallAtFalsePositiveRate(scores, labels, 0.5)).toEqual({
      threshold: 0.35,
      recall: 1,
      falsePositiveRate: 0.5,
    });
    expect(recallAtFalsePositiveRate([2, 1], [0, 1], 0.1)).toMatchObject({
      threshold: Number.POSITIVE_INFINITY,
      recall: 0,
    });
  });
});
