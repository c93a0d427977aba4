import { describe, expect, it } from 'vitest';
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
  });

  it('adds up to the margins it was trained with, rows that were not drawn included', () => {
    // One round at full step from the prior: a leaf's value is the Newton step of its rows.
    const data = makeData(200, 2, 2, 30, xorRow);
    const model = trainBoosting(data, {
      roundCount: 1,
      maxDepth: 1,
      learningRate: 1,
      l2: 0,
      minChildWeight: 0,
    });
    const share = data.labels.reduce((sum, label) => sum + label, 0) / 200;
    expect(model.firstMargins[0]).toBeCloseTo(Math.log(share / (1 - share)), 12);
    const margins = [0, 0];
    const rows = [0, 0];
    const positives = [0, 0];
    const out = new Float64Array(1);
    const steps = [...model.trees.values];
    for (let row = 0; row < 200; row++) {
      model.margins(data.values.subarray(2 * row, 2 * row + 2) as Float64Array, out);
      const leaf = Math.abs(out[0]! - model.firstMargins[0]! - steps[0]!) < 1e-9 ? 0 : 1;
      margins[leaf] = out[0]!;
      rows[leaf]! += 1;
      positives[leaf]! += data.labels[row]!;
    }
    for (const leaf of [0, 1]) {
      const newton = (positives[leaf]! - rows[leaf]! * share) / (rows[leaf]! * share * (1 - share));
      expect(margins[leaf]).toBeCloseTo(model.firstMargins[0]! + newton, 5);
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
