import { expect, it } from 'vitest';
import { trainBoosting } from '../core/models/gradient-boosting.ts';
import { decodeModels, encodeModels, type StoredModel } from '../core/models/model-file.ts';
import { trainRandomForest } from '../core/models/random-forest.ts';
import { makeData, xorRow } from '../core/models/training.suite.ts';
import { exportModel, replaceModel } from './exchange-models.ts';

const rows = makeData(200, 3, 2, 3, xorRow);
const data = {
  ...rows,
  featureNames: ['bytes', 'packets', 'ports'],
  classNames: ['Benign', 'malicious'],
};

function stored(name: string, model: StoredModel['model']): StoredModel {
  const lineage = { seed: 1, parameters: { version: '1' }, dataHashes: [], catalogueHash: 'c' };
  const calibrations = { malicious: { kind: 'platt', slope: 1, intercept: 0 } } as const;
  return { name, model, ...lineage, metrics: {}, thresholds: {}, calibrations, references: {} };
}

const boosting = stored('target', trainBoosting(data, { roundCount: 5 }));
const forest = stored('flow', trainRandomForest(data, { treeCount: 3 }));
const models = [forest, boosting];

it.each([
  ['onnx', boosting],
  ['xgboost', boosting],
  ['onnx', forest],
] as const)('takes back what it wrote as %s', (format, from) => {
  const replaced = replaceModel(models, from.name, exportModel(from, format), 'h');
  const file = decodeModels(encodeModels(replaced));
  const [own, other] = [from.model, file.models.find(({ name }) => name === from.name)];
  expect(other).toMatchObject({
    dataHashes: ['h'],
    calibrations: {},
    parameters: { version: '1' },
  });
  expect(other?.model.featureNames).toEqual(data.featureNames);
  const [a, b] = [new Float64Array(2), new Float64Array(2)];
  for (const row of [
    [0.1, 0.9, 0.5],
    [0.9, 0.8, Number.NaN],
  ]) {
    own.predict(Float64Array.from(row), a);
    other?.model.predict(Float64Array.from(row), b);
    expect(b[1]).toBeCloseTo(a[1] ?? Number.NaN, 6);
  }
});

// XGBoost's word for them, and LightGBM's.
it.each(['f', 'Column_'])('takes columns without names by their place: %s0', (prefix) => {
  const featureNames = [0, 1, 2].map((at) => prefix + at);
  const plain = trainBoosting({ ...data, featureNames }, { roundCount: 2 });
  const [, other] = replaceModel(models, 'target', exportModel(stored('x', plain), 'xgboost'), 'h');
  expect(other?.model.featureNames).toEqual(data.featureNames);
});

it('refuses other features, by name', () => {
  const swapped = { ...data, featureNames: ['bytes', 'ports', 'packets'] };
  const other = exportModel(stored('x', trainBoosting(swapped, { roundCount: 2 })), 'xgboost');
  expect(() => replaceModel(models, 'target', other, 'h')).toThrow(
    /its feature ports is not ours: packets/,
  );
});

it('refuses a feature too many and one too few, and says so', () => {
  const more = makeData(200, 4, 2, 3, xorRow);
  const fewer = makeData(200, 2, 2, 3, xorRow);
  const written = (of: typeof more) =>
    exportModel(stored('x', trainBoosting(of, { roundCount: 2 })), 'xgboost');
  expect(() => replaceModel(models, 'target', written(more), 'h')).toThrow(
    /it has 4 features, ours are 3$/,
  );
  expect(() => replaceModel(models, 'target', written(fewer), 'h')).toThrow(
    /it has 2 features, ours are 3: it lacks ports/,
  );
});

it('says of what is no model that it is none', () => {
  const refused = (text: string) => () => replaceModel(models, 'target', Buffer.from(text), 'h');
  expect(refused('')).toThrow(/it is empty/);
  for (const text of ['hello', '\u0089PNG', '<xml>'])
    expect(refused(text)).toThrow(/no model of XGBoost \(JSON, UBJ\), LightGBM \(text\) or ONNX/);
});

it('refuses a model that is not there, and a forest as XGBoost', () => {
  expect(() => replaceModel(models, 'nothere', new Uint8Array(9), 'h')).toThrow(
    /there are flow, target/,
  );
  expect(() => exportModel(forest, 'xgboost')).toThrow(/no gradient boosting but a random forest/);
});
