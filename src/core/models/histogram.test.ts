import { expect, it } from 'vitest';
import { binMatrix, findCuts } from './binning.ts';
import { createMatrix } from './dataset.ts';
import {
  createHistogram,
  createHistogramBuilder,
  gradientOf,
  hessianOf,
  PlainHistogram,
  packGradients,
  subtractHistogram,
} from './histogram.ts';
import { Random } from './random.ts';

it.each([1, 3, 4, 5, 9, 17])(
  'sums up gradients exactly, in any order, for %d features',
  (features) => {
    const rowCount = 500;
    const random = new Random(features);
    const values = Float64Array.from({ length: rowCount * features }, () =>
      random.float() < 0.1 ? Number.NaN : random.below(40),
    );
    const names = Array.from({ length: features }, (_, f) => `f${f}`);
    const matrix = createMatrix(names, values);
    const binned = binMatrix(matrix, findCuts(matrix, 30, 1));
    const gradients = Float64Array.from({ length: rowCount }, () => random.float() - 0.5);
    const hessians = Float64Array.from({ length: rowCount }, () => random.float());
    const rows = Uint32Array.from({ length: rowCount }, (_, row) => row);
    const quantised = { packed: new Float64Array(rowCount), gradientUnit: 1, hessianUnit: 1 };
    packGradients(gradients, hessians, rows, rowCount, random, quantised);
    const { packed } = quantised;
    for (let row = 0; row < rowCount; row++) {
      const unit = quantised.gradientUnit;
      expect(Math.abs(gradientOf(packed[row]!) * unit - gradients[row]!)).toBeLessThanOrEqual(unit);
      const { hessianUnit } = quantised;
      expect(Math.abs(hessianOf(packed[row]!) * hessianUnit - hessians[row]!)).toBeLessThanOrEqual(
        hessianUnit,
      );
    }
    const kernel = createHistogramBuilder(binned);
    const reference = new PlainHistogram(binned);
    const used = new Uint8Array(features).fill(1);
    kernel.use(used);
    reference.use(used);
    const build = (begin: number, end: number, order = rows) => {
      const [histogram, plain] = [createHistogram(binned), createHistogram(binned)];
      kernel.build(histogram, packed, order, begin, end);
      reference.build(plain, packed, order, begin, end);
      expect(histogram.subarray(0, -1)).toEqual(plain.subarray(0, -1));
      return histogram;
    };
    const whole = build(0, rowCount);
    for (let f = 0; f < features; f++) {
      for (let bin = 0; bin < binned.offsets[f + 1]! - binned.offsets[f]!; bin++) {
        let expected = 0;
        for (let row = 0; row < rowCount; row++) {
          if (binned.columns[f * rowCount + row] === bin) expected += packed[row]!;
        }
        expect(whole[binned.offsets[f]! + bin]).toBe(expected);
      }
    }
    expect(build(0, rowCount, rows.slice().reverse())).toEqual(whole);
    const parent = whole.slice();
    subtractHistogram(parent, build(0, 123));
    expect(parent).toEqual(build(123, rowCount));
  },
);

it('rounds so that many small gradients count, not vanish', () => {
  const rowCount = 40_000;
  const gradients = new Float64Array(rowCount).fill(1e-5);
  const hessians = new Float64Array(rowCount).fill(1e-5);
  gradients[0] = 1;
  hessians[0] = 1;
  const rows = Uint32Array.from({ length: rowCount }, (_, row) => row);
  const quantised = { packed: new Float64Array(rowCount), gradientUnit: 1, hessianUnit: 1 };
  packGradients(gradients, hessians, rows, rowCount, new Random(1), quantised);
  const { packed, gradientUnit, hessianUnit } = quantised;
  const sum = packed.subarray(1).reduce((total, value) => total + value, 0);
  // 0.4 in all, of units of 1/1676: about 670 rows are rounded up, give or take 26.
  expect(Math.abs(gradientOf(sum) * gradientUnit - 0.4)).toBeLessThan(0.08);
  expect(Math.abs(hessianOf(sum) * hessianUnit - 0.4)).toBeLessThan(0.08);
});

it('leaves out features that are not in use, and counts the others no worse', () => {
  const rowCount = 300;
  const random = new Random(3);
  const names = Array.from({ length: 20 }, (_, f) => `f${f}`);
  const matrix = createMatrix(
    names,
    Float64Array.from({ length: 20 * rowCount }, () => random.below(30)),
  );
  const binned = binMatrix(matrix, findCuts(matrix, 255, 1));
  const packed = Float64Array.from({ length: rowCount }, () => random.below(1000) - 500);
  const rows = Uint32Array.from({ length: rowCount }, (_, row) => row);
  const isFeatureUsed = new Uint8Array(20);
  isFeatureUsed[2] = 1;
  isFeatureUsed[19] = 1;
  const kernel = createHistogramBuilder(binned);
  const [all, some] = [createHistogram(binned), createHistogram(binned)];
  kernel.use(new Uint8Array(20).fill(1));
  kernel.build(all, packed, rows, 0, rowCount);
  kernel.use(isFeatureUsed);
  kernel.build(some, packed, rows, 0, rowCount);
  const sumsOf = (histogram: Float64Array, feature: number) =>
    histogram.subarray(binned.offsets[feature], binned.offsets[feature + 1]);
  for (const feature of [2, 19]) expect(sumsOf(some, feature)).toEqual(sumsOf(all, feature));
  expect(sumsOf(some, 9).every((sum) => sum === 0)).toBe(true);
  expect(sumsOf(all, 9).some((sum) => sum !== 0)).toBe(true);
});
