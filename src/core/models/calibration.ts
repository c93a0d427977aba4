/**
 * Makes a score a probability: of the rows scored 0.9, nine in ten should be attacks. Isotonic
 * regression (any non-decreasing shape, needs about a thousand rows) or Platt's sigmoid (two numbers,
 * for fewer). Fit on rows that neither trained the model nor chose its options.
 */
import { AppError } from '../../errors.ts';

export type Calibration =
  | {
      readonly kind: 'isotonic';
      /** Ascending; between two of them the probability is interpolated, beyond them it is constant. */
      readonly scores: readonly number[];
      readonly probabilities: readonly number[];
    }
  | { readonly kind: 'platt'; readonly slope: number; readonly intercept: number };

/** The probability that a score stands for. */
export function calibrate(calibration: Calibration, score: number): number {
  if (calibration.kind === 'platt') {
    return 1 / (1 + Math.exp(-(calibration.slope * score + calibration.intercept)));
  }
  const { scores, probabilities } = calibration;
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (scores[middle]! < score) low = middle + 1;
    else high = middle;
  }
  if (low === scores.length) return probabilities[low - 1]!;
  if (low === 0 || scores[low] === score) return probabilities[low]!;
  const share = (score - scores[low - 1]!) / (scores[low]! - scores[low - 1]!);
  return probabilities[low - 1]! + share * (probabilities[low]! - probabilities[low - 1]!);
}

/** Pool adjacent violators over the distinct scores. `isPositive[i]` is 1 for an attack, else 0. */
export function fitIsotonic(
  scores: ArrayLike<number>,
  isPositive: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Calibration {
  const order = sortedOrder(scores, isPositive);
  const blocks: { low: number; high: number; sum: number; weight: number }[] = [];
  for (const i of order) {
    const weight = weights === undefined ? 1 : weights[i]!;
    if (weight === 0) continue;
    const score = scores[i]!;
    const last = blocks.at(-1);
    if (last !== undefined && last.low === score && last.high === score) {
      last.sum += weight * isPositive[i]!;
      last.weight += weight;
    } else {
      // The block before takes no more rows of its score: now it may be pooled.
      pool(blocks);
      blocks.push({ low: score, high: score, sum: weight * isPositive[i]!, weight });
    }
  }
  pool(blocks);
  if (blocks.length === 0)
    throw new AppError('input_invalid', 'Cannot calibrate: no row has weight');
  const knots: number[] = [];
  const probabilities: number[] = [];
  for (const { low, high, sum, weight } of blocks) {
    for (const score of low === high ? [low] : [low, high]) {
      knots.push(score);
      probabilities.push(sum / weight);
    }
  }
  return { kind: 'isotonic', scores: knots, probabilities };
}

/** Platt's sigmoid with his smoothed targets, by Newton's method with backtracking (Lin, Lin and Weng 2007). */
export function fitPlatt(scores: ArrayLike<number>, isPositive: ArrayLike<number>): Calibration {
  const count = sortedOrder(scores, isPositive).length;
  let positives = 0;
  for (let i = 0; i < count; i++) positives += isPositive[i]!;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (count - positives + 2);
  let slope = 0;
  let intercept = Math.log((positives + 1) / (count - positives + 1));
  const lossAt = (a: number, b: number) => {
    let loss = 0;
    for (let i = 0; i < count; i++) {
      const margin = a * scores[i]! + b;
      const target = isPositive[i] ? high : low;
      loss += Math.max(margin, 0) - target * margin + Math.log1p(Math.exp(-Math.abs(margin)));
    }
    return loss;
  };
  let loss = lossAt(slope, intercept);
  for (let iteration = 0; iteration < 100; iteration++) {
    let [gradA, gradB, hessAA, hessAB, hessBB] = [0, 0, 1e-12, 0, 1e-12];
    for (let i = 0; i < count; i++) {
      const score = scores[i]!;
      const p = 1 / (1 + Math.exp(-(slope * score + intercept)));
      const gradient = p - (isPositive[i] ? high : low);
      const hessian = p * (1 - p);
      gradA += gradient * score;
      gradB += gradient;
      hessAA += hessian * score * score;
      hessAB += hessian * score;
      hessBB += hessian;
    }
    if (Math.abs(gradA) < 1e-5 && Math.abs(gradB) < 1e-5) break;
    const determinant = hessAA * hessBB - hessAB * hessAB;
    const stepA = -(hessBB * gradA - hessAB * gradB) / determinant;
    const stepB = -(hessAA * gradB - hessAB * gradA) / determinant;
    let size = 1;
    let next = lossAt(slope + stepA, intercept + stepB);
    while (next > loss + 1e-4 * size * (gradA * stepA + gradB * stepB) && size > 1e-10) {
      size /= 2;
      next = lossAt(slope + size * stepA, intercept + size * stepB);
    }
    if (!(next < loss)) break;
    slope += size * stepA;
    intercept += size * stepB;
    loss = next;
  }
  return { kind: 'platt', slope, intercept };
}

/** Throws `model_incompatible` unless the calibration is sound and never falls: run on what a file holds. */
export function checkCalibration(calibration: Calibration): Calibration {
  const isSound =
    calibration.kind === 'platt'
      ? Number.isFinite(calibration.slope) && Number.isFinite(calibration.intercept)
      : calibration.kind === 'isotonic' &&
        Array.isArray(calibration.scores) &&
        Array.isArray(calibration.probabilities) &&
        calibration.scores.length > 0 &&
        calibration.scores.length === calibration.probabilities.length &&
        calibration.scores.every(
          (score, i) => Number.isFinite(score) && (i === 0 || score > calibration.scores[i - 1]!),
        ) &&
        calibration.probabilities.every(
          (p, i) => p >= 0 && p <= 1 && (i === 0 || p >= calibration.probabilities[i - 1]!),
        );
  if (!isSound)
    throw new AppError('model_incompatible', 'Cannot use the calibration: it is unsound');
  return calibration;
}

/** Mean distance between probability and share of positives, over bins of equal width, by rows. */
export function expectedCalibrationError(
  probabilities: ArrayLike<number>,
  isPositive: ArrayLike<number>,
  binCount = 15,
): number {
  const counts = new Float64Array(binCount);
  const predicted = new Float64Array(binCount);
  const actual = new Float64Array(binCount);
  for (let i = 0; i < probabilities.length; i++) {
    const bin = Math.min(binCount - 1, Math.max(0, Math.floor(probabilities[i]! * binCount)));
    counts[bin]! += 1;
    predicted[bin]! += probabilities[i]!;
    actual[bin]! += isPositive[i]!;
  }
  let distance = 0;
  for (let bin = 0; bin < binCount; bin++) distance += Math.abs(predicted[bin]! - actual[bin]!);
  return probabilities.length === 0 ? 0 : distance / probabilities.length;
}

function pool(blocks: { low: number; high: number; sum: number; weight: number }[]): void {
  for (;;) {
    const last = blocks.at(-1);
    const before = blocks.at(-2);
    if (last === undefined || before === undefined) return;
    if (before.sum * last.weight < last.sum * before.weight) return;
    before.high = last.high;
    before.sum += last.sum;
    before.weight += last.weight;
    blocks.pop();
  }
}

function sortedOrder(scores: ArrayLike<number>, isPositive: ArrayLike<number>): Uint32Array {
  if (scores.length === 0 || scores.length !== isPositive.length) {
    throw new AppError(
      'input_invalid',
      `Cannot calibrate: ${scores.length} scores have ${isPositive.length} labels`,
    );
  }
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  for (const i of order) {
    if (!Number.isFinite(scores[i]!)) {
      throw new AppError('input_invalid', `Cannot calibrate: score ${i} is ${scores[i]}`);
    }
  }
  return order.sort((a, b) => scores[a]! - scores[b]! || a - b);
}
