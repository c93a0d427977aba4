/** Models that XGBoost wrote, read here, and ours read by XGBoost: same probabilities, same contributions. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, type Dataset } from '../../src/core/models/dataset.ts';
import { exportXgboost } from '../../src/core/models/exchange/export-xgboost.ts';
import { importXgboost } from '../../src/core/models/exchange/import-xgboost.ts';
import { trainBoosting } from '../../src/core/models/gradient-boosting.ts';
import { Random } from '../../src/core/models/random.ts';
import { explainBoosting } from '../../src/core/models/tree-shap.ts';
import { whyMissing } from './reference.ts';
import { everyNth, predictAll } from './scoring.ts';

const SCRIPT = fileURLToPath(new URL('exchange.py', import.meta.url));
const ROWS = 800;
const COLUMNS = 6;
const CLASSES = 3;
const noXgboost = whyMissing('xgboost');
const folder = mkdtempSync(join(tmpdir(), 'phantomnet-exchange-'));

function makeRows(classCount: number): Dataset {
  const random = new Random(4);
  const values = Float32Array.from({ length: ROWS * COLUMNS }, () =>
    random.below(12) === 0 ? Number.NaN : Math.round(40 * random.float() ** 2) / 8 - 1,
  );
  const labels = Array.from({ length: ROWS }, (_, row) => {
    const [first = 0, second = 0] = values.subarray(row * COLUMNS, row * COLUMNS + 2);
    const place = (Number.isNaN(first) ? 1 : first) + (Number.isNaN(second) ? 0 : second / 2);
    return Math.max(0, Math.min(classCount - 1, Math.floor(place + random.float() / 2)));
  });
  return createDataset({
    featureNames: Array.from({ length: COLUMNS }, (_, f) => `column ${f}`),
    classNames: Array.from({ length: classCount }, (_, c) => `class ${c}`),
    values,
    labels,
  });
}

const many = makeRows(CLASSES);
const two = { ...makeRows(2), classNames: ['benign', 'attack'] };
const ours = {
  'ours-two': trainBoosting(two, { roundCount: 15 }),
  'ours-many': trainBoosting(many, { roundCount: 8, maxDepth: 4 }),
};

const floats = (name: string) =>
  new Float32Array(new Uint8Array(readFileSync(join(folder, name))).buffer);

beforeAll(() => {
  if (noXgboost) return;
  const job = { rows: ROWS, columns: COLUMNS, classes: CLASSES };
  writeFileSync(join(folder, 'job.json'), JSON.stringify(job));
  writeFileSync(join(folder, 'train.f32'), new Uint8Array(Float32Array.from(many.values).buffer));
  writeFileSync(join(folder, 'labels.u16'), new Uint8Array(many.labels.slice().buffer));
  for (const [name, model] of Object.entries(ours))
    writeFileSync(join(folder, `${name}.json`), exportXgboost(model));
  const { status, stderr } = spawnSync('/usr/bin/python3', [SCRIPT, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

function expectClose(mine: ArrayLike<number>, theirs: ArrayLike<number>, tolerance: number): void {
  expect(mine.length).toBe(theirs.length);
  let distance = 0;
  for (let i = 0; i < mine.length; i++)
    distance = Math.max(distance, Math.abs((mine[i] ?? 0) - (theirs[i] ?? Number.NaN)));
  expect(distance).toBeLessThan(tolerance);
}

describe.each(['two', 'start', 'dart', 'many', 'parallel'])('of XGBoost, %s', (name) => {
  it.for(['json', 'ubj'])('read from %s gives its probabilities', (format, { skip }) => {
    if (noXgboost) skip(noXgboost);
    const model = importXgboost(readFileSync(join(folder, `${name}.${format}`)));
    const shares = predictAll(model, many, model.classCount);
    expectClose(
      model.classCount === 2 ? everyNth(shares, 2, 1) : shares,
      floats(`${name}.f32`),
      1e-6,
    );
  });
});

it('refuses what gives no probabilities, and says so', ({ skip }) => {
  if (noXgboost) skip(noXgboost);
  expect(() => importXgboost(readFileSync(join(folder, 'regression.json')))).toThrow(
    /objective reg:squarederror/,
  );
});

describe.each(Object.entries(ours))('%s', (name, model) => {
  it('written for XGBoost gives our probabilities', ({ skip }) => {
    if (noXgboost) skip(noXgboost);
    const shares = predictAll(model, many, model.classCount);
    expectClose(
      model.classCount === 2 ? everyNth(shares, 2, 1) : shares,
      floats(`${name}.f32`),
      1e-6,
    );
  });

  it('is explained by XGBoost as by us', ({ skip }) => {
    if (noXgboost) skip(noXgboost);
    const theirs = floats(`${name}.shap`);
    const margins = model.firstMargins.length;
    const width = margins * (COLUMNS + 1);
    for (let row = 0; row < 100; row++) {
      const cells = Float64Array.from(many.values.subarray(row * COLUMNS, (row + 1) * COLUMNS));
      for (let margin = 0; margin < margins; margin++) {
        const { contributions } = explainBoosting(model, cells, margins === 1 ? 1 : margin);
        const begin = row * width + margin * (COLUMNS + 1);
        expectClose(contributions, theirs.subarray(begin, begin + COLUMNS), 1e-5);
      }
    }
  });
});
