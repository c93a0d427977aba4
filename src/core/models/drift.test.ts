import { describe, expect, it } from 'vitest';
import { DRIFT_ALARM, driftReference, populationStability } from './drift.ts';
import { Random } from './random.ts';

function draw(count: number, seed: number, drawOne: (random: Random) => number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, () => drawOne(random));
}

const skewed = (random: Random) => Math.exp(3 * random.float());

describe('population stability', () => {
  const reference = driftReference(draw(5000, 1, skewed));

  it('is next to nothing for more of the same', () => {
    expect(populationStability(reference, draw(2000, 2, skewed))).toBeLessThan(0.03);
    expect(populationStability(reference, draw(300, 3, skewed))).toBeLessThan(0.1);
  });

  it('is the sum of the definition', () => {
    // Ten rows in each of ten bins, then all of them in the lowest.
    const then = driftReference(Array.from({ length: 100 }, (_, i) => i));
    const now = new Array<number>(100).fill(0);
    const share = (rows: number) => (rows + 0.5) / (100 + 0.5 * 13);
    const part = (to: number, from: number) =>
      (share(to) - share(from)) * Math.log(share(to) / share(from));
    expect(populationStability(then, now)).toBeCloseTo(part(100, 10) + 9 * part(0, 10), 10);
  });

  it.each([
    ['a value that grew', (random: Random) => 3 * skewed(random)],
    [
      'one that is missing now',
      (random: Random) => (random.float() < 0.2 ? Number.NaN : skewed(random)),
    ],
    [
      'one beyond all that was seen',
      (random: Random) => (random.float() < 0.1 ? 1e9 : skewed(random)),
    ],
    [
      'one below all that was seen',
      (random: Random) => (random.float() < 0.1 ? -1 : skewed(random)),
    ],
    ['one that no longer varies', () => 2],
  ])('rises over the alarm for %s', (_, drawOne) => {
    expect(populationStability(reference, draw(1000, 4, drawOne))).toBeGreaterThan(DRIFT_ALARM);
  });

  it('knows a constant, and when it is none any more', () => {
    const constant = driftReference(new Float64Array(500));
    expect(populationStability(constant, new Float64Array(300))).toBeLessThan(0.01);
    for (const now of [1, -1, Number.NaN]) {
      const values = draw(300, 5, (random) => (random.float() < 0.1 ? now : 0));
      expect(populationStability(constant, values)).toBeGreaterThan(DRIFT_ALARM);
    }
  });

  it('knows a value that was always missing', () => {
    const missing = driftReference(new Float64Array(500).fill(Number.NaN));
    expect(populationStability(missing, new Float64Array(300).fill(Number.NaN))).toBeLessThan(0.01);
    expect(populationStability(missing, new Float64Array(300))).toBeGreaterThan(DRIFT_ALARM);
  });

  it('refuses what is no reference', () => {
    for (const wrong of [[], [1.5], [2, 1, 2, 0.5], [-1], [0, 0, 1]])
      expect(() => populationStability(Float64Array.from(wrong), [1])).toThrow(RangeError);
  });
});
