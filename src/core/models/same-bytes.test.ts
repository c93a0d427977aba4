/**
 * The models of a seed, byte by byte as they were when the shipped ones were trained: what makes training faster must not
 * change them. Where a change is meant, train the shipped models anew and write the new digests here.
 */
import { expect, it } from 'vitest';
import { hexOf, sha256 } from '../crypto/sha256.ts';
import { bareModel } from './bare-model.suite.ts';
import { trainBoosting } from './gradient-boosting.ts';
import { trainIsolationForest } from './isolation-forest.ts';
import { encodeModels, type Model } from './model-file.ts';
import { trainRandomForest } from './random-forest.ts';
import { makeData } from './training.suite.ts';

/** Skewed, counts, flags, missing values, two classes or more, rows that weigh differently. */
const dataOf = (classCount: number, rowCount = 3000) => ({
  ...makeData(rowCount, 11, classCount, 77, (row, random) => {
    for (let f = 0; f < row.length; f++) {
      const value = 1 / (0.01 + random.float());
      row[f] = f % 3 === 0 ? value : f % 3 === 1 ? Math.floor(value) : random.below(2);
    }
    row[10] = -row[0]!;
    if (random.below(5) === 0) row[random.below(11)] = Number.NaN;
    return Math.min(classCount - 1, Math.floor(Math.log1p(row[1]! || 0) + random.float()));
  }),
  weights: Float64Array.from({ length: rowCount }, (_, row) => (row % 7) / 3),
});

it.each<[name: string, digest: string, train: () => Model]>([
  ['boosting', '191ec0f499003e0f', () => trainBoosting(dataOf(2), { roundCount: 20 })],
  [
    'boosting of three classes on some rows and features',
    '1d13dcc14b926bef',
    () =>
      trainBoosting(dataOf(3), {
        ...{ roundCount: 10, rowFraction: 0.5, columnFraction: 0.4, maxDepth: 8, maxBins: 30 },
      }),
  ],
  ['random_forest', 'ba09e52d673ea7f4', () => trainRandomForest(dataOf(2), { treeCount: 10 })],
  [
    'random_forest of four classes',
    '958137c628b0a41e',
    () => trainRandomForest(dataOf(4), { treeCount: 10, minLeafRows: 1, classWeights: 'balanced' }),
  ],
  [
    'isolation_forest',
    '0a2e628388fcf100',
    () => trainIsolationForest(dataOf(2), { treeCount: 30 }),
  ],
  [
    'isolation_forest, linear',
    '3d8f2815d0760ca7',
    () => trainIsolationForest(dataOf(2), { treeCount: 30, scale: 'linear', subsample: 300 }),
  ],
  // More rows than cuts are taken from.
  [
    'boosting of many rows',
    '7854883fbe06434c',
    () => trainBoosting(dataOf(2, 110_000), { roundCount: 2, maxDepth: 4 }),
  ],
])('%s is the same to the byte', (_, digest, train) => {
  expect(hexOf(sha256(encodeModels([bareModel('model', train())]))).slice(0, 16)).toBe(digest);
});
