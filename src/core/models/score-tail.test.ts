import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';
import { scoreTail, thresholdFor } from './score-tail.ts';

/** Scores as models give them to benign traffic: nearly all small, few large. */
function scoresOf(count: number, seed: number, draw: (uniform: number) => number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, () => draw(random.float()));
}

const exponential = (uniform: number) => Math.min(1, -Math.log(1 - uniform) / 20);
const beta = (uniform: number) => 1 - (1 - uniform) ** (1 / 12);

describe('thresholdFor', () => {
  it.each([
    ['exponential', exponential],
    ['bounded', beta],
  ])('lets through as many of other benign scores as were wanted: %s', (_, draw) => {
    const tail = scoreTail(scoresOf(20_000, 1, draw), 1);
    const other = scoresOf(400_000, 2, draw);
    for (const perDay of [1, 5, 20, 200]) {
      const threshold = thresholdFor(tail, perDay) ?? Number.NaN;
      const perDayThere = other.filter((score) => score >= threshold).length / 20;
      // Rates below ten a day are extrapolated: within a factor of four.
      const slack = perDay < 10 ? 4 : 1.6;
      expect(perDayThere / perDay).toBeGreaterThan(1 / slack);
      expect(perDayThere / perDay).toBeLessThan(slack);
    }
  });

  it('goes beyond the highest score seen where less than one is allowed', () => {
    const scores = scoresOf(5_000, 3, beta);
    const threshold = thresholdFor(scoreTail(scores, 0.01), 1) ?? 0;
    expect(threshold).toBeGreaterThan(Math.max(...scores));
    expect(threshold).toBeLessThanOrEqual(1);
  });

  it('is lower the more may be wrong', () => {
    const tail = scoreTail(scoresOf(5_000, 4, beta), 1);
    const thresholds = [0.1, 1, 10, 100, 4_999, 5_000].map((rate) => thresholdFor(tail, rate) ?? 0);
    expect(thresholds).toEqual([...thresholds].sort((a, b) => b - a));
    expect(thresholds.at(-1)).toBe(0);
  });

  it('takes the highest where there are too few to fit, or all are one', () => {
    expect(thresholdFor(scoreTail([0.1, 0.3, 0.2], 1), 0.5)).toBeCloseTo(0.3);
    expect(thresholdFor(scoreTail(new Float64Array(1000).fill(0.25), 1), 1)).toBeCloseTo(0.25);
    expect(thresholdFor(scoreTail(new Float64Array(1000), 1), 1)).toBeGreaterThan(0);
  });

  it('is none without traffic', () => {
    expect(thresholdFor(scoreTail([], 1), 1)).toBeNull();
    expect(thresholdFor(scoreTail([0.5], 0), 1)).toBeNull();
  });

  it('refuses what is no tail', () => {
    for (const tail of [[], [1], [-1, 1, 0.5], [1, 1, 0.5, 0.4], [1, 2, Number.NaN]])
      expect(() => thresholdFor(Float64Array.from(tail), 1)).toThrow(RangeError);
    expect(() => thresholdFor(scoreTail([1], 1), 0)).toThrow(RangeError);
  });
});
