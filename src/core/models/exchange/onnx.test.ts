import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../errors.ts';
import { trainBoosting } from '../gradient-boosting.ts';
import { trainIsolationForest } from '../isolation-forest.ts';
import type { Model } from '../model-file.ts';
import { trainRandomForest } from '../random-forest.ts';
import { makeData, xorRow } from '../training.suite.ts';
import { explainForest } from '../tree-shap.ts';
import { exportOnnx } from './export-onnx.ts';
import { importOnnx } from './import-onnx.ts';
import * as Onnx from './onnx-fields.ts';
import { ProtoWriter } from './protobuf.ts';

const two = makeData(400, 3, 2, 5, (row, random) => {
  const label = xorRow(row, random);
  if (random.below(5) === 0) row[2] = Number.NaN;
  return label;
});
const three = makeData(400, 3, 3, 6, (row, random) => {
  for (let f = 0; f < 3; f++) row[f] = random.float();
  return row[0]! < 0.3 ? 0 : row[1]! < 0.5 ? 1 : 2;
});

const models: [string, Model][] = [
  ['a forest of two classes', trainRandomForest(two, { treeCount: 9 })],
  ['a forest of three classes', trainRandomForest(three, { treeCount: 9 })],
  ['boosting of two classes', trainBoosting(two, { roundCount: 9 })],
  ['boosting of three classes', trainBoosting(three, { roundCount: 5, maxDepth: 3 })],
  ['an isolation forest', trainIsolationForest(two, { treeCount: 20, subsample: 64 })],
];

const cell = fc.oneof(
  fc.double({ min: -1, max: 2, noNaN: true }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0),
);

describe.each(models)('%s', (_, model) => {
  const bytes = exportOnnx(model);

  it('comes back as it was', () => {
    const other = importOnnx(bytes);
    expect(other.kind).toBe(model.kind);
    expect(other.featureNames).toEqual(model.featureNames);
    expect(other.trees.nodes).toEqual(model.trees.nodes);
    const width = model.kind === 'isolation_forest' ? 1 : model.classCount;
    const [ours, theirs] = [new Float64Array(width), new Float64Array(width)];
    fc.assert(
      fc.property(fc.array(cell, { minLength: 3, maxLength: 3 }), (cells) => {
        model.predict(Float64Array.from(cells), ours);
        other.predict(Float64Array.from(cells), theirs);
        for (let i = 0; i < width; i++) expect(Math.abs(ours[i]! - theirs[i]!)).toBeLessThan(1e-6);
      }),
    );
  });

  it('never does anything but refuse, whatever becomes of its bytes', { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }), (changes) => {
        const broken = bytes.slice();
        for (const [at, byte] of changes) broken[at % broken.length] = byte;
        try {
          importOnnx(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 50 },
    );
  });
});

it('keeps the weights that contributions are computed with', () => {
  const forest = trainRandomForest(two, { treeCount: 3 });
  const other = importOnnx(exportOnnx(forest));
  if (other.kind !== 'random_forest') throw new Error('It came back as something else');
  const row = Float64Array.of(0.9, 0.1, 0.5);
  const ours = explainForest(forest, row, 1);
  const theirs = explainForest(other, row, 1);
  for (let f = 0; f < 3; f++)
    expect(theirs.contributions[f]).toBeCloseTo(ours.contributions[f]!, 6);
});

/** A file of one stump as converters write one, changed as wanted. */
function stumpFile(change: {
  mode?: string;
  type?: string;
  post?: string;
  behind?: string;
  values?: [number, number];
  classes?: number;
  trees?: number[];
}) {
  const {
    mode = 'BRANCH_LEQ',
    type = 'TreeEnsembleClassifier',
    post = 'LOGISTIC',
    behind,
    values = [-1, 2],
    classes = 2,
    trees = [0, 0, 0],
  } = change;
  const attribute = (name: string) => new ProtoWriter().text(Onnx.ATTRIBUTE.name, name);
  const node = new ProtoWriter()
    .text(Onnx.NODE.opType, type)
    .text(Onnx.NODE.domain, Onnx.ML_DOMAIN);
  const ints = (name: string, list: number[]) =>
    node.message(Onnx.NODE.attribute, attribute(name).integers(Onnx.ATTRIBUTE.ints, list));
  const floats = (name: string, list: number[]) =>
    node.message(Onnx.NODE.attribute, attribute(name).floats(Onnx.ATTRIBUTE.floats, list));
  ints('nodes_treeids', trees);
  ints('nodes_nodeids', [0, 1, 2]);
  ints('nodes_featureids', [1, 0, 0]);
  ints('nodes_truenodeids', [1, 0, 0]);
  ints('nodes_falsenodeids', [2, 0, 0]);
  ints('class_treeids', [0, 0]);
  ints('class_nodeids', [1, 2]);
  ints('class_ids', [0, 0]);
  ints(
    'classlabels_int64s',
    Array.from({ length: classes }, (_, label) => label),
  );
  floats('nodes_values', [0.5, 0, 0]);
  floats('class_weights', values);
  const modes = attribute('nodes_modes');
  for (const each of [mode, 'LEAF', 'LEAF']) modes.text(Onnx.ATTRIBUTE.strings, each);
  node.message(Onnx.NODE.attribute, modes);
  node.message(Onnx.NODE.attribute, attribute('post_transform').text(Onnx.ATTRIBUTE.text, post));
  const graph = new ProtoWriter().message(Onnx.GRAPH.node, node);
  if (behind) graph.message(Onnx.GRAPH.node, new ProtoWriter().text(Onnx.NODE.opType, behind));
  return new ProtoWriter().message(Onnx.MODEL.graph, graph).bytes();
}

/** The probability of the second class, at the threshold, above it and where the value is missing. */
function answers(bytes: Uint8Array): number[] {
  const model = importOnnx(bytes);
  const out = new Float64Array(2);
  return [0.5, 0.6, Number.NaN].map((value) => {
    model.predict(Float64Array.of(0, value), out);
    return out[1]!;
  });
}

const [whenTrue, whenFalse] = [1 / (1 + Math.exp(1)), 1 / (1 + Math.exp(-2))];

it.each([
  ['BRANCH_LEQ', [whenTrue, whenFalse, whenFalse]],
  ['BRANCH_LT', [whenFalse, whenFalse, whenFalse]],
  ['BRANCH_GT', [whenFalse, whenTrue, whenFalse]],
  ['BRANCH_GTE', [whenTrue, whenTrue, whenFalse]],
])('takes %s as it is meant, also of a missing value', (mode, expected) => {
  expect(answers(stumpFile({ mode }))).toEqual(expected);
});

it('reads shares of one class as those of a forest', () => {
  const forest = stumpFile({ post: 'NONE', values: [0.25, 1] });
  expect(importOnnx(forest).kind).toBe('random_forest');
  expect(answers(forest)).toEqual([0.25, 1, 1]);
});

describe('refuses', () => {
  it.each<[string, Parameters<typeof stumpFile>[0], RegExp]>([
    [
      'a test that is no comparison, by the name of the feature',
      { mode: 'BRANCH_EQ' },
      /tests f1 by BRANCH_EQ/,
    ],
    [
      'another operator',
      { type: 'SVMClassifier' },
      /no TreeEnsemble, TreeEnsembleClassifier or -Regressor, but SVMClassifier/,
    ],
    ['an operator behind', { behind: 'Scaler' }, /needs the operator Scaler/],
    ['another transform', { post: 'PROBIT' }, /post_transform PROBIT/],
    ['sums that are no shares', { post: 'NONE' }, /no class shares/],
  ])('%s', (_, change, message) => {
    expect(() => importOnnx(stumpFile(change))).toThrow(message);
  });

  it('nothing at all', () => {
    expect(() => importOnnx(new Uint8Array(0))).toThrow(/but nothing/);
  });

  it('more classes, operators and trees than there can be', () => {
    const classes = stumpFile({ classes: 300 });
    expect(() => importOnnx(classes)).toThrow(/300 classes/);
    const graph = new ProtoWriter();
    for (let at = 0; at <= 10_000; at++) graph.text(Onnx.GRAPH.node, '');
    const crowded = new ProtoWriter().message(Onnx.MODEL.graph, graph).bytes();
    expect(() => importOnnx(crowded)).toThrow(/more than 10000 parts/);
    const ids = Array.from({ length: 100_001 }, (_, at) => at);
    expect(() => importOnnx(stumpFile({ trees: ids }))).toThrow(/more than 100000 trees/);
  });
});
