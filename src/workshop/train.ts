/** `phantomnet train`: labelled captures to the model file that ships, with the quality it measured on what it never saw. */
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import { WINDOW_FEATURES } from '../contract/features.ts';
import { BENIGN, MALICIOUS, MODEL_NAMES } from '../core/engine/judge.ts';
import { catalogueHash } from '../core/features/catalogue-hash.ts';
import { FLOW_FEATURES } from '../core/features/flow-vector.ts';
import type { BoostedTrees } from '../core/models/boosted-trees.ts';
import {
  type Calibration,
  calibrate,
  expectedCalibrationError,
  fitIsotonic,
} from '../core/models/calibration.ts';
import { createDataset, createMatrix } from '../core/models/dataset.ts';
import { trainBoosting } from '../core/models/gradient-boosting.ts';
import { trainIsolationForest } from '../core/models/isolation-forest.ts';
import {
  areaUnderRoc,
  averagePrecision,
  recallAtFalsePositiveRate,
} from '../core/models/metrics.ts';
import type { StoredModel } from '../core/models/model-file.ts';
import type { RandomForest } from '../core/models/random-forest.ts';
import { AppError } from '../errors.ts';
import { addExamples, type Examples, newExampleSets } from './examples.ts';
import { trainForestInWorkers } from './forest-workers.ts';
import { driftReferences } from './model-drift.ts';
import type { TrainingPlan } from './training-plan.ts';

/** Raised with every change of what is trained or how. */
const VERSION = '1';
/** The isolation forest's threshold is this quantile of its scores on benign windows. */
const UNUSUAL_QUANTILE = 0.9995;

export type TrainingProgress = (line: string) => void;

/** Trains all models of `plan`, forests in so many threads. Same captures and seed, same models, to the byte. */
export async function trainModels(
  plan: TrainingPlan,
  progress: TrainingProgress,
  workerCount = 1,
): Promise<StoredModel[]> {
  const sets = newExampleSets();
  for (const [at, capture] of plan.captures.entries()) {
    const packets = await addExamples(sets, capture);
    progress(`[${at + 1}/${plan.captures.length}] ${capture.name}: ${packets} packets`);
  }
  const { seed } = plan;
  const common = { seed, dataHashes: plan.captures.map(({ sha256 }) => sha256) };
  const flowNames = FLOW_FEATURES.map(({ name }) => name);
  const windowNames = WINDOW_FEATURES.map(({ name }) => name);
  const forestOptions = { treeCount: 60, maxDepth: 14, minLeafRows: 3, seed };

  progress(`flow forest: ${describe(sets.flows)}`);
  const flow = await trainForestInWorkers(
    toDataset(sets.flows, flowNames, false, 'kinds'),
    forestOptions,
    workerCount,
  );
  progress(`source forest: ${describe(sets.sources)}`);
  const source = await trainForestInWorkers(
    toDataset(sets.sources, windowNames, false, 'kinds'),
    forestOptions,
    workerCount,
  );
  progress(`target boosting: ${describe(sets.targets)}`);
  const boostingOptions = { roundCount: 100, maxDepth: 4, learningRate: 0.1, seed };
  const target = trainBoosting(
    toDataset(sets.targets, windowNames, false, 'binary'),
    boostingOptions,
  );
  progress('source isolation forest');
  const usual = benignTrainingRows(sets.sources);
  const isolation = trainIsolationForest(
    createMatrix(windowNames, flatten(usual, windowNames.length)),
    { seed },
  );
  const usualScores = usual.map((row) => isolation.score(row)).sort((a, b) => a - b);
  const threshold = usualScores[Math.floor(usualScores.length * UNUSUAL_QUANTILE)] ?? 1;

  const windowHash = catalogueHash(WINDOW_FEATURES);
  const isolationScores = testRows(sets.sources).map(({ row }) => isolation.score(row));
  const isAttack = testRows(sets.sources).map(({ kind }) => (kind === null ? 0 : 1));
  return [
    {
      ...common,
      name: MODEL_NAMES.flow,
      ...classifier(flow, sets.flows, catalogueHash(FLOW_FEATURES), forestOptions),
    },
    {
      ...common,
      name: MODEL_NAMES.source,
      ...classifier(source, sets.sources, windowHash, forestOptions),
    },
    {
      ...common,
      name: MODEL_NAMES.target,
      ...classifier(target, sets.targets, windowHash, boostingOptions),
    },
    {
      ...common,
      name: MODEL_NAMES.isolation,
      model: isolation,
      catalogueHash: windowHash,
      parameters: { version: VERSION, quantile: UNUSUAL_QUANTILE },
      metrics: { auc: areaUnderRoc(isolationScores, isAttack), test_rows: isAttack.length },
      thresholds: { [MALICIOUS]: threshold },
      calibrations: {},
      references: driftReferences(isolation, usual),
    },
  ];
}

function classifier(
  model: RandomForest | BoostedTrees,
  examples: Examples,
  hash: string,
  parameters: Record<string, number>,
): Omit<StoredModel, 'name' | 'seed' | 'dataHashes'> {
  const benign = model.classNames.indexOf(BENIGN);
  const out = new Float64Array(model.classCount);
  const test = testRows(examples).map(({ row, kind }) => {
    model.predict(row, out);
    let best = 0;
    for (let index = 1; index < out.length; index++)
      if ((out[index] ?? 0) > (out[best] ?? 0)) best = index;
    return { kind, score: 1 - (out[benign] ?? 0), label: model.classNames[best] };
  });
  // Every other test example calibrates, the ones between measure.
  const fit = test.filter((_, at) => at % 2 === 0);
  const held = test.filter((_, at) => at % 2 === 1);
  const calibration = fitIsotonic(
    fit.map(({ score }) => score),
    fit.map(({ kind }) => (kind === null ? 0 : 1)),
  );
  return {
    model,
    catalogueHash: hash,
    parameters: { version: VERSION, ...parameters },
    metrics: measure(held, calibration, model.classNames),
    thresholds: {},
    calibrations: { [MALICIOUS]: calibration },
    references: driftReferences(model, benignTrainingRows(examples)),
  };
}

function measure(
  held: readonly { kind: string | null; score: number; label: string | undefined }[],
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
    const isBinary = classNames.includes(MALICIOUS);
    const truth = (kind: string | null) => (kind === null ? BENIGN : isBinary ? MALICIOUS : kind);
    const real = held.filter(({ kind }) => truth(kind) === name).length;
    const called = held.filter(({ label }) => label === name).length;
    const right = held.filter(({ kind, label }) => label === name && truth(kind) === name).length;
    if (real > 0) metrics[`recall.${name}`] = right / real;
    if (called > 0) metrics[`precision.${name}`] = right / called;
    if (real > 0) metrics[`test_rows.${name}`] = real;
  }
  for (const [name, value] of Object.entries(metrics))
    if (!Number.isFinite(value)) delete metrics[name];
  return metrics;
}

function toDataset(
  examples: Examples,
  featureNames: readonly string[],
  isTest: boolean,
  classes: 'kinds' | 'binary',
) {
  const picked = examples.rows
    .map((row, at) => ({ row, kind: examples.kinds[at] ?? null, test: examples.isTest[at] }))
    .filter(({ test }) => test === isTest);
  const classNames =
    classes === 'binary'
      ? [BENIGN, MALICIOUS]
      : [BENIGN, ...ALERT_KIND_NAMES.filter((name) => picked.some(({ kind }) => kind === name))];
  if (!picked.some(({ kind }) => kind !== null) || !picked.some(({ kind }) => kind === null))
    throw new AppError(
      'input_invalid',
      'Cannot train: the captures hold no attack, or nothing but attacks',
    );
  return createDataset({
    featureNames,
    classNames,
    values: flatten(
      picked.map(({ row }) => row),
      featureNames.length,
    ),
    labels: picked.map(({ kind }) =>
      kind === null ? 0 : classes === 'binary' ? 1 : classNames.indexOf(kind),
    ),
  });
}

/** What traffic without attack looked like in training: drift is measured against it. */
function benignTrainingRows({ rows, kinds, isTest }: Examples): Float64Array[] {
  return rows.filter((_, at) => kinds[at] === null && !isTest[at]);
}

function testRows(examples: Examples) {
  return examples.rows
    .map((row, at) => ({ row, kind: examples.kinds[at] ?? null }))
    .filter((_, at) => examples.isTest[at]);
}

function flatten(rows: readonly Float64Array[], width: number): Float64Array {
  const values = new Float64Array(rows.length * width);
  for (const [at, row] of rows.entries()) values.set(row, at * width);
  return values;
}

function describe(examples: Examples): string {
  const attacks = examples.kinds.filter((kind) => kind !== null).length;
  const test = examples.isTest.filter((isTest) => isTest).length;
  return `${examples.rows.length} examples, ${attacks} of attacks, ${test} kept apart for the test`;
}
