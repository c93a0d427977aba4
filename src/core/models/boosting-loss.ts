/** The log loss of boosting: first margins, gradients and hessians; logistic for two classes, softmax for more. */
import type { Dataset } from './dataset.ts';

/** Margins per row: one for two classes (of the second), else one per class. */
export function marginCountOf(classCount: number): number {
  return classCount === 2 ? 1 : classCount;
}

/** The margins that state the classes' shares of the weight; a class without rows gets a tiny share. */
export function firstMargins(dataset: Dataset): Float64Array {
  const classCount = dataset.classNames.length;
  const totals = new Float64Array(classCount);
  let total = 0;
  for (let row = 0; row < dataset.rowCount; row++) {
    const weight = dataset.weights?.[row] ?? 1;
    totals[dataset.labels[row]!]! += weight;
    total += weight;
  }
  const logs = totals.map((weight) => Math.log(Math.max(weight / total, 1e-6)));
  return classCount === 2 ? Float64Array.of(logs[1]! - logs[0]!) : logs;
}

/** Turns margins into class probabilities. */
export function probabilitiesOf(margins: Float64Array, out: Float64Array): void {
  if (margins.length === 1) {
    out[1] = 1 / (1 + Math.exp(-margins[0]!));
    out[0] = 1 - out[1];
    return;
  }
  let highest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < margins.length; c++) if (margins[c]! > highest) highest = margins[c]!;
  let sum = 0;
  for (let c = 0; c < margins.length; c++) {
    const value = Math.exp(margins[c]! - highest);
    out[c] = value;
    sum += value;
  }
  for (let c = 0; c < margins.length; c++) out[c]! /= sum;
}

/** Rows' margins as `margins[row * marginCount + c]`; writes as many gradients and hessians in columns `c * rowCount + row`. */
export function computeGradients(
  dataset: Dataset,
  margins: Float64Array,
  gradients: Float64Array,
  hessians: Float64Array,
): void {
  const { rowCount, labels, weights } = dataset;
  const classCount = dataset.classNames.length;
  const marginCount = marginCountOf(classCount);
  if (marginCount === 1) {
    computeTwoClassGradients(dataset, margins, gradients, hessians);
    return;
  }
  const rowMargins = new Float64Array(marginCount);
  const shares = new Float64Array(classCount);
  for (let row = 0; row < rowCount; row++) {
    for (let c = 0; c < marginCount; c++) rowMargins[c] = margins[row * marginCount + c]!;
    probabilitiesOf(rowMargins, shares);
    const weight = weights === null ? 1 : weights[row]!;
    for (let c = 0; c < marginCount; c++) {
      const share = shares[c]!;
      gradients[c * rowCount + row] = (share - (labels[row] === c ? 1 : 0)) * weight;
      // Softmax margins have one degree of freedom too many: XGBoost's factor 2.
      hessians[c * rowCount + row] = Math.max(2 * share * (1 - share), 1e-16) * weight;
    }
  }
}

/** Hot path. */
function computeTwoClassGradients(
  { rowCount, labels, weights }: Dataset,
  margins: Float64Array,
  gradients: Float64Array,
  hessians: Float64Array,
): void {
  for (let row = 0; row < rowCount; row++) {
    const share = 1 / (1 + Math.exp(-margins[row]!));
    const weight = weights === null ? 1 : weights[row]!;
    gradients[row] = (share - labels[row]!) * weight;
    hessians[row] = Math.max(share * (1 - share), 1e-16) * weight;
  }
}

/** Mean negative log likelihood, weighted. */
export function logLoss(dataset: Dataset, margins: Float64Array): number {
  const classCount = dataset.classNames.length;
  const marginCount = marginCountOf(classCount);
  const rowMargins = new Float64Array(marginCount);
  const shares = new Float64Array(classCount);
  let loss = 0;
  let total = 0;
  for (let row = 0; row < dataset.rowCount; row++) {
    for (let c = 0; c < marginCount; c++) rowMargins[c] = margins[row * marginCount + c]!;
    probabilitiesOf(rowMargins, shares);
    const weight = dataset.weights?.[row] ?? 1;
    loss -= weight * Math.log(Math.max(shares[dataset.labels[row]!]!, 1e-15));
    total += weight;
  }
  return loss / total;
}
