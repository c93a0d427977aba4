import { expect, it } from 'vitest';
import { computeGradients, firstMargins, logLoss, marginCountOf } from './boosting-loss.ts';
import { Random } from './random.ts';
import { makeData, xorRow } from './training.suite.ts';

it.each([2, 3, 5])('has the derivatives of the log loss, for %d classes', (classCount) => {
  const data = makeData(40, 1, classCount, 60, (row, random) => {
    row[0] = random.float();
    return random.below(classCount);
  });
  const random = new Random(1);
  const weights = Float64Array.from({ length: 40 }, () => 0.5 + random.float());
  const weighted = { ...data, weights };
  const count = marginCountOf(classCount);
  const margins = Float64Array.from({ length: 40 * count }, () => 3 * random.float() - 1.5);
  const gradients = new Float64Array(40 * count);
  const hessians = new Float64Array(40 * count);
  computeGradients(weighted, margins, gradients, hessians);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const step = 1e-4;
  for (let row = 0; row < 40; row += 7) {
    for (let c = 0; c < count; c++) {
      const at = (by: number) => {
        const moved = margins.slice();
        moved[row * count + c]! += by;
        return logLoss(weighted, moved) * total;
      };
      const slope = (at(step) - at(-step)) / (2 * step);
      const bend = (at(step) - 2 * at(0) + at(-step)) / step ** 2;
      expect(gradients[c * 40 + row]).toBeCloseTo(slope, 6);
      // Softmax has XGBoost's factor 2.
      expect(hessians[c * 40 + row]).toBeCloseTo(classCount === 2 ? bend : 2 * bend, 4);
    }
  }
});

it('begins with the margins that no constant beats', () => {
  const data = makeData(100, 2, 2, 61, xorRow);
  const [start] = firstMargins(data);
  const lossOf = (margin: number) => logLoss(data, new Float64Array(100).fill(margin));
  for (const by of [-0.1, 0.1]) expect(lossOf(start!)).toBeLessThan(lossOf(start! + by));
});
