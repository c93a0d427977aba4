import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binMatrix, findCuts } from './binning.ts';
import { createMatrix } from './dataset.ts';

function cutsOf(values: readonly number[], maxBins = 255): number[] {
  const matrix = createMatrix(['x'], Float64Array.from(values));
  return Array.from(findCuts(matrix, maxBins, 1)[0]!);
}

describe('findCuts', () => {
  it('cuts between all values where there are few', () => {
    expect(cutsOf([3, 1, 2, 2, Number.NaN])).toEqual([1.5, 2.5]);
  });

  it('does not cut what is constant or missing', () => {
    expect(cutsOf([4, 4, 4])).toEqual([]);
    expect(cutsOf([Number.NaN, Number.NaN])).toEqual([]);
    expect(cutsOf([0, -0])).toEqual([]);
  });

  it('cuts between neighbouring floats, where no number is in the middle', () => {
    const [low, high] = [1 + 2 ** -23, 1 + 2 ** -22];
    expect(cutsOf([low, high])).toEqual([low]);
  });

  it('makes bins of equal weight where there are many', () => {
    const cuts = cutsOf(
      Array.from({ length: 10_000 }, (_, i) => i ** 2),
      10,
    );
    expect(cuts).toHaveLength(9);
    for (const [i, cut] of cuts.entries()) {
      expect(Math.abs(Math.sqrt(cut) - 1000 * (i + 1))).toBeLessThan(10);
    }
  });

  it('parts a heavy value from a few rows below it, too few for a bin of their own', () => {
    const few = Array.from({ length: 20 }, (_, i) => i);
    const heavy = new Array<number>(1000).fill(20);
    const many = Array.from({ length: 1000 }, (_, i) => 21 + i);
    const cuts = cutsOf([...few, ...heavy, ...many], 10);
    expect(cuts).toContain(19.5);
    expect(cuts).toContain(20.5);
  });

  it('gives a value that half the rows share a bin to itself and the rest the others', () => {
    const values = Array.from({ length: 2000 }, (_, i) => (i < 1000 ? 0 : i - 1000));
    const cuts = cutsOf(values, 11);
    expect(cuts[0]).toBeLessThan(1);
    expect(cuts).toHaveLength(10);
  });
});

it('puts every value between its cuts and missing ones behind the last bin', () => {
  const value = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -3, max: 3 }),
    fc.constant(Number.NaN),
  );
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 2, max: 255 }),
      (values, maxBins) => {
        const matrix = createMatrix(['x'], Float64Array.from(values));
        const cuts = findCuts(matrix, maxBins, 1);
        const binned = binMatrix(matrix, cuts);
        const own = cuts[0]!;
        expect(own.length).toBeLessThan(maxBins);
        expect(binned.offsets[1]).toBe(own.length + 2);
        for (const [row, x] of values.entries()) {
          const bin = binned.columns[row]!;
          if (Number.isNaN(x)) {
            expect(bin).toBe(own.length + 1);
            continue;
          }
          if (bin > 0) expect(Math.fround(x)).toBeGreaterThan(own[bin - 1]!);
          if (bin < own.length) expect(Math.fround(x)).toBeLessThanOrEqual(own[bin]!);
        }
      },
    ),
  );
});
