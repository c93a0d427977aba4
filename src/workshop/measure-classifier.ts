/**
 * How good a classifier is on the examples kept apart, which come later than those it was trained on. Every other of them
 * calibrates and tells the thresholds, the ones between measure both.
 */
import type { AlertKind } from '../contract/alert-kinds.ts';
import { ALERT_THRESHOLD } from '../contract/analysis.ts';
import { alarmThresholds, benignTails, FALSE_ALARMS_PER_DAY } from '../core/engine/false-alarms.ts';
import { BENIGN, MALICIOUS } from '../core/engine/judge.ts';
import type { BoostedTrees } from '../core/models/boosted-trees.ts';
import {
  type Calibration,
  calibrate,
  expectedCalibrationError,
  fitIsotonic,
} from '../core/models/calibration.ts';
import { featureImportance } from '../core/models/importance.ts';
import {
  areaUnderRoc,
  averagePrecision,
  recallAtFalsePositiveRate,
} from '../core/models/metrics.ts';
import type { StoredModel } from '../core/models/model-file.ts';
import type { RandomForest } from '../core/models/random-forest.ts';
import type { Examples } from './examples.ts';
import { driftReferences } from './model-drift.ts';
import { importanceReference } from './model-importance.ts';

/** Rows whose contributions are computed, as many of attacks as of others where there are. */
const EXPLAINED_ROWS = 200;

interface TestExample {
  readonly row: Float64Array;
  readonly kind: AlertKind | null;
}

interface Judged extends TestExample {
  /** Of every class. */
  readonly probabilities: Float64Array;
  /** Not benign. */
  readonly score: number;
  /** The likeliest class. */
  readonly label: string;
  /** The likeliest but benign. */
  readonly kindIndex: number;
}

/** @param testDays how long the traffic of the examples kept apart ran */
export function measureClassifier(
  model: RandomForest | BoostedTrees,
  examples: Examples,
  testDays: number,
  benignRows: readonly Float64Array[],
): Pick<StoredModel, 'metrics' | 'thresholds' | 'calibrations' | 'references'> {
  const judged = testExamples(examples).map((example) => judge(model, example));
  const fit = judged.filter((_, at) => at % 2 === 0);
  const held = judged.filter((_, at) => at % 2 === 1);
  const calibration = fitIsotonic(
    fit.map(({ score }) => score),
    fit.map(({ kind }) => (kind === null ? 0 : 1)),
  );
  // Half of the rows are of half of the time.
  const tails = benignTails(benignScores(model, fit), testDays / 2);
  const benign = model.classNames.indexOf(BENIGN);
  const importance = featureImportance(model, explainedRows(judged), benign);
  return {
    metrics: finite({
      ...measure(held, calibration, model.classNames),
      ...measureThresholds(held, { calibration, tails, days: testDays / 2 }, model.classNames),
    }),
    thresholds: {},
    calibrations: { [MALICIOUS]: calibration },
    references: {
      ...driftReferences(model, benignRows),
      ...tails,
      ...importanceReference(importance),
    },
  };
}

export function testExamples({ rows, kinds, isTest }: Examples): TestExample[] {
  return rows.map((row, at) => ({ row, kind: kinds[at] ?? null })).filter((_, at) => isTest[at]);
}

function judge(model: RandomForest | BoostedTrees, example: TestExample): Judged {
  const probabilities = new Float64Array(model.classCount);
  model.predict(example.row, probabilities);
  const best = probabilities.indexOf(Math.max(...probabilities));
  const benign = model.classNames.indexOf(BENIGN);
  const kinds = probabilities.slice();
  kinds[benign] = -1;
  return {
    ...example,
    probabilities,
    kindIndex: kinds.indexOf(Math.max(...kinds)),
    score: 1 - (probabilities[benign] ?? 0),
    label: model.classNames[best] ?? BENIGN,
  };
}

function benignScores(
  { classNames }: RandomForest | BoostedTrees,
  judged: readonly Judged[],
): Record<string, number[]> {
  const benign = judged.filter(({ kind }) => kind === null);
  return Object.fromEntries(
    classNames.flatMap((name, index) =>
      name === BENIGN ? [] : [[name, benign.map(({ probabilities }) => probabilities[index] ?? 0)]],
    ),
  );
}

function measure(
  held: readonly Judged[],
  calibration: Calibration,
  classNames: readonly string[],
): Record<string, number> {
  const scores = held.map(({ score }) => score);
  const isAttack = held.map(({ kind }) => (kind === null ? 0 : 1));
  const calibrated = scores.map((score) => calibrate(calibration, score));
  const metrics: Record<string, number> = {
    test_rows: held.length,
    test_attack_rows: isAttack.filter((attack) => attack === 1).length,
    auc: areaUnderRoc(scores, isAttack),
    average_precision: averagePrecision(scores, isAttack),
    recall_at_fpr_1e3: recallAtFalsePositiveRate(scores, isAttack, 1e-3).recall,
    calibration_error: expectedCalibrationError(calibrated, isAttack),
  };
  for (const name of classNames) {
    const real = held.filter(({ kind }) => className(kind, classNames) === name);
    const called = held.filter(({ label }) => label === name).length;
    const right = real.filter(({ label }) => label === name).length;
    if (real.length > 0) metrics[`recall.${name}`] = right / real.length;
    if (called > 0) metrics[`precision.${name}`] = right / called;
    if (real.length > 0) metrics[`test_rows.${name}`] = real.length;
  }
  return metrics;
}

/** What comes of the thresholds for the wanted number of false alarms: how many there are, and what is still found. */
function measureThresholds(
  held: readonly Judged[],
  {
    calibration,
    tails,
    days,
  }: {
    readonly calibration: Calibration;
    readonly tails: Readonly<Record<string, Float64Array>>;
    readonly days: number;
  },
  classNames: readonly string[],
): Record<string, number> {
  const thresholds = alarmThresholds({ references: tails }, FALSE_ALARMS_PER_DAY);
  const metrics: Record<string, number> = { false_alarms_wanted_per_day: FALSE_ALARMS_PER_DAY };
  // As the judge has it: an attack at all, most likely of this kind, and enough so.
  const suspects = held.filter(({ score }) => calibrate(calibration, score) >= ALERT_THRESHOLD);
  for (const [name, threshold] of Object.entries(thresholds)) {
    const index = classNames.indexOf(name);
    const alarms = suspects.filter(
      ({ kindIndex, probabilities }) =>
        kindIndex === index && (probabilities[index] ?? 0) >= threshold,
    );
    const isReal = ({ kind }: Judged) => className(kind, classNames) === name;
    const real = held.filter(isReal).length;
    metrics[`false_alarms_per_day.${name}`] =
      alarms.filter(({ kind }) => kind === null).length / days;
    if (real > 0) metrics[`recall_at_threshold.${name}`] = alarms.filter(isReal).length / real;
  }
  return metrics;
}

function className(kind: AlertKind | null, classNames: readonly string[]): string {
  if (kind === null) return BENIGN;
  return classNames.includes(MALICIOUS) ? MALICIOUS : kind;
}

/** The same ones each time, spread over all. */
function explainedRows(judged: readonly Judged[]): Float64Array[] {
  const spread = (rows: readonly Judged[]) => {
    const step = Math.max(1, Math.ceil((2 * rows.length) / EXPLAINED_ROWS));
    return rows.filter((_, at) => at % step === 0).map(({ row }) => row);
  };
  return [
    ...spread(judged.filter(({ kind }) => kind !== null)),
    ...spread(judged.filter(({ kind }) => kind === null)),
  ];
}

function finite(metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}
