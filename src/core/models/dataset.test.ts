import { describe, expect, it } from 'vitest';
import { copyRow, createDataset, createMatrix, selectRows } from './dataset.ts';

const parts = {
  featureNames: ['rate', 'size'],
  values: Float64Array.of(1, 2, 3, Number.NaN, 5, 6),
  classNames: ['benign', 'attack'],
  labels: [0, 1, 0],
  weights: [1, 2, 3],
};

describe('createDataset', () => {
  it('takes missing values', () => {
    expect(createDataset(parts).rowCount).toBe(3);
  });

  it.each([
    [{ ...parts, values: Float64Array.of(1, 2, 3) }, /3 values are no whole rows of 2/],
    [{ ...parts, values: Float64Array.of(1, 2, 3, 4, Infinity, 6) }, /rate of row 2 does not fit/],
    [{ ...parts, values: Float64Array.of(1, 1e39, 3, 4, 5, 6) }, /size of row 0 does not fit/],
    [{ ...parts, labels: [0, 1] }, /3 rows have 2 labels/],
    [{ ...parts, labels: [0, 2, 0] }, /row 1 has label 2 of 2/],
    [{ ...parts, labels: [0, 0.5, 0] }, /row 1 has label 0.5/],
    [{ ...parts, weights: [1, -1, 1] }, /row 1 has weight -1/],
    [{ ...parts, weights: [0, 0, 0] }, /every weight is 0/],
    [{ ...parts, featureNames: ['rate', 'rate'] }, /two features have one name/],
    [{ ...parts, classNames: ['a', 'a'] }, /two classes have one name/],
  ])('refuses what is not sound: %#', (wrong, message) => {
    expect(() => createDataset(wrong)).toThrow(message);
    expect(() => createDataset(wrong)).toThrow(expect.objectContaining({ code: 'input_invalid' }));
  });
});

it('refuses a matrix without rows', () => {
  expect(() => createMatrix(['rate'], new Float64Array(0))).toThrow(/0 values/);
});

it('selects rows with their labels and weights', () => {
  const selected = selectRows(createDataset(parts), [2, 0]);
  expect(selected.values).toEqual(Float64Array.of(5, 6, 1, 2));
  expect([...selected.labels]).toEqual([0, 0]);
  expect(selected.weights).toEqual(Float64Array.of(3, 1));
  expect(() => selectRows(selected, [2])).toThrow(RangeError);
});

it('copies a row out', () => {
  const row = new Float64Array(2);
  copyRow(createDataset(parts), 2, row);
  expect(row).toEqual(Float64Array.of(5, 6));
});
