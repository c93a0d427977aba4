import { expect, it } from 'vitest';
import { trainBoosting } from '../core/models/gradient-boosting.ts';
import { bytesOf, makeData } from '../core/models/training.suite.ts';
import { trainBoostingInWorkers } from './boosting-workers.ts';

/** Missing values, a feature that is constant, rows that weigh differently or nothing. */
const dataOf = (classCount: number) => ({
  ...makeData(1301, 9, classCount, 17, (row, random) => {
    for (let f = 0; f < 8; f++) row[f] = f % 2 === 0 ? random.float() : random.below(12);
    row[8] = 1;
    const sum = row[0]! + row[1]! / 12 + row[2]! * row[4]! + random.float() / 2;
    // Only the last thread's rows lack anything.
    if (random.below(400) === 0) row[3] = Number.NaN;
    return Math.min(classCount - 1, Math.floor((sum * classCount) / 3));
  }),
  weights: Float64Array.from({ length: 1301 }, (_, row) => (row % 7) / 3),
});

const CASES = [
  ['two classes', 2, { roundCount: 12 }],
  ['some rows and features', 2, { roundCount: 12, rowFraction: 0.6, columnFraction: 0.5 }],
  ['three classes, deep', 3, { roundCount: 5, maxDepth: 9, minChildWeight: 0.1 }],
  ['monotone, weighed', 2, { roundCount: 8, monotone: { f0: 1, f3: -1 }, classWeights: [1, 3] }],
] as const;

it.each(CASES)(
  'boosts the same model in any number of threads: %s',
  { timeout: 60_000 },
  async (_, classCount, options) => {
    const data = dataOf(classCount);
    const alone = trainBoosting(data, options);
    for (const threads of [1, 2, 3, 5]) {
      const together = await trainBoostingInWorkers(data, options, threads, 100);
      expect(bytesOf(together.trees)).toBe(bytesOf(alone.trees));
      expect(together.firstMargins).toEqual(alone.firstMargins);
    }
  },
);

it('reports what is wrong with the options', async () => {
  await expect(
    trainBoostingInWorkers(dataOf(2), { roundCount: 1, maxDepth: 0 }, 2, 100),
  ).rejects.toThrow(/maxDepth/);
});
