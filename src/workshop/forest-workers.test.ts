import { expect, it } from 'vitest';
import { trainRandomForest } from '../core/models/random-forest.ts';
import { bytesOf, makeData, xorRow } from '../core/models/training.suite.ts';
import { trainForestInWorkers } from './forest-workers.ts';

const data = makeData(700, 5, 3, 17, (row, random) => {
  const label = xorRow(row, random);
  if (random.below(9) === 0) row[2] = Number.NaN;
  return row[3]! > 0.8 ? 2 : label;
});
const options = { treeCount: 7, classWeights: [1, 2, 3] };

it.each([1, 2, 3, 20])(
  'grows the same forest in %d threads',
  { timeout: 30_000 },
  async (threads) => {
    const forest = await trainForestInWorkers(data, options, threads);
    expect(bytesOf(forest.trees)).toBe(bytesOf(trainRandomForest(data, options).trees));
  },
);

it('reports what is wrong with the options', async () => {
  await expect(trainForestInWorkers(data, { treeCount: 5, maxDepth: 0 }, 2)).rejects.toThrow(
    /maxDepth/,
  );
});
