import { expect, it } from 'vitest';
import { trainBoosting } from './gradient-boosting.ts';
import { featureImportance } from './importance.ts';
import { trainRandomForest } from './random-forest.ts';
import { makeData } from './training.suite.ts';
import { explainForest } from './tree-shap.ts';

/** Only feature 1 decides. */
const data = makeData(400, 4, 2, 5, (row, random) => {
  for (let at = 0; at < 4; at++) row[at] = random.float();
  return (row[1] ?? 0) > 0.5 ? 1 : 0;
});
const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, row) =>
    Float64Array.from(data.values.subarray(row * 4, row * 4 + 4)),
  );

it.each([
  ['forest', () => trainRandomForest(data, { treeCount: 10, seed: 1 })],
  ['boosting', () => trainBoosting(data, { roundCount: 10, seed: 1 })],
])('names the feature that decides: %s', (_, train) => {
  const importance = [...featureImportance(train(), rowsOf(50), 1)];
  expect(importance.indexOf(Math.max(...importance))).toBe(1);
  expect(importance[1]).toBeGreaterThan(
    3 * Math.max(importance[0]!, importance[2]!, importance[3]!),
  );
});

it('is the mean size of the contributions', () => {
  const forest = trainRandomForest(data, { treeCount: 10, seed: 1 });
  const rows = rowsOf(2);
  const [first, second] = rows.map((row) => explainForest(forest, row, 0).contributions);
  const wanted = first!.map((value, at) => (Math.abs(value) + Math.abs(second![at]!)) / 2);
  const got = featureImportance(forest, rows, 0);
  for (const [at, value] of wanted.entries()) expect(got[at]).toBeCloseTo(value, 12);
});
