/** What every model must do, whatever grew its trees: keep to its seed, survive its file, answer any row, explain exactly. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareModel } from './bare-model.suite.ts';
import type { Dataset } from './dataset.ts';
import { exportOnnx } from './exchange/export-onnx.ts';
import { importOnnx } from './exchange/import-onnx.ts';
import { decodeModels, encodeModels, type Model } from './model-file.ts';
import { makeData } from './training.suite.ts';
import type { Explanation } from './tree-shap.ts';

export interface EstimatorKind {
  readonly classCount: number;
  readonly outputCount: number;
  train(dataset: Dataset, seed: number): Model;
  /** The explanation of the first output, and what it must add up to. */
  explain(model: Model, row: Float64Array): { explanation: Explanation; total: number };
}

const WIDTH = 5;

const cell = fc.oneof(
  fc.double({ min: -2, max: 3, noNaN: true }),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e300, -1e300, 5e-324, -0),
);
const row = fc
  .array(cell, { minLength: WIDTH, maxLength: WIDTH })
  .map((cells) => Float64Array.from(cells));

/** The last feature is the same in every row; one in five cells of the fourth is missing. */
function dataOf(classCount: number): Dataset {
  return makeData(500, WIDTH, classCount, 41, (cells, random) => {
    for (let f = 0; f < WIDTH - 1; f++) cells[f] = random.float();
    cells[WIDTH - 1] = 7;
    if (random.below(5) === 0) cells[3] = Number.NaN;
    const place = cells[0]! + (Number.isNaN(cells[3]!) ? 0.4 : 0);
    return Math.min(classCount - 1, Math.floor((place / 1.4) * classCount));
  });
}

function fileOf(model: Model): Uint8Array {
  return encodeModels([bareModel('model', model)]);
}

export function estimatorSuite(name: string, kind: EstimatorKind): void {
  describe(name, () => {
    const data = dataOf(kind.classCount);
    const model = kind.train(data, 1);
    const answer = (of: Model, cells: Float64Array) => {
      const out = new Float64Array(kind.outputCount);
      of.predict(cells, out);
      return [...out];
    };

    it('is the same file for the same rows and seed, and another for another seed', () => {
      expect(fileOf(kind.train(data, 1))).toEqual(fileOf(model));
      expect(fileOf(kind.train(data, 2))).not.toEqual(fileOf(model));
    });

    it('answers from its file to the bit what it answered before', () => {
      const [stored] = decodeModels(fileOf(model)).models;
      fc.assert(
        fc.property(row, (cells) => {
          expect(answer(stored!.model, cells)).toEqual(answer(model, cells));
        }),
      );
    });

    it('answers as ONNX to six digits', () => {
      const other = importOnnx(exportOnnx(model));
      fc.assert(
        fc.property(row, (cells) => {
          const theirs = answer(other, cells);
          for (const [i, ours] of answer(model, cells).entries())
            expect(Math.abs(ours - theirs[i]!)).toBeLessThan(1e-6);
        }),
      );
    });

    it('gives probabilities for any row, and leaves the row alone', () => {
      fc.assert(
        fc.property(row, (cells) => {
          const before = cells.slice();
          const shares = answer(model, cells);
          expect(cells).toEqual(before);
          for (const share of shares) {
            expect(share).toBeGreaterThanOrEqual(0);
            expect(share).toBeLessThanOrEqual(1);
          }
          if (shares.length > 1)
            expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
        }),
      );
    });

    it('answers each row by itself, whatever was asked before', () => {
      const rows = fc.sample(row, { numRuns: 50, seed: 9 });
      const once = rows.map((cells) => answer(model, cells));
      const backwards = rows.toReversed().map((cells) => answer(model, cells));
      expect(backwards.toReversed()).toEqual(once);
    });

    it('explains any row with numbers that add up to 1e-9, and no constant', () => {
      fc.assert(
        fc.property(row, (cells) => {
          const { explanation, total } = kind.explain(model, cells);
          const sum = explanation.contributions.reduce(
            (before, contribution) => before + contribution,
            explanation.baseline,
          );
          expect(Math.abs(sum - total)).toBeLessThan(1e-9);
          expect(Math.abs(explanation.contributions[WIDTH - 1]!)).toBe(0);
        }),
      );
    });

    it('refuses a row of another width', () => {
      const out = new Float64Array(kind.outputCount);
      for (const width of [0, WIDTH - 1, WIDTH + 1])
        expect(() => model.predict(new Float64Array(width), out)).toThrow(RangeError);
    });
  });
}
