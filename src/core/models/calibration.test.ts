import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Calibration,
  calibrate,
  checkCalibration,
  expectedCalibrationError,
  fitIsotonic,
  fitPlatt,
} from './calibration.ts';
import { Random } from './random.ts';

/** Scores whose true probability is their square: overconfident below, as forests are. */
function squares(count: number, seed: number) {
  const random = new Random(seed);
  const scores = Float64Array.from({ length: count }, () => random.float());
  return { scores, isPositive: scores.map((score) => (random.float() < score * score ? 1 : 0)) };
}

describe('fitIsotonic', () => {
  it('pools what falls', () => {
    const calibration = fitIsotonic([1, 2, 3, 4], [0, 1, 0, 1]);
    expect(calibration).toEqual({
      kind: 'isotonic',
      scores: [1, 2, 3, 4],
      probabilities: [0, 0.5, 0.5, 1],
    });
    expect(calibrate(calibration, 1.5)).toBe(0.25);
    expect(calibrate(calibration, -9)).toBe(0);
    expect(calibrate(calibration, 9)).toBe(1);
  });

  it('takes rows of one score together, whatever their order', () => {
    const expected = { kind: 'isotonic', scores: [1, 2], probabilities: [0.5, 2 / 3] };
    expect(fitIsotonic([1, 1, 2, 2, 2], [0, 1, 1, 1, 0])).toEqual(expected);
    expect(fitIsotonic([2, 1, 2, 1, 2], [0, 1, 1, 0, 1])).toEqual(expected);
  });

  it('counts by weight', () => {
    expect(fitIsotonic([1, 1, 2], [0, 1, 1], [1, 3, 0])).toMatchObject({ probabilities: [0.75] });
  });

  it('makes an uncalibrated score honest', () => {
    const train = squares(20_000, 1);
    const test = squares(20_000, 2);
    const calibration = fitIsotonic(train.scores, train.isPositive);
    const honest = test.scores.map((score) => calibrate(calibration, score));
    expect(expectedCalibrationError(test.scores, test.isPositive)).toBeGreaterThan(0.1);
    expect(expectedCalibrationError(honest, test.isPositive)).toBeLessThan(0.015);
  });

  it('never falls and stays within 0 and 1, for any rows', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.nat(1)), { minLength: 1 });
    fc.assert(
      fc.property(rows, (pairs) => {
        const calibration = fitIsotonic(
          pairs.map(([score]) => score),
          pairs.map(([, label]) => label),
        );
        checkCalibration(calibration);
        let before = 0;
        for (let score = -10; score <= 10; score += 0.25) {
          const p = calibrate(calibration, score);
          expect(p).toBeGreaterThanOrEqual(before);
          expect(p).toBeLessThanOrEqual(1);
          before = p;
        }
      }),
    );
  });
});

describe('fitPlatt', () => {
  it('finds the sigmoid that made the labels', () => {
    const random = new Random(3);
    const scores = Float64Array.from({ length: 50_000 }, () => 4 * random.float() - 2);
    const isPositive = scores.map((s) => (random.float() < 1 / (1 + Math.exp(1 - 3 * s)) ? 1 : 0));
    const calibration = fitPlatt(scores, isPositive);
    expect(calibration).toMatchObject({
      slope: expect.closeTo(3, 0),
      intercept: expect.closeTo(-1, 0),
    });
    const honest = scores.map((score) => calibrate(calibration, score));
    expect(expectedCalibrationError(honest, isPositive)).toBeLessThan(0.01);
  });

  it('stays finite where the classes are apart, or there is only one', () => {
    for (const labels of [
      [0, 0, 1, 1],
      [1, 1, 1, 1],
      [0, 0, 0, 0],
    ]) {
      const calibration = checkCalibration(fitPlatt([1, 2, 3, 4], labels));
      expect(calibrate(calibration, 4)).toBeGreaterThanOrEqual(calibrate(calibration, 1) - 1e-6);
    }
  });
});

it.each([
  [[], []],
  [[1], [1, 0]],
  [[Number.NaN], [1]],
])('refuses to fit %j and %j', (scores, labels) => {
  expect(() => fitIsotonic(scores, labels)).toThrow(/Cannot calibrate/);
  expect(() => fitPlatt(scores, labels)).toThrow(/Cannot calibrate/);
});

it.each<Calibration>([
  { kind: 'isotonic', scores: [], probabilities: [] },
  { kind: 'isotonic', scores: [1, 1], probabilities: [0, 1] },
  { kind: 'isotonic', scores: [1, 2], probabilities: [1, 0] },
  { kind: 'isotonic', scores: [1, 2], probabilities: [0, 2] },
  { kind: 'platt', slope: Number.NaN, intercept: 0 },
  { kind: 'other' } as unknown as Calibration,
])('refuses a calibration that is unsound: %j', (calibration) => {
  expect(() => checkCalibration(calibration)).toThrow(
    expect.objectContaining({ code: 'model_incompatible' }),
  );
});
