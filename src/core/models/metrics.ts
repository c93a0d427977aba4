/**
 * How good a model is. Attacks are rare, so the curve under which every second false alarm counts
 * alike (AUC) says little: report average precision, and recall at the false-positive rate one can afford.
 */

/** `counts[actual * classCount + predicted]`. */
export interface ConfusionMatrix {
  readonly classCount: number;
  readonly counts: Float64Array;
}

export interface ClassScores {
  /** Of the rows called so, how many are; 0 where none is called so. */
  readonly precision: number;
  /** Of the rows that are, how many are called so; 0 where none is. */
  readonly recall: number;
  readonly f1: number;
  /** Rows that are of the class. */
  readonly support: number;
}

export interface OperatingPoint {
  /** Rows with this score or a higher one are called attacks; +∞: none. */
  readonly threshold: number;
  readonly recall: number;
  readonly falsePositiveRate: number;
}

export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classCount: number,
): ConfusionMatrix {
  if (actual.length !== predicted.length) throw new RangeError('The lengths differ');
  const counts = new Float64Array(classCount * classCount);
  for (let i = 0; i < actual.length; i++) counts[actual[i]! * classCount + predicted[i]!]! += 1;
  return { classCount, counts };
}

export function accuracyOf({ classCount, counts }: ConfusionMatrix): number {
  let right = 0;
  for (let c = 0; c < classCount; c++) right += counts[c * classCount + c]!;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total === 0 ? 0 : right / total;
}

/** One per class. */
export function classScores({ classCount, counts }: ConfusionMatrix): ClassScores[] {
  return Array.from({ length: classCount }, (_, c) => {
    const hits = counts[c * classCount + c]!;
    let called = 0;
    let support = 0;
    for (let other = 0; other < classCount; other++) {
      called += counts[other * classCount + c]!;
      support += counts[c * classCount + other]!;
    }
    const precision = called === 0 ? 0 : hits / called;
    const recall = support === 0 ? 0 : hits / support;
    const f1 = hits === 0 ? 0 : (2 * precision * recall) / (precision + recall);
    return { precision, recall, f1, support };
  });
}

/** Area under the ROC curve, ties counting half; NaN where one of the classes is absent. */
export function areaUnderRoc(scores: ArrayLike<number>, isPositive: ArrayLike<number>): number {
  let area = 0;
  let before = { hits: 0, alarms: 0 };
  for (const point of descending(scores, isPositive)) {
    area += ((point.alarms - before.alarms) * (point.hits + before.hits)) / 2;
    before = point;
  }
  return area / (before.hits * before.alarms);
}

/** Mean precision over the positives in order of score (not interpolated); NaN without positives. */
export function averagePrecision(scores: ArrayLike<number>, isPositive: ArrayLike<number>): number {
  let sum = 0;
  let hits = 0;
  for (const point of descending(scores, isPositive)) {
    sum += ((point.hits - hits) * point.hits) / (point.hits + point.alarms);
    hits = point.hits;
  }
  return sum / hits;
}

/** The lowest threshold whose false-positive rate is at most `rate`, and the recall there. */
export function recallAtFalsePositiveRate(
  scores: ArrayLike<number>,
  isPositive: ArrayLike<number>,
  rate: number,
): OperatingPoint {
  const points = descending(scores, isPositive);
  const last = points.at(-1) ?? { hits: 0, alarms: 0 };
  let best: OperatingPoint = {
    threshold: Number.POSITIVE_INFINITY,
    recall: 0,
    falsePositiveRate: 0,
  };
  for (const { score, hits, alarms } of points) {
    const falsePositiveRate = last.alarms === 0 ? 0 : alarms / last.alarms;
    if (falsePositiveRate > rate) break;
    best = { threshold: score, recall: last.hits === 0 ? 0 : hits / last.hits, falsePositiveRate };
  }
  return best;
}

/** Positives and negatives at or above each distinct score, from the highest score down. */
function descending(scores: ArrayLike<number>, isPositive: ArrayLike<number>) {
  if (scores.length !== isPositive.length) throw new RangeError('The lengths differ');
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  order.sort((a, b) => scores[b]! - scores[a]!);
  const points: { score: number; hits: number; alarms: number }[] = [];
  let hits = 0;
  let alarms = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    if (isPositive[row]) hits++;
    else alarms++;
    const isLastOfScore = i + 1 === order.length || scores[order[i + 1]!] !== scores[row];
    if (isLastOfScore) points.push({ score: scores[row]!, hits, alarms });
  }
  return points;
}
