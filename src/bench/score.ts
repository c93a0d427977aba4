/** Rows scored a second by the models that ship, one by one as the analysis does; boosting also against xgboost in batch. */
import { readModelFile } from '../app/model.ts';
import { SHIPPED_MODEL } from '../app/package-paths.ts';
import type { Model } from '../core/models/model-file.ts';
import { Random } from '../core/models/random.ts';
import { compare, type Measure } from './measure.ts';
import { ownSecondsOf, PYTHON, secondsOf } from './peer-command.ts';

const ROWS = 20_000;
const ROUNDS = 10;

/** Trains as many trees of the same depth and width and times predictions; prints rows a second of processor time. */
const XGBOOST = `
import sys, time, numpy as np, xgboost as xgb
features, trees, depth, rows, rounds = map(int, sys.argv[1:])
rng = np.random.default_rng(1)
x = rng.lognormal(size=(rows, features)); y = (x[:, 0] * x[:, 1] > 1).astype(int)
model = xgb.train({'max_depth': depth, 'objective': 'binary:logistic', 'nthread': 1}, xgb.DMatrix(x, y), trees)
for _ in range(rounds): model.predict(xgb.DMatrix(x))
`;

export async function* benchScore(say: (line: string) => void): AsyncGenerator<Measure> {
  for (const { name, model } of readModelFile(SHIPPED_MODEL).models) {
    const rows = makeRows(model.featureNames.length);
    const out = new Float64Array(64);
    const ours = async () =>
      (ROWS * ROUNDS) / (await ownSecondsOf(() => scoreAll(model, rows, out)));
    await ours();
    const isBoosting = model.kind === 'gradient_boosting';
    const peer = isBoosting && hasXgboost() ? () => xgboostRate(model) : null;
    if (isBoosting && !peer) say('python3-xgboost is not installed');
    yield await compare(
      {
        area: 'score',
        name: isBoosting ? 'score.boosting_vs_xgboost' : `score.${name.replaceAll('-', '_')}`,
        unit: 'rows/s',
        peerName: isBoosting ? 'xgboost, batch' : null,
      },
      ours,
      peer,
    );
  }
}

function scoreAll(model: Model, rows: readonly Float64Array[], out: Float64Array): void {
  for (let round = 0; round < ROUNDS; round++) for (const row of rows) model.predict(row, out);
}

function makeRows(width: number): Float64Array[] {
  const random = new Random(1, 1);
  return Array.from({ length: ROWS }, () =>
    Float64Array.from({ length: width }, () => Math.exp(6 * random.float() - 3)),
  );
}

/** The rate of scoring alone: a run with many rounds less a run with none. */
function xgboostRate({ featureNames, trees }: Model): number {
  const args = (rounds: number) => [
    '-c',
    XGBOOST,
    String(featureNames.length),
    String(trees.treeCount),
    '4',
    String(ROWS),
    String(rounds),
  ];
  return (ROWS * ROUNDS) / (secondsOf(PYTHON, args(ROUNDS)) - secondsOf(PYTHON, args(0)));
}

function hasXgboost(): boolean {
  try {
    secondsOf(PYTHON, ['-c', 'import xgboost']);
    return true;
  } catch {
    return false;
  }
}
