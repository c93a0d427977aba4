/**
 * Our forests and the references on real sets, the same rows and options: `node test/bench/forest-quality.ts [SEEDS [SET]]`.
 * Prints a table in Markdown; its last column is the standard error of the gap between the PR-AUCs. What draws at random is the
 * mean of several seeds on either side: one seed alone scatters by more than the two differ.
 */
import { fillMissing } from '../../src/bench/skewed-flows.ts';
import { selectRows } from '../../src/core/models/dataset.ts';
import { trainBoosting } from '../../src/core/models/gradient-boosting.ts';
import { trainIsolationForest } from '../../src/core/models/isolation-forest.ts';
import { areaUnderRoc, averagePrecision } from '../../src/core/models/metrics.ts';
import { trainRandomForest } from '../../src/core/models/random-forest.ts';
import { loadNslKdd, type Split, whyNoNslKdd } from '../parity/nsl-kdd.ts';
import { runReference, whyMissing } from '../parity/reference.ts';
import { everyNth, predictAll } from '../parity/scoring.ts';
import { loadWestermo, whyNoWestermo } from '../parity/westermo.ts';

const SEEDS = Number(process.argv[2] ?? 10);
const ONLY = process.argv[3];
const FOREST = { max_depth: 16, min_samples_leaf: 5, n_estimators: 100 };
const BOOSTING = { rounds: 100, max_depth: 6, eta: 0.1, lambda: 1, min_child_weight: 1 };
const ISOLATION = { max_samples: 1024, n_estimators: 200 };

const SETS: readonly [string, () => Split][] = [
  ['NSL-KDD', () => loadNslKdd('binary')],
  ['westermo left', () => loadWestermo('left')],
  ['westermo right', () => loadWestermo('right')],
];

interface Quality {
  readonly auc: number;
  readonly precision: number;
}

const missing = whyMissing('sklearn') ?? whyMissing('xgboost') ?? whyNoNslKdd() ?? whyNoWestermo();
if (missing) throw new Error(missing);
print(['set', 'model', 'reference', 'AUC', 'its', 'PR-AUC', 'its', 'worst gap', 'error']);
print(Array.from({ length: 9 }, () => '---'));
for (const [name, load] of SETS) {
  if (ONLY !== undefined && name !== ONLY) continue;
  const split = load();
  const filled = { train: fillMissing(split.train), test: fillMissing(split.test) };
  compare(name, 'random forest', 'scikit-learn', forests(filled));
  compare(name, 'gradient boosting', 'xgboost', boosting(split));
  compare(name, 'isolation forest, fit on normal rows', 'scikit-learn', isolation(filled));
}

function forests({ train, test }: Split): Quality[][] {
  // Features tried per node: scikit-learn rounds the root down, ours to the nearest.
  const featureSample = Math.floor(Math.sqrt(train.featureNames.length));
  return bySeed((seed) => [
    everyNth(predictAll(trainRandomForest(train, { seed, featureSample }), test, 2), 2, 1),
    everyNth(
      runReference('random_forest', train, test, { ...FOREST, random_state: seed }).scores,
      2,
      1,
    ),
  ])(test.labels);
}

function boosting({ train, test }: Split): Quality[][] {
  const share = train.labels.reduce((sum, label) => sum + label, 0) / train.rowCount;
  const ours = everyNth(predictAll(trainBoosting(train), test, 2), 2, 1);
  const options = { ...BOOSTING, base_score: share };
  const peer = runReference('gradient_boosting', train, test, options).scores;
  return [[qualityOf(ours, test.labels)], [qualityOf(peer, test.labels)]];
}

function isolation({ train, test }: Split): Quality[][] {
  const rows = Array.from(train.labels.keys()).filter((row) => train.labels[row] === 0);
  const normal = selectRows(train, rows);
  return bySeed((seed) => [
    predictAll(trainIsolationForest(normal, { scale: 'linear', seed }), test, 1),
    runReference('isolation_forest', normal, test, { ...ISOLATION, random_state: seed }).scores,
  ])(test.labels);
}

/** Ours and the reference's, a quality for each seed. */
function bySeed(scores: (seed: number) => [Float64Array, Float64Array]) {
  return (labels: ArrayLike<number>): Quality[][] => {
    const pairs = Array.from({ length: SEEDS }, (_, seed) => scores(seed + 1));
    return [0, 1].map((side) => pairs.map((pair) => qualityOf(pair[side] ?? pair[0], labels)));
  };
}

function qualityOf(scores: Float64Array, labels: ArrayLike<number>): Quality {
  return { auc: areaUnderRoc(scores, labels), precision: averagePrecision(scores, labels) };
}

function compare(set: string, model: string, reference: string, sides: readonly Quality[][]) {
  const [ours, theirs] = sides.map((list) => ({
    auc: list.reduce((sum, { auc }) => sum + auc, 0) / list.length,
    precision: list.reduce((sum, { precision }) => sum + precision, 0) / list.length,
  }));
  if (!ours || !theirs) throw new Error('A side is missing');
  // How much worse ours is; below 0 it is better.
  const gap = Math.max(theirs.auc - ours.auc, theirs.precision - ours.precision);
  const numbers = [ours.auc, theirs.auc, ours.precision, theirs.precision, gap];
  numbers.push(Math.hypot(...sides.map(errorOf)));
  print([set, model, reference, ...numbers.map((value) => value.toFixed(4))]);
}

/** Of the mean PR-AUC; 0 where there is no chance in it. */
function errorOf(list: readonly Quality[]): number {
  if (list.length < 2) return 0;
  const mean = list.reduce((sum, { precision }) => sum + precision, 0) / list.length;
  const squares = list.reduce((sum, { precision }) => sum + (precision - mean) ** 2, 0);
  return Math.sqrt(squares / (list.length - 1) / list.length);
}

function print(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
