import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../errors.ts';
import type { BoostedTrees } from '../boosted-trees.ts';
import { trainBoosting } from '../gradient-boosting.ts';
import { makeData, xorRow } from '../training.suite.ts';
import { exportXgboost } from './export-xgboost.ts';
import { importXgboost } from './import-xgboost.ts';
import { bytesOfText } from './text-of.ts';
import { ubjsonOf } from './ubjson.suite.ts';

const binary = trainBoosting(
  makeData(600, 4, 2, 5, (row, random) => {
    const label = xorRow(row, random);
    if (random.below(5) === 0) row[2] = Number.NaN;
    return label;
  }),
  { roundCount: 12, maxDepth: 4 },
);
const threeClasses = trainBoosting(
  makeData(600, 3, 3, 6, (row, random) => {
    for (let f = 0; f < 3; f++) row[f] = random.float();
    return row[0]! < 0.3 ? 0 : row[1]! < 0.5 ? 1 : 2;
  }),
  { roundCount: 6, maxDepth: 3 },
);

/** Any part of a file, of whatever kind the test knows it to be. */
interface Json {
  [key: string]: Json & string;
}
const treeOf = (json: Json) =>
  (json.learner!.gradient_booster!.model!.trees as unknown as Record<string, number[]>[])[0]!;
const jsonOf = (model: BoostedTrees) => JSON.parse(exportXgboost(model)) as Json;
const importJson = (json: unknown) => importXgboost(bytesOfText(JSON.stringify(json)));

const cell = fc.oneof(
  fc.double({ min: -1, max: 2, noNaN: true }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0),
);

function expectAlike(model: BoostedTrees, other: BoostedTrees): void {
  const width = model.featureNames.length;
  const [ours, theirs] = [new Float64Array(model.classCount), new Float64Array(model.classCount)];
  fc.assert(
    fc.property(fc.array(cell, { minLength: width, maxLength: width }), (cells) => {
      model.predict(Float64Array.from(cells), ours);
      other.predict(Float64Array.from(cells), theirs);
      for (const [c, share] of ours.entries())
        expect(Math.abs(share - theirs[c]!)).toBeLessThan(1e-6);
    }),
  );
}

describe.each([
  ['two classes', binary],
  ['three classes', threeClasses],
])('a model of %s', (_, model) => {
  it('comes back from JSON', () => {
    const other = importXgboost(bytesOfText(exportXgboost(model)));
    expect(other.featureNames).toEqual(model.featureNames);
    expectAlike(model, other);
  });

  it('comes back from UBJ, with arrays typed and plain', () => {
    for (const isTyped of [true, false])
      expectAlike(model, importXgboost(ubjsonOf(jsonOf(model), isTyped)));
  });

  it('never does anything but refuse, whatever becomes of its bytes', { timeout: 30_000 }, () => {
    const files = [bytesOfText(exportXgboost(model)), ubjsonOf(jsonOf(model), true)];
    fc.assert(
      fc.property(
        fc.nat(1),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }),
        (which, changes) => {
          const bytes = files[which]!.slice();
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          try {
            importXgboost(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        },
      ),
    );
  });
});

it('knows the start as a list, and one per class', () => {
  const json = jsonOf(binary);
  json.learner!.learner_model_param!.base_score = '[2.5E-1]' as Json[string];
  expect(importJson(json).firstMargins[0]).toBeCloseTo(Math.log(1 / 3), 12);
  const three = jsonOf(threeClasses);
  three.learner!.learner_model_param!.base_score = '[1E0,2E0,3E0]' as Json[string];
  expect([...importJson(three).firstMargins]).toEqual([1, 2, 3]);
});

it('puts several trees of a round and class where they belong', () => {
  const json = jsonOf(threeClasses);
  const model = json.learner!.gradient_booster!.model!;
  const trees = model.trees as unknown as unknown[];
  // As with `num_parallel_tree` 2: two of each class in turn.
  const order = trees.map((_, i) => Math.floor(i / 6) * 6 + [0, 3, 1, 4, 2, 5][i % 6]!);
  model.trees = order.map((i) => trees[i]) as never;
  model.tree_info = order.map((i) => i % 3) as never;
  expectAlike(threeClasses, importJson(json));
});

it('multiplies the leaves of dart with their weights', () => {
  const json = jsonOf(binary);
  const booster = json.learner!.gradient_booster!;
  const dart = {
    name: 'dart',
    gbtree: { model: booster.model },
    weight_drop: binary.trees.roots.length === 0 ? [] : Array.from(binary.trees.roots, () => 0.5),
  };
  json.learner!.gradient_booster = dart as never;
  const halved = importJson(json);
  const [a, b] = [new Float64Array(1), new Float64Array(1)];
  const row = Float64Array.of(0.9, 0.1, 0.5, 0.5);
  binary.margins(row, a);
  halved.margins(row, b);
  const first = binary.firstMargins[0]!;
  expect(b[0]! - first).toBeCloseTo((a[0]! - first) / 2, 5);
});

describe('refuses', () => {
  it.each<[string, (json: Json) => void, RegExp]>([
    [
      'an objective without classes',
      (json) => {
        json.learner!.objective!.name = 'reg:squarederror' as Json[string];
      },
      /objective reg:squarederror/,
    ],
    [
      'a linear booster',
      (json) => {
        json.learner!.gradient_booster = { name: 'gblinear' } as never;
      },
      /booster gblinear/,
    ],
    [
      'categories, by the name of the feature',
      (json) => {
        treeOf(json).split_type![0] = 1;
        treeOf(json).split_indices![0] = 2;
      },
      /splits f2 by categories/,
    ],
    [
      'a comparison with what is no number, by the name of the feature',
      (json) => {
        treeOf(json).split_indices![0] = 2;
        treeOf(json).split_conditions![0] = null as never;
      },
      /compares f2 with NaN/,
    ],
    [
      'a child that is its own parent',
      (json) => {
        treeOf(json).left_children![0] = 0;
      },
      /reached twice/,
    ],
    [
      'a start that is no probability',
      (json) => {
        json.learner!.learner_model_param!.base_score = '7' as Json[string];
      },
      /base_score 7/,
    ],
    [
      'what lacks a part',
      (json) => {
        delete json.learner!.objective;
      },
      /no XGBoost model: learner.objective/,
    ],
  ])('%s', (_, change, message) => {
    const json = jsonOf(binary);
    change(json);
    expect(() => importJson(json)).toThrow(message);
  });
});

// XGBoost writes NaN where others would have a threshold.
it.each([
  ['JSON', (json: Json) => bytesOfText(JSON.stringify(json).replace('4711', 'NaN'))],
  ['UBJ', (json: Json) => ubjsonOf(json, true)],
])('names the feature of categories in %s as it is written', (format, write) => {
  const json = jsonOf(binary);
  treeOf(json).split_type![0] = 1;
  treeOf(json).split_indices![0] = 2;
  treeOf(json).split_conditions![0] = format === 'UBJ' ? Number.NaN : 4711;
  expect(() => importXgboost(write(json))).toThrow(/splits f2 by categories/);
});
