/** From labelled examples to the four models, each with what it measured on the examples kept apart. */
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import { WINDOW_FEATURES } from '../contract/features.ts';
import { BENIGN, MALICIOUS, MODEL_NAMES } from '../core/engine/judge.ts';
import { catalogueHash } from '../core/features/catalogue-hash.ts';
import { FLOW_FEATURES } from '../core/features/flow-vector.ts';
import type { BoostedTrees } from '../core/models/boosted-trees.ts';
import { createDataset, createMatrix, type Dataset } from '../core/models/dataset.ts';
import { type IsolationForest, trainIsolationForest } from '../core/models/isolation-forest.ts';
import { areaUnderRoc } from '../core/models/metrics.ts';
import type { StoredModel } from '../core/models/model-file.ts';
import type { RandomForest } from '../core/models/random-forest.ts';
import { AppError } from '../errors.ts';
import { trainBoostingInWorkers } from './boosting-workers.ts';
import type { ExampleSets, Examples } from './examples.ts';
import { trainForestInWorkers } from './forest-workers.ts';
import { measureClassifier, testExamples } from './measure-classifier.ts';
import { driftReferences } from './model-drift.ts';
import type { TrainingProgress } from './training-progress.ts';

/** Raised with every change of what is trained or how. */
const VERSION = '2';
/** The isolation forest's threshold is this quantile of its scores on benign windows. */
const UNUSUAL_QUANTILE = 0.9995;
const STEPS = 4;
const FOREST_OPTIONS = { treeCount: 60, maxDepth: 14, minLeafRows: 3 };
const BOOSTING_OPTIONS = { roundCount: 100, maxDepth: 4, learningRate: 0.1 };

export interface FitOptions {
  readonly seed: number;
  readonly dataHashes: readonly string[];
  /** Threads at most. */
  readonly workerCount: number;
  readonly progress: TrainingProgress;
  /** Kept with each model, beside the options of its training. */
  readonly parameters?: StoredModel['parameters'];
  /** Rows that the isolation forest learns as usual; absent: the benign windows of sources. */
  readonly usual?: readonly Float64Array[];
}

/** All four. @throws AppError `input_invalid` where there is no attack among the examples, or nothing else */
export async function fitModels(sets: ExampleSets, options: FitOptions): Promise<StoredModel[]> {
  return [await fitFlowModel(sets, options), ...(await fitWindowModels(sets, options))];
}

/** The one that judges conversations. @throws AppError as `fitModels` */
export async function fitFlowModel(sets: ExampleSets, options: FitOptions): Promise<StoredModel> {
  const { flow: name } = MODEL_NAMES;
  begin(options, 0, name, sets.flows);
  const parameters = { ...FOREST_OPTIONS, seed: options.seed };
  const forest = await trainForestInWorkers(
    toDataset(sets.flows, FLOW_FEATURES, 'kinds'),
    parameters,
    options.workerCount,
  );
  const hash = catalogueHash(FLOW_FEATURES);
  return storedClassifier(name, forest, sets.flows, { sets, options, hash, parameters });
}

/** The three that judge windows. @throws AppError as `fitModels` */
export async function fitWindowModels(
  sets: ExampleSets,
  options: FitOptions,
): Promise<StoredModel[]> {
  const { seed, workerCount } = options;
  const hash = catalogueHash(WINDOW_FEATURES);
  begin(options, 1, MODEL_NAMES.source, sets.sources);
  const forestOptions = { ...FOREST_OPTIONS, seed };
  const source = await trainForestInWorkers(
    toDataset(sets.sources, WINDOW_FEATURES, 'kinds'),
    forestOptions,
    workerCount,
  );
  begin(options, 2, MODEL_NAMES.target, sets.targets);
  const boostingOptions = { ...BOOSTING_OPTIONS, seed };
  const target = await trainBoostingInWorkers(
    toDataset(sets.targets, WINDOW_FEATURES, 'binary'),
    boostingOptions,
    workerCount,
  );
  begin(options, 3, MODEL_NAMES.isolation, sets.sources);
  const usual = options.usual ?? benignTrainingRows(sets.sources);
  const isolation = fitIsolation(usual, seed);
  return [
    storedClassifier(MODEL_NAMES.source, source, sets.sources, {
      ...{ sets, options, hash },
      parameters: forestOptions,
    }),
    storedClassifier(MODEL_NAMES.target, target, sets.targets, {
      ...{ sets, options, hash },
      parameters: boostingOptions,
    }),
    {
      name: MODEL_NAMES.isolation,
      model: isolation,
      catalogueHash: hash,
      seed,
      dataHashes: options.dataHashes,
      parameters: { version: VERSION, quantile: UNUSUAL_QUANTILE, ...options.parameters },
      metrics: measureIsolation(isolation, sets.sources),
      thresholds: { [MALICIOUS]: unusualFrom(isolation, usual) },
      calibrations: {},
      references: driftReferences(isolation, usual),
    },
  ];
}

function begin({ progress }: FitOptions, done: number, name: string, examples: Examples): void {
  progress.step(done, STEPS, name);
  progress.say(`${name}: ${describe(examples)}`);
}

function storedClassifier(
  name: string,
  model: RandomForest | BoostedTrees,
  examples: Examples,
  training: {
    readonly sets: ExampleSets;
    readonly options: FitOptions;
    readonly hash: string;
    readonly parameters: Readonly<Record<string, number>>;
  },
): StoredModel {
  const { sets, options, hash, parameters } = training;
  const testDays = sets.testSeconds / 86_400;
  return {
    name,
    model,
    catalogueHash: hash,
    seed: options.seed,
    dataHashes: options.dataHashes,
    parameters: { version: VERSION, ...parameters, ...options.parameters },
    ...measureClassifier(model, examples, testDays, benignTrainingRows(examples)),
  };
}

function fitIsolation(usual: readonly Float64Array[], seed: number): IsolationForest {
  const names = WINDOW_FEATURES.map(({ name }) => name);
  return trainIsolationForest(createMatrix(names, flatten(usual, names.length)), { seed });
}

function unusualFrom(isolation: IsolationForest, usual: readonly Float64Array[]): number {
  const scores = usual.map((row) => isolation.score(row)).sort((a, b) => a - b);
  return scores[Math.floor(scores.length * UNUSUAL_QUANTILE)] ?? 1;
}

function measureIsolation(isolation: IsolationForest, sources: Examples): Record<string, number> {
  const test = testExamples(sources);
  const scores = test.map(({ row }) => isolation.score(row));
  const auc = areaUnderRoc(
    scores,
    test.map(({ kind }) => (kind === null ? 0 : 1)),
  );
  return { test_rows: test.length, ...(Number.isFinite(auc) && { auc }) };
}

function toDataset(
  examples: Examples,
  features: readonly { readonly name: string }[],
  classes: 'kinds' | 'binary',
): Dataset {
  const picked = examples.rows
    .map((row, at) => ({
      row,
      kind: examples.kinds[at] ?? null,
      weight: examples.weights[at] ?? 1,
      isTest: examples.isTest[at],
    }))
    .filter(({ isTest }) => !isTest);
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
    featureNames: features.map(({ name }) => name),
    classNames,
    values: flatten(
      picked.map(({ row }) => row),
      features.length,
    ),
    labels: picked.map(({ kind }) =>
      kind === null ? 0 : classes === 'binary' ? 1 : classNames.indexOf(kind),
    ),
    ...(picked.some(({ weight }) => weight !== 1) && {
      weights: picked.map(({ weight }) => weight),
    }),
  });
}

/** What traffic without attack looked like in training: drift is measured against it. */
function benignTrainingRows({ rows, kinds, isTest }: Examples): Float64Array[] {
  return rows.filter((_, at) => kinds[at] === null && !isTest[at]);
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
