import { describe, expect, it } from 'vitest';
import type { BoostedTrees } from './boosted-trees.ts';
import { logLoss } from './boosting-loss.ts';
import type { Dataset } from './dataset.ts';
import { trainBoosting } from './gradient-boosting.ts';
import { accuracy, bytesOf, classifierSuite, makeData, xorRow } from './training.suite.ts';

classifierSuite('gradient boosting', (dataset, seed) =>
  trainBoosting(dataset, { roundCount: 60, learningRate: 0.2, seed, rowFraction: 0.9 }),
);

describe('trainBoosting', () => {
  const noisy = (seed: number) =>
    makeData(1500, 4, 2, seed, (row, random) => {
      const label = xorRow(row, random);
      return random.float() < 0.2 ? 1 - label : label;
    });

  it('stops when the validation part no longer gains, and keeps the best round', () => {
    const options = { roundCount: 400, learningRate: 0.3, patienceRounds: 10 };
    const early = trainBoosting(noisy(1), options, noisy(2));
    expect(early.trees.treeCount).toBeLessThan(100);
    const same = trainBoosting(noisy(1), { ...options, roundCount: early.trees.treeCount });
    expect(bytesOf(same.trees)).toBe(bytesOf(early.trees));
    const over = trainBoosting(noisy(1), options);
    expect(over.trees.treeCount).toBe(400);
    expect(accuracy(early, noisy(3))).toBeGreaterThan(accuracy(over, noisy(3)));
    const lossAt = (roundCount: number) => {
      const model = trainBoosting(noisy(1), { ...options, roundCount });
      const held = noisy(2);
      return logLoss(held, predictMargins(model, held));
    };
    const best = early.trees.treeCount;
    for (const other of [best - 1, best + 1, best + 5, best + 10]) {
      expect(lossAt(best)).toBeLessThan(lossAt(other));
    }
  });

  it.each([0, 7])('makes a leaf the Newton step of its rows, with an L2 of %d', (l2) => {
    const data = makeData(200, 2, 2, 30, xorRow);
    const model = trainBoosting(data, {
      roundCount: 1,
      maxDepth: 1,
      learningRate: 0.5,
      l2,
      minChildWeight: 0,
    });
    const share = data.labels.reduce((sum, label) => sum + label, 0) / 200;
    expect(model.firstMargins[0]).toBeCloseTo(Math.log(share / (1 - share)), 12);
    const margins = predictMargins(model, data);
    const leaves = new Set(margins);
    expect(leaves.size).toBe(2);
    for (const margin of leaves) {
      const rows = Array.from(margins.keys()).filter((row) => margins[row] === margin);
      const gradient = rows.reduce((sum, row) => sum + share - data.labels[row]!, 0);
      const newton = -gradient / (rows.length * share * (1 - share) + l2);
      expect(margin).toBeCloseTo(model.firstMargins[0]! + 0.5 * newton, 5);
    }
  });

  it('converges on the rates of its leaves though each tree sees only some rows', () => {
    // Were rows that a tree does not see not moved by it, the margins would come out twice as large.
    const data = makeData(2000, 1, 2, 33, (row, random) => {
      row[0] = random.below(2);
      return random.float() < (row[0] === 1 ? 0.8 : 0.2) ? 1 : 0;
    });
    const model = trainBoosting(data, { roundCount: 80, learningRate: 0.3, rowFraction: 0.5 });
    const out = new Float64Array(2);
    for (const value of [0, 1]) {
      model.predict(Float64Array.of(value), out);
      const rows = Array.from(data.labels.keys()).filter((row) => data.values[row] === value);
      const rate = rows.reduce((sum, row) => sum + data.labels[row]!, 0) / rows.length;
      expect(Math.abs(out[1]! - rate)).toBeLessThan(0.06);
    }
  });

  it('uses a weight as so many rows', () => {
    const data = makeData(300, 2, 2, 31, xorRow);
    const weights = Float64Array.from({ length: 300 }, (_, row) => 1 + (row % 3));
    const rows = Array.from(weights, (weight, row) => new Array<number>(weight).fill(row)).flat();
    const repeated = {
      ...data,
      rowCount: rows.length,
      values: Float64Array.from(
        rows.flatMap((r) => [data.values[2 * r]!, data.values[2 * r + 1]!]),
      ),
      labels: Uint16Array.from(rows, (row) => data.labels[row]!),
    };
    const options = { roundCount: 20, learningRate: 0.3 };
    const weighted = trainBoosting({ ...data, weights }, options);
    const copied = trainBoosting(repeated, options);
    expect(weighted.firstMargins[0]).toBeCloseTo(copied.firstMargins[0]!, 12);
    const [a, b] = [new Float64Array(2), new Float64Array(2)];
    let distance = 0;
    for (let row = 0; row < 300; row++) {
      weighted.predict(data.values.subarray(2 * row, 2 * row + 2) as Float64Array, a);
      copied.predict(data.values.subarray(2 * row, 2 * row + 2) as Float64Array, b);
      distance += Math.abs(a[1]! - b[1]!) / 300;
    }
    // Not the same: gradients are rounded at random.
    expect(distance).toBeLessThan(0.03);
  });

  it('tries only some features per tree where told so', () => {
    const data = makeData(1000, 10, 2, 32, xorRow);
    const model = trainBoosting(data, { roundCount: 1, columnFraction: 0.1 });
    const features = new Set<number>();
    for (let node = 0; node < model.trees.nodes.length; node += 2) {
      const slot = model.trees.nodes[node + 1]! & 2047;
      if (slot < 20) features.add(slot >> 1);
    }
    expect(features.size).toBeLessThanOrEqual(1);
  });

  it.each([
    [{ roundCount: 0 }, /roundCount/],
    [{ learningRate: Number.NaN }, /learningRate must be a number from .*: current value is NaN/],
    [{ rowFraction: 0 }, /rowFraction/],
    [{ maxBins: 256 }, /maxBins/],
  ])('refuses options out of range: %#', (options, message) => {
    expect(() => trainBoosting(noisy(1), options)).toThrow(message);
  });

  it('refuses a validation part of other features', () => {
    expect(() => trainBoosting(noisy(1), {}, makeData(10, 3, 2, 1, xorRow))).toThrow(
      /other features or classes/,
    );
  });
});

/** One margin per row. */
function predictMargins(model: BoostedTrees, dataset: Dataset): Float64Array {
  const width = dataset.featureNames.length;
  const out = new Float64Array(1);
  return Float64Array.from({ length: dataset.rowCount }, (_, row) => {
    model.margins(dataset.values.subarray(row * width, (row + 1) * width) as Float64Array, out);
    return out[0]!;
  });
}
