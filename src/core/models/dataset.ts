/**
 * What the forests learn from: a row-major matrix of feature values, a class per row and, if rows do
 * not count alike, a weight per row. NaN is a missing value. Everything is checked here once, so that
 * the training stages may read freely.
 *
 * Models compare in 32-bit floats: a value is rounded to the nearest one before any comparison, in
 * training as in scoring, so the two can never disagree about a row.
 */
import { AppError } from '../../errors.ts';

/** A feature number and its missing-value direction must fit the 11 bits of a node (see flat-trees.ts). */
export const MAX_FEATURES = 1023;
export const MAX_CLASSES = 256;
/** Row sums of quantised gradients must stay exact (see histogram.ts). */
const MAX_ROWS = 2 ** 25;

export interface FeatureMatrix {
  readonly featureNames: readonly string[];
  readonly rowCount: number;
  /** Row-major: feature `f` of row `r` is `values[r * featureNames.length + f]`. */
  readonly values: Float32Array | Float64Array;
}

export interface Dataset extends FeatureMatrix {
  readonly classNames: readonly string[];
  /** Index into `classNames`, per row. */
  readonly labels: Uint16Array;
  /** Per row, finite and not negative; null: every row counts 1. */
  readonly weights: Float64Array | null;
}

export interface DatasetParts {
  readonly featureNames: readonly string[];
  readonly values: Float32Array | Float64Array;
  readonly classNames: readonly string[];
  readonly labels: ArrayLike<number>;
  readonly weights?: ArrayLike<number>;
}

/** Throws `input_invalid` naming the first wrong cell. The values are kept, not copied. */
export function createMatrix(
  featureNames: readonly string[],
  values: Float32Array | Float64Array,
): FeatureMatrix {
  const featureCount = featureNames.length;
  if (featureCount < 1 || featureCount > MAX_FEATURES) {
    throw invalid(`it must have 1 to ${MAX_FEATURES} features: current value is ${featureCount}`);
  }
  if (new Set(featureNames).size !== featureCount) throw invalid('two features have one name');
  if (values.length === 0 || values.length % featureCount !== 0) {
    throw invalid(`${values.length} values are no whole rows of ${featureCount} features`);
  }
  const rowCount = values.length / featureCount;
  if (rowCount > MAX_ROWS) throw invalid(`it has ${rowCount} rows, more than ${MAX_ROWS}`);
  for (let i = 0; i < values.length; i++) {
    const value = Math.fround(values[i]!);
    if (!Number.isFinite(value) && !Number.isNaN(value)) {
      const name = featureNames[i % featureCount];
      throw invalid(`${name} of row ${Math.floor(i / featureCount)} does not fit a 32-bit float`);
    }
  }
  return { featureNames, rowCount, values };
}

/** Throws `input_invalid` naming the first wrong cell, label or weight. */
export function createDataset(parts: DatasetParts): Dataset {
  const matrix = createMatrix(parts.featureNames, parts.values);
  const { classNames } = parts;
  if (classNames.length < 1 || classNames.length > MAX_CLASSES) {
    throw invalid(
      `it must have 1 to ${MAX_CLASSES} classes: current value is ${classNames.length}`,
    );
  }
  if (new Set(classNames).size !== classNames.length) throw invalid('two classes have one name');
  if (parts.labels.length !== matrix.rowCount) {
    throw invalid(`${matrix.rowCount} rows have ${parts.labels.length} labels`);
  }
  const labels = new Uint16Array(matrix.rowCount);
  for (let row = 0; row < matrix.rowCount; row++) {
    const label = parts.labels[row]!;
    if (!Number.isInteger(label) || label < 0 || label >= classNames.length) {
      throw invalid(`row ${row} has label ${label} of ${classNames.length} classes`);
    }
    labels[row] = label;
  }
  return { ...matrix, classNames, labels, weights: checkWeights(parts.weights, matrix.rowCount) };
}

/** The given rows in the given order, copied. */
export function selectRows(dataset: Dataset, rows: ArrayLike<number>): Dataset {
  const width = dataset.featureNames.length;
  const Values = dataset.values.constructor as Float64ArrayConstructor | Float32ArrayConstructor;
  const values = new Values(rows.length * width);
  const labels = new Uint16Array(rows.length);
  const weights = dataset.weights === null ? null : new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!(row >= 0 && row < dataset.rowCount)) throw new RangeError(`There is no row ${row}`);
    for (let f = 0; f < width; f++) values[i * width + f] = dataset.values[row * width + f]!;
    labels[i] = dataset.labels[row]!;
    if (weights !== null) weights[i] = dataset.weights![row]!;
  }
  return { ...dataset, rowCount: rows.length, values, labels, weights };
}

/** Writes row `index` to `row`, the shape that models score. */
export function copyRow(matrix: FeatureMatrix, index: number, row: Float64Array): void {
  const width = matrix.featureNames.length;
  const begin = index * width;
  for (let f = 0; f < width; f++) row[f] = matrix.values[begin + f]!;
}

function checkWeights(weights: ArrayLike<number> | undefined, rowCount: number) {
  if (weights === undefined) return null;
  if (weights.length !== rowCount) throw invalid(`${rowCount} rows have ${weights.length} weights`);
  const checked = Float64Array.from(weights);
  let total = 0;
  for (let row = 0; row < rowCount; row++) {
    const weight = checked[row]!;
    if (!(weight >= 0 && weight <= 1e12)) throw invalid(`row ${row} has weight ${weight}`);
    total += weight;
  }
  if (total === 0) throw invalid('every weight is 0');
  return checked;
}

function invalid(reason: string): AppError {
  return new AppError('input_invalid', `Cannot use the data set: ${reason}`);
}
