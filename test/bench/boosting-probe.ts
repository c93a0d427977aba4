/**
 * Boosting beside XGBoost (hist, one thread) on sets that the bench has no time for: `node test/bench/boosting-probe.ts nsl [RUNS]`
 * for NSL-KDD, or a number of rows of 60 values instead. In turn, 100 trees of depth 6 (50 from a million rows on); prints a JSON
 * line for each run: seconds of processor time of one thread, and by the clock with two.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerOf, ownSecondsOf, PYTHON } from '../../src/bench/peer-command.ts';
import { makeSkewedFlows } from '../../src/bench/skewed-flows.ts';
import { trainBoosting } from '../../src/core/models/gradient-boosting.ts';
import { trainBoostingInWorkers } from '../../src/workshop/boosting-workers.ts';
import { loadNslKdd } from '../parity/nsl-kdd.ts';

const MANY_ROWS = 1_000_000;

const set = process.argv[2] ?? 'nsl';
const runs = Number(process.argv[3] ?? 3);
const dataset = set === 'nsl' ? loadNslKdd('binary').train : makeSkewedFlows(Number(set), 1);
const width = dataset.featureNames.length;
const options = { roundCount: dataset.rowCount < MANY_ROWS ? 100 : 50, maxDepth: 6 };
const script = `
import os, sys, time
os.environ['OMP_NUM_THREADS'] = '1'
import numpy as np, xgboost
x = np.fromfile(sys.argv[1] + '/rows.f32', dtype='<f4').reshape(-1, ${width})
y = np.fromfile(sys.argv[1] + '/labels.u16', dtype='<u2').astype(int)
matrix = xgboost.DMatrix(x, y, nthread=1)
begin = time.process_time()
xgboost.train({'objective': 'binary:logistic', 'tree_method': 'hist', 'max_depth': 6, 'eta': 0.1, 'nthread': 1}, matrix, ${options.roundCount})
print(time.process_time() - begin)
`;
const folder = mkdtempSync(join(tmpdir(), 'phantomnet-bench-'));
try {
  writeFileSync(join(folder, 'rows.f32'), Float32Array.from(dataset.values));
  writeFileSync(join(folder, 'labels.u16'), dataset.labels);
  for (let run = 0; run < runs; run++) {
    const ours = await ownSecondsOf(() => void trainBoosting(dataset, options));
    const begin = performance.now();
    await trainBoostingInWorkers(dataset, options, 2);
    const two = (performance.now() - begin) / 1000;
    const xgboost = Number(answerOf(PYTHON, ['-c', script, folder]));
    const memory = process.resourceUsage().maxRSS / 1024;
    const line = { rows: dataset.rowCount, width, ours, two_threads_wall: two, xgboost, memory };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
