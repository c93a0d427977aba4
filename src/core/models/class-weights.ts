/** Classes that count more or less than their rows do. They move probabilities, so they are off by default. */
import { AppError } from '../../errors.ts';
import type { Dataset } from './dataset.ts';

/** `balanced`: classes weigh alike in total; or a weight per class; `null`: none. */
export type ClassWeights = 'balanced' | readonly number[] | null;

/** Sample weight times class weight, per row. Throws `input_invalid`. */
export function weighRows(
  what: string,
  dataset: Dataset,
  classWeights: ClassWeights,
): Float64Array {
  const weights = dataset.weights?.slice() ?? new Float64Array(dataset.rowCount).fill(1);
  if (classWeights === null) return weights;
  const classCount = dataset.classNames.length;
  const perClass = classWeights === 'balanced' ? balance(dataset, weights) : classWeights;
  if (perClass.length !== classCount || perClass.some((weight) => !(weight >= 0 && weight < 1e6))) {
    throw new AppError(
      'input_invalid',
      `Cannot train ${what}: classWeights must be ${classCount} numbers from 0 to 1e6`,
    );
  }
  let total = 0;
  for (let row = 0; row < dataset.rowCount; row++) {
    weights[row]! *= perClass[dataset.labels[row]!]!;
    total += weights[row]!;
  }
  if (total === 0) {
    throw new AppError('input_invalid', `Cannot train ${what}: no row has any weight`);
  }
  return weights;
}

function balance({ classNames, rowCount, labels }: Dataset, weights: Float64Array): number[] {
  const totals = new Float64Array(classNames.length);
  for (let row = 0; row < rowCount; row++) totals[labels[row]!]! += weights[row]!;
  const total = totals.reduce((sum, weight) => sum + weight, 0);
  return Array.from(totals, (weight) => (weight > 0 ? total / (classNames.length * weight) : 0));
}
