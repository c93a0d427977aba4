/** Data with a known answer, and what every trained classifier must do with it. */
import { describe, expect, it } from 'vitest';
import { copyRow, createDataset, type Dataset } from './dataset.ts';
import type { FlatTrees } from './flat-trees.ts';
import { Random } from './random.ts';

export interface Classifier {
  readonly trees: FlatTrees;
  predict(row: Float64Array, out: Float64Array): void;
}

export type Train = (dataset: Dataset, seed: number) => Classifier;

/** `rowOf` fills a row and returns its class. */
export function makeData(
  rowCount: number,
  featureCount: number,
  classCount: number,
  seed: number,
  rowOf: (row: Float64Array, random: Random) => number,
): Dataset {
  const random = new Random(seed, 99);
  const values = new Float64Array(rowCount * featureCount);
  const labels = new Uint16Array(rowCount);
  const row = new Float64Array(featureCount);
  for (let i = 0; i < rowCount; i++) {
    labels[i] = rowOf(row, random);
    values.set(row, i * featureCount);
  }
  const names = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  return createDataset({
    featureNames: names('f', featureCount),
    values,
    classNames: names('c', classCount),
    labels,
  });
}

export function xorRow(row: Float64Array, random: Random): number {
  for (let f = 0; f < row.length; f++) row[f] = random.float();
  return row[0]! > 0.5 !== row[1]! > 0.5 ? 1 : 0;
}

export function accuracy(model: Classifier, dataset: Dataset): number {
  const row = new Float64Array(dataset.featureNames.length);
  const out = new Float64Array(dataset.classNames.length);
  let right = 0;
  for (let i = 0; i < dataset.rowCount; i++) {
    copyRow(dataset, i, row);
    model.predict(row, out);
    let sum = 0;
    for (const share of out) {
      expect(share).toBeGreaterThanOrEqual(0);
      sum += share;
    }
    expect(sum).toBeCloseTo(1, 6);
    if (out.indexOf(Math.max(...out)) === dataset.labels[i]) right++;
  }
  return right / dataset.rowCount;
}

export function bytesOf(trees: FlatTrees): string {
  return [trees.nodes, trees.roots, trees.values, trees.leafCover].map(String).join(';');
}

export function classifierSuite(name: string, train: Train): void {
  describe(name, () => {
    it('learns exclusive or, which no single feature tells', () => {
      const model = train(makeData(2000, 5, 2, 1, xorRow), 1);
      expect(accuracy(model, makeData(1000, 5, 2, 2, xorRow))).toBeGreaterThan(0.93);
    });

    it('separates what is separable, five classes of it', () => {
      const rings = (row: Float64Array, random: Random) => {
        const label = random.below(5);
        row[0] = random.float();
        row[1] = 10 * label + random.float();
        return label;
      };
      const model = train(makeData(1000, 2, 5, 3, rings), 1);
      // A quantile bin may straddle a class boundary, so at each of the four up to 1/255 of the rows mix.
      expect(accuracy(model, makeData(500, 2, 5, 4, rings))).toBeGreaterThanOrEqual(1 - 4 / 255);
    });

    it('rises with the only feature that counts', () => {
      const rising = (row: Float64Array, random: Random) => {
        row[0] = random.float();
        return random.float() < row[0] ? 1 : 0;
      };
      const model = train(makeData(5000, 1, 2, 5, rising), 1);
      const out = new Float64Array(2);
      const at = [0.1, 0.3, 0.5, 0.7, 0.9].map((x) => {
        let mean = 0;
        for (let i = -5; i <= 5; i++) {
          model.predict(Float64Array.of(x + i / 100), out);
          mean += out[1]! / 11;
        }
        return mean;
      });
      expect(at).toEqual(at.toSorted((a, b) => a - b));
      expect(Math.abs(at[0]! - 0.1)).toBeLessThan(0.1);
      expect(Math.abs(at[4]! - 0.9)).toBeLessThan(0.1);
    });

    it.each([0, 1])('learns that a missing value means class %d', (meaning) => {
      const missing = (row: Float64Array, random: Random) => {
        const isMissing = random.float() < 0.4;
        row[0] = isMissing ? Number.NaN : random.float();
        row[1] = random.float();
        return isMissing || row[0]! > 0.8 ? meaning : 1 - meaning;
      };
      const model = train(makeData(2000, 2, 2, 6, missing), 1);
      expect(accuracy(model, makeData(500, 2, 2, 7, missing))).toBeGreaterThan(0.98);
    });

    it('learns from a feature that is only ever one value or missing', () => {
      const present = (row: Float64Array, random: Random) => {
        row[0] = random.float() < 0.5 ? Number.NaN : 3;
        return Number.isNaN(row[0]) ? 0 : 1;
      };
      const model = train(makeData(400, 1, 2, 8, present), 1);
      expect(accuracy(model, makeData(200, 1, 2, 9, present))).toBe(1);
    });

    it('answers rows with values that training never saw', () => {
      const model = train(makeData(300, 3, 2, 10, xorRow), 1);
      const out = new Float64Array(2);
      for (const value of [Number.NaN, Infinity, -Infinity, 1e300, -1e300, 0]) {
        model.predict(new Float64Array(3).fill(value), out);
        expect(out[0]! + out[1]!).toBeCloseTo(1, 9);
      }
    });

    it('gives rows of weight 0 no say', () => {
      const clean = makeData(600, 2, 2, 11, xorRow);
      const labels = clean.labels.slice();
      const weights = new Float64Array(600).fill(1);
      for (let row = 0; row < 600; row += 3) {
        labels[row] = 1 - labels[row]!;
        weights[row] = 0;
      }
      const model = train({ ...clean, labels, weights }, 1);
      expect(accuracy(model, clean)).toBeGreaterThan(0.93);
    });

    it('answers one class where all rows are of it', () => {
      const model = train(
        makeData(50, 2, 2, 12, (row, random) => xorRow(row, random) * 0),
        1,
      );
      expect(
        accuracy(
          model,
          makeData(50, 2, 2, 13, (row, random) => xorRow(row, random) * 0),
        ),
      ).toBe(1);
    });

    it('is the same for the same seed, bit by bit, and another for another', () => {
      const data = makeData(800, 4, 2, 14, xorRow);
      expect(bytesOf(train(data, 5).trees)).toBe(bytesOf(train(data, 5).trees));
      expect(bytesOf(train(data, 6).trees)).not.toBe(bytesOf(train(data, 5).trees));
    });

    it('does not care whether values come as 32 or 64-bit floats', () => {
      const data = makeData(500, 3, 2, 15, xorRow);
      const narrow = { ...data, values: Float32Array.from(data.values) };
      expect(bytesOf(train(narrow, 1).trees)).toBe(bytesOf(train(data, 1).trees));
    });
  });
}
