/** All rows of a data set through a model. */
import { copyRow, type Dataset } from '../../src/core/models/dataset.ts';

interface Predictor {
  predict(row: Float64Array, out: Float64Array): void;
}

/** `outputCount` numbers per row, one row after the other. */
export function predictAll(model: Predictor, dataset: Dataset, outputCount: number): Float64Array {
  const row = new Float64Array(dataset.featureNames.length);
  const out = new Float64Array(outputCount);
  const all = new Float64Array(dataset.rowCount * outputCount);
  for (let i = 0; i < dataset.rowCount; i++) {
    copyRow(dataset, i, row);
    model.predict(row, out);
    all.set(out, i * outputCount);
  }
  return all;
}

/** Every `step`th number, from `first` on. */
export function everyNth(values: Float64Array, step: number, first: number): Float64Array {
  return values.filter((_, i) => i % step === first);
}

/** The class with the largest number, per row. */
export function largestOf(shares: Float64Array, classCount: number): number[] {
  return Array.from({ length: shares.length / classCount }, (_, row) => {
    const own = shares.subarray(row * classCount, (row + 1) * classCount);
    return own.indexOf(Math.max(...own));
  });
}
