/**
 * How fast the forests score and explain on one core, how good they are and how large, against scikit-learn and
 * XGBoost where they are installed; how fast they train, `phantomnet bench train` says. One JSON object per measure, in
 * the shape of `phantomnet bench`: ratio above 1 is better than the peer. CPU seconds of the process, not the clock: the machine may be busy.
 *
 * Run: node test/bench/models-probe.ts [rows] [features]; 50,000 × 60 by default.
 */

import { fillMissing, makeSkewedFlows } from '../../src/bench/skewed-flows.ts';
import { bareModel } from '../../src/core/models/bare-model.suite.ts';
import { copyRow, type Dataset } from '../../src/core/models/dataset.ts';
import { trainBoosting } from '../../src/core/models/gradient-boosting.ts';
import { trainIsolationForest } from '../../src/core/models/isolation-forest.ts';
import { areaUnderRoc } from '../../src/core/models/metrics.ts';
import { decodeModels, encodeModels, type Model } from '../../src/core/models/model-file.ts';
import { explainIsolationForest } from '../../src/core/models/path-contributions.ts';
import { trainRandomForest } from '../../src/core/models/random-forest.ts';
import { explainBoosting, explainForest } from '../../src/core/models/tree-shap.ts';
import { type ReferenceKind, runReference, whyMissing } from '../parity/reference.ts';
import { everyNth, predictAll } from '../parity/scoring.ts';

const SCORED_ROWS = 20_000;
const SCORING_RUNS = 7;

interface Contest {
  readonly name: 'forest' | 'boosting' | 'isolation';
  readonly library: 'sklearn' | 'xgboost';
  readonly kind: ReferenceKind;
  readonly options: Readonly<Record<string, number>>;
  readonly train: () => Model;
}

const [rows = 50_000, features = 60] = process.argv.slice(2).map(Number);
const train = makeSkewedFlows(rows, 1, features);
const test = makeSkewedFlows(SCORED_ROWS, 2, features);

const contests: readonly Contest[] = [
  {
    name: 'forest',
    library: 'sklearn',
    kind: 'random_forest',
    options: { n_estimators: 100, max_depth: 16, min_samples_leaf: 5 },
    train: () => trainRandomForest(train),
  },
  {
    name: 'boosting',
    library: 'xgboost',
    kind: 'gradient_boosting',
    options: { rounds: 100, max_depth: 6, eta: 0.1, lambda: 1, min_child_weight: 1 },
    train: () => trainBoosting(train),
  },
  {
    name: 'isolation',
    library: 'sklearn',
    kind: 'isolation_forest',
    options: { n_estimators: 200, max_samples: 1024 },
    train: () => trainIsolationForest(train),
  },
];

for (const contest of contests) {
  const model = contest.train();
  const rowsPerSecond = scoringSpeed(model);
  const missing = whyMissing(contest.library);
  if (missing !== null) process.stderr.write(`no peer for ${contest.name}: ${missing}\n`);
  const peer =
    missing === null
      ? runReference(
          contest.kind,
          peerData(contest, train),
          peerData(contest, test),
          contest.options,
        )
      : null;
  report(
    `score.${contest.name}_vs_${contest.library}`,
    rowsPerSecond,
    peer && SCORED_ROWS / peer.scoreSeconds,
    peer?.version,
    'rows/s',
  );
  reportQuality(contest, model, peer?.scores, peer?.version);
  report(`explain.${contest.name}_ms`, explanationMs(model), null, null, 'ms');
  reportFile(contest.name, model);
}

/** Only XGBoost knows missing values. */
function peerData({ library }: Contest, dataset: Dataset): Dataset {
  return library === 'xgboost' ? dataset : fillMissing(dataset);
}

function scoringSpeed(model: Model): number {
  const inputs = Array.from({ length: test.rowCount }, (_, index) => {
    const row = new Float64Array(features);
    copyRow(test, index, row);
    return row;
  });
  const out = new Float64Array(2);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < SCORING_RUNS; run++) {
    const [, seconds] = cpuSeconds(() => {
      for (const row of inputs) model.predict(row, out);
    });
    best = Math.min(best, seconds);
  }
  return test.rowCount / best;
}

function explanationMs(model: Model): number {
  const row = new Float64Array(features);
  const count = 20;
  const explainRows = () => {
    for (let index = 0; index < count; index++) {
      copyRow(test, index, row);
      if (model.kind === 'random_forest') explainForest(model, row, 1);
      else if (model.kind === 'gradient_boosting') explainBoosting(model, row, 1);
      else explainIsolationForest(model, row);
    }
  };
  explainRows();
  const [, seconds] = cpuSeconds(explainRows);
  return (1000 * seconds) / count;
}

function reportQuality(
  contest: Contest,
  model: Model,
  peerScores: Float64Array | undefined,
  peerName: string | undefined,
): void {
  const own =
    model.kind === 'isolation_forest'
      ? predictAll(model, test, 1)
      : everyNth(predictAll(model, test, 2), 2, 1);
  const peer =
    peerScores && contest.kind === 'random_forest' ? everyNth(peerScores, 2, 1) : peerScores;
  const peerAuc = peer && areaUnderRoc(peer, test.labels);
  report(`auc.${contest.name}`, areaUnderRoc(own, test.labels), peerAuc, peerName, '1');
}

function reportFile(name: string, model: Model): void {
  const bytes = encodeModels([bareModel(name, model)]);
  const [, seconds] = cpuSeconds(() => decodeModels(bytes));
  report(`file.${name}_bytes`, bytes.length, null, null, 'B');
  report(`file.${name}_load_ms`, 1000 * seconds, null, null, 'ms');
}

function report(
  name: string,
  ours: number,
  peer: number | null | undefined,
  peerName: string | null | undefined,
  unit: string,
): void {
  const ratio = peer ? ours / peer : null;
  const measure = {
    area: 'models',
    name,
    ours: Number(ours.toPrecision(4)),
    peer: peer ? Number(peer.toPrecision(4)) : null,
    peer_name: peerName ?? null,
    ratio: ratio === null ? null : Number(ratio.toPrecision(3)),
    unit,
  };
  process.stdout.write(`${JSON.stringify(measure)}\n`);
}

/** Of this process, the runtime's own threads included. */
function cpuSeconds<T>(work: () => T): [T, number] {
  const begin = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(begin);
  return [result, (user + system) / 1e6];
}
