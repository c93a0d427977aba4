/**
 * Rows scored a second, one by one as the analysis does, each copied from its own place in memory; and what explaining one
 * takes. XGBoost scores the same rows in one batch, by the very same trees: it reads them from the model that was exported
 * for it, and its answers must agree.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModelFile } from '../app/model.ts';
import { SHIPPED_MODEL } from '../app/package-paths.ts';
import type { BoostedTrees } from '../core/models/boosted-trees.ts';
import { copyRow, type Dataset } from '../core/models/dataset.ts';
import { exportXgboost } from '../core/models/exchange/export-xgboost.ts';
import { trainBoosting } from '../core/models/gradient-boosting.ts';
import { PlainScorer } from '../core/models/tree-scorer.ts';
import { explainBoosting } from '../core/models/tree-shap.ts';
import { compare, type Measure } from './measure.ts';
import { answerOf, hasPythonLibrary, ownSecondsOf, PYTHON } from './peer-command.ts';
import { makeSkewedFlows } from './skewed-flows.ts';

const TRAINING_ROWS = 20_000;
const ROWS = 20_000;
const FEATURES = 60;
const TREES = { roundCount: 100, maxDepth: 6 };
/** Both sides score all rows so often and report the quickest. */
const ROUNDS = 9;
const EXPLAINED_ROWS = 500;
/** Of probabilities: the peer adds up in 32 bits. */
const TOLERANCE = 1e-5;

/** The quicker of its two ways, in one thread; making the DMatrix does not count, our rows are ready too. */
const XGBOOST = `
import sys, time, numpy as np, xgboost as xgb
folder, rows, columns, rounds = sys.argv[1], *map(int, sys.argv[2:])
x = np.fromfile(folder + '/rows.f32', dtype='<f4').reshape(rows, columns)
model = xgb.Booster({'nthread': 1})
model.load_model(folder + '/model.json')
best = float('inf')
for _ in range(rounds):
    matrix = xgb.DMatrix(x, nthread=1)
    for predict in (lambda: model.predict(matrix, validate_features=False), lambda: model.inplace_predict(x, validate_features=False)):
        begin = time.process_time()
        scores = predict()
        best = min(best, time.process_time() - begin)
        np.asarray(scores, dtype='<f4').tofile(folder + '/scores.f32')
print(best)
`;

export async function* benchScore(say: (line: string) => void): AsyncGenerator<Measure> {
  const model = trainBoosting(makeSkewedFlows(TRAINING_ROWS, 1, FEATURES), TREES);
  const rows = rowsOf(makeSkewedFlows(ROWS, 2, FEATURES));
  const out = new Float64Array(2);
  const ours = () => rateOf(() => scoreAll(rows, (row) => model.predict(row, out)));
  await ours();
  const what = { area: 'score', unit: 'rows/s' };
  if (hasPythonLibrary('xgboost')) {
    const peer = new XgboostPeer(model, rows);
    yield await compare(
      { ...what, name: 'score.boosting_vs_xgboost', peerName: 'xgboost, batch' },
      ours,
      () => peer.rate(),
    );
    peer.close();
  } else {
    say('python3-xgboost is not installed');
    yield await compare(
      { ...what, name: 'score.boosting_vs_xgboost', peerName: 'xgboost, batch' },
      ours,
      null,
    );
  }
  const plain = new PlainScorer(model.trees);
  const byTypeScript = () => rateOf(() => scoreAll(rows, (row) => plain.sum(row, 0)));
  await byTypeScript();
  yield await compare(
    { ...what, name: 'score.kernel_vs_typescript', peerName: 'the same in TypeScript' },
    ours,
    byTypeScript,
  );
  yield await compare(
    { area: 'score', name: 'explain.treeshap_ms', unit: 'ms', peerName: null },
    async () => {
      const seconds = await ownSecondsOf(() =>
        scoreAll(rows.slice(0, EXPLAINED_ROWS), (row) => explainBoosting(model, row, 1)),
      );
      return (1000 * seconds) / EXPLAINED_ROWS;
    },
    null,
  );
  yield* shipped();
}

/** The models that ship, on rows of their width that are no traffic. */
async function* shipped(): AsyncGenerator<Measure> {
  for (const { name, model } of readModelFile(SHIPPED_MODEL).models) {
    const rows = rowsOf(makeSkewedFlows(ROWS, 3, model.featureNames.length));
    const out = new Float64Array(64);
    const ours = () => rateOf(() => scoreAll(rows, (row) => model.predict(row, out)));
    await ours();
    const what = { area: 'score', name: `score.${name.replaceAll('-', '_')}`, unit: 'rows/s' };
    yield await compare({ ...what, peerName: null }, ours, null);
  }
}

class XgboostPeer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'phantomnet-bench-'));
  readonly #model: BoostedTrees;
  readonly #rows: readonly Float64Array[];

  constructor(model: BoostedTrees, rows: readonly Float64Array[]) {
    this.#model = model;
    this.#rows = rows;
    const all = new Float32Array(rows.length * FEATURES);
    for (const [index, row] of rows.entries()) all.set(row, index * FEATURES);
    writeFileSync(join(this.#folder, 'rows.f32'), new Uint8Array(all.buffer));
    writeFileSync(join(this.#folder, 'model.json'), exportXgboost(model));
  }

  /** @throws Error where its answers are not ours */
  rate(): number {
    const numbers = [this.#rows.length, FEATURES, ROUNDS].map(String);
    const seconds = Number(answerOf(PYTHON, ['-c', XGBOOST, this.#folder, ...numbers]));
    const scores = new Float32Array(
      new Uint8Array(readFileSync(join(this.#folder, 'scores.f32'))).buffer,
    );
    const out = new Float64Array(2);
    for (const [index, row] of this.#rows.entries()) {
      this.#model.predict(row, out);
      if (!(Math.abs((out[1] ?? 0) - (scores[index] ?? Number.NaN)) < TOLERANCE))
        throw new Error(`xgboost scores row ${index} ${scores[index]}, we ${out[1]}`);
    }
    return this.#rows.length / seconds;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Rows a second of processor time, of the quickest round. */
async function rateOf(round: () => void): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) best = Math.min(best, await ownSecondsOf(round));
  return ROWS / best;
}

function scoreAll(rows: readonly Float64Array[], score: (row: Float64Array) => unknown): void {
  for (const row of rows) score(row);
}

function rowsOf(dataset: Dataset): Float64Array[] {
  return Array.from({ length: dataset.rowCount }, (_, index) => {
    const row = new Float64Array(dataset.featureNames.length);
    copyRow(dataset, index, row);
    return row;
  });
}
