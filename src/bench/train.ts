/**
 * Rows that a forest is trained on a second, in one thread: binning, growing and flattening, from rows in memory to a
 * model that scores. The peers learn the same rows with the same number and depth of trees, and time their `fit` or
 * `train` alone; XGBoost's matrix, made before, does not count.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binMatrix, findCuts } from '../core/models/binning.ts';
import type { Dataset } from '../core/models/dataset.ts';
import { trainBoosting } from '../core/models/gradient-boosting.ts';
import {
  createHistogram,
  createHistogramBuilder,
  type HistogramBuilder,
  PlainHistogram,
} from '../core/models/histogram.ts';
import { trainIsolationForest } from '../core/models/isolation-forest.ts';
import { trainRandomForest } from '../core/models/random-forest.ts';
import { trainBoostingInWorkers } from '../workshop/boosting-workers.ts';
import { compare, type Measure } from './measure.ts';
import { answerOf, hasPythonLibrary, ownSecondsOf, PYTHON } from './peer-command.ts';
import { fillMissing, makeSkewedFlows } from './skewed-flows.ts';

const FEATURES = 60;
/** Of the comparison of the kernel: nodes of all rows and of every eighth, counted so often. */
const COUNTED = { rowCount: 50_000, rounds: 20 };

/** Of the comparison of one thread with two. */
const THREADS = {
  rowCount: 200_000,
  train: (dataset: Dataset, threads: number) =>
    trainBoostingInWorkers(dataset, { roundCount: 100, maxDepth: 6 }, threads),
};

interface Contest {
  readonly name: string;
  readonly library: 'xgboost' | 'sklearn';
  readonly peerName: string;
  /** Few enough for all runs of all contests to take about a minute. */
  readonly rowCount: number;
  readonly train: (dataset: Dataset) => unknown;
  /** Of Python, where `x` are the rows and `y` the labels: what may go before, and what is timed. */
  readonly prepare: string;
  readonly fit: string;
}

const CONTESTS: readonly Contest[] = [
  {
    name: 'train.boosting_vs_xgboost',
    library: 'xgboost',
    peerName: 'xgboost, hist',
    rowCount: 100_000,
    train: (dataset) => trainBoosting(dataset, { roundCount: 100, maxDepth: 6 }),
    prepare: 'import xgboost; matrix = xgboost.DMatrix(x, y, nthread=1)',
    fit: `xgboost.train({'objective': 'binary:logistic', 'tree_method': 'hist', 'max_depth': 6, 'eta': 0.1, 'nthread': 1}, matrix, 100)`,
  },
  {
    name: 'train.forest_vs_sklearn',
    library: 'sklearn',
    peerName: 'scikit-learn',
    rowCount: 20_000,
    train: (dataset) => trainRandomForest(dataset, { treeCount: 30, maxDepth: 16, minLeafRows: 5 }),
    prepare: 'from sklearn.ensemble import RandomForestClassifier',
    fit: `RandomForestClassifier(30, max_depth=16, min_samples_leaf=5, max_features='sqrt', n_jobs=1, random_state=1).fit(x, y)`,
  },
  {
    name: 'train.isolation_vs_sklearn',
    library: 'sklearn',
    peerName: 'scikit-learn',
    rowCount: 50_000,
    train: (dataset) => trainIsolationForest(dataset, { treeCount: 200, subsample: 1024 }),
    prepare: 'from sklearn.ensemble import IsolationForest',
    fit: 'IsolationForest(n_estimators=200, max_samples=1024, n_jobs=1, random_state=1).fit(x)',
  },
];

export async function* benchTrain(say: (line: string) => void): AsyncGenerator<Measure> {
  for (const contest of CONTESTS) {
    const { name, library, peerName, rowCount } = contest;
    const flows = makeSkewedFlows(rowCount, 1, FEATURES);
    // Only XGBoost knows missing values.
    const dataset = library === 'xgboost' ? flows : fillMissing(flows);
    const isInstalled = hasPythonLibrary(library);
    if (!isInstalled) say(`python3-${library} is not installed`);
    const folder = mkdtempSync(join(tmpdir(), 'phantomnet-bench-'));
    try {
      if (isInstalled) writeRows(folder, dataset);
      yield await compare(
        { area: 'train', name, unit: 'rows/s', peerName },
        async () => rowCount / (await ownSecondsOf(() => void contest.train(dataset))),
        isInstalled ? () => rowCount / peerSeconds(contest, folder) : null,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  yield await compareThreads();
  yield await compareKernel();
}

/** Boosting in two threads and in one, by the clock: on a machine that has two processors to itself. */
async function compareThreads(): Promise<Measure> {
  const { rowCount, train } = THREADS;
  const flows = makeSkewedFlows(rowCount, 1, FEATURES);
  const rateOf = async (threads: number) => {
    const begin = performance.now();
    await train(flows, threads);
    return rowCount / ((performance.now() - begin) / 1000);
  };
  const name = 'train.boosting_two_threads';
  return compare(
    { area: 'train', name, unit: 'rows/s', peerName: 'the same in one thread' },
    () => rateOf(2),
    () => rateOf(1),
  );
}

/** Sums up bins by the kernel of boosting and by what stands in for it. */
async function compareKernel(): Promise<Measure> {
  const { rowCount, rounds } = COUNTED;
  const dataset = makeSkewedFlows(rowCount, 1, FEATURES);
  const binned = binMatrix(dataset, findCuts(dataset, 255, 1));
  const histogram = createHistogram(binned);
  const packed = new Float64Array(rowCount).fill(1);
  const nodes = [1, 8].map((step) =>
    Uint32Array.from({ length: rowCount / step }, (_, index) => index * step),
  );
  const cells = nodes.reduce((sum, { length }) => sum + length, 0) * FEATURES * rounds;
  const rateOf = async (builder: HistogramBuilder) => {
    const seconds = await ownSecondsOf(() => {
      for (let round = 0; round < rounds; round++)
        for (const rows of nodes) builder.build(histogram, packed, rows, 0, rows.length);
    });
    return cells / seconds;
  };
  const sides = [createHistogramBuilder(binned), new PlainHistogram(binned)] as const;
  for (const side of sides) {
    side.use(new Uint8Array(FEATURES).fill(1));
    await rateOf(side);
  }
  return compare(
    {
      ...{ area: 'train', name: 'train.kernel_vs_typescript', unit: 'cells/s' },
      peerName: 'the same in TypeScript',
    },
    () => rateOf(sides[0]),
    () => rateOf(sides[1]),
  );
}

function writeRows(folder: string, { values, labels }: Dataset): void {
  writeFileSync(join(folder, 'rows.f32'), new Uint8Array(Float32Array.from(values).buffer));
  writeFileSync(join(folder, 'labels.u16'), new Uint8Array(labels.slice().buffer));
}

/** Processor time, as ours. */
function peerSeconds({ prepare, fit }: Contest, folder: string): number {
  const script = `
import os, sys, time
os.environ['OMP_NUM_THREADS'] = '1'
import numpy as np
x = np.fromfile(sys.argv[1] + '/rows.f32', dtype='<f4').reshape(-1, ${FEATURES})
y = np.fromfile(sys.argv[1] + '/labels.u16', dtype='<u2').astype(int)
${prepare}
begin = time.process_time()
${fit}
print(time.process_time() - begin)
`;
  return Number(answerOf(PYTHON, ['-c', script, folder]));
}
