import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../crypto/sha256.ts';
import { trainBoosting } from './gradient-boosting.ts';
import { trainIsolationForest } from './isolation-forest.ts';
import { checkCatalogue, decodeModels, encodeModels, type StoredModel } from './model-file.ts';
import { trainRandomForest } from './random-forest.ts';
import { makeData, xorRow } from './training.suite.ts';

const data = makeData(300, 3, 2, 50, xorRow);
const known = {
  catalogueHash: 'c0ffee',
  seed: 1,
  parameters: { treeCount: 5, split: { by: 'capture', parts: ['α', 'b'] }, note: null },
  dataHashes: ['aa', 'bb'],
  metrics: { auc: 0.1 + 0.2 },
  thresholds: { alert: 0.5 },
  calibrations: {
    c1: { kind: 'isotonic', scores: [0.1, 0.7], probabilities: [0, 1] },
    score: { kind: 'platt', slope: 3, intercept: -1 / 3 },
  },
  references: { f0: Float64Array.of(0.1, 0.2, 0.7) },
} as const;
const models: StoredModel[] = [
  { ...known, name: 'flows', model: trainRandomForest(data, { treeCount: 5 }) },
  { ...known, name: 'windows', model: trainBoosting(data, { roundCount: 5 }) },
  {
    ...known,
    name: 'unusual',
    model: trainIsolationForest(data, { treeCount: 5, subsample: 64 }),
    references: {},
    calibrations: {},
  },
];
const bytes = encodeModels(models);
const refusal = expect.objectContaining({ code: 'model_incompatible' });

it('gives back what was put in', () => {
  const file = decodeModels(bytes);
  expect(file.hash).toMatch(/^[0-9a-f]{64}$/);
  const out = [new Float64Array(2), new Float64Array(2)] as const;
  for (const [i, { model, ...rest }] of file.models.entries()) {
    const { model: original, ...known } = models[i]!;
    expect(rest).toEqual(known);
    expect(model.kind).toBe(original.kind);
    for (let row = 0; row < 50; row++) {
      const x = data.values.subarray(3 * row, 3 * row + 3) as Float64Array;
      model.predict(x, out[0]);
      original.predict(x, out[1]);
      expect(out[0]).toEqual(out[1]);
    }
  }
});

it('writes the same bytes for the same models, read back or trained again', () => {
  expect(encodeModels(decodeModels(bytes).models)).toEqual(bytes);
  const again = trainRandomForest(data, { treeCount: 5 });
  expect(encodeModels([{ ...models[0]!, model: again }, models[1]!, models[2]!])).toEqual(bytes);
});

it('reads bytes that are not aligned in memory, and buffers that share theirs', () => {
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodeModels(shifted.subarray(3)).hash).toBe(decodeModels(bytes).hash);
  const pooled = Buffer.from(shifted.buffer, 3);
  expect(encodeModels(decodeModels(pooled).models)).toEqual(bytes);
});

it('copies what it decodes, unless the bytes are its to keep', () => {
  for (const keepsBytes of [false, true]) {
    for (const begin of [0, 3, 8]) {
      const own = new Uint8Array(begin + bytes.length).subarray(begin);
      own.set(bytes);
      const { models } = decodeModels(own, { keepsBytes });
      expect(encodeModels(models)).toEqual(bytes);
      own.fill(0);
      const isCopied = Buffer.from(encodeModels(models)).equals(bytes);
      expect(isCopied).toBe(!keepsBytes || begin === 3);
    }
  }
});

describe('refuses', () => {
  it('any changed byte', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = bytes.slice();
        damaged[at]! ^= change;
        expect(() => decodeModels(damaged)).toThrow(refusal);
      }),
      { numRuns: 300 },
    );
  });

  it('each changed byte of the preamble and the digest', () => {
    for (let at = 0; at < 64; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      expect(() => decodeModels(damaged)).toThrow(refusal);
    }
  });

  it('any other length', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(() => decodeModels(bytes.subarray(0, length))).toThrow(refusal);
      }),
    );
    expect(() => decodeModels(new Uint8Array([...bytes, 0]))).toThrow(/bytes instead of/);
  });

  it('any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(() => decodeModels(noise)).toThrow(refusal);
      }),
    );
  });

  it('changed contents though their digest is right', () => {
    // Whoever forges the digest too still cannot make the scorer read outside its arrays.
    let accepted = 0;
    fc.assert(
      fc.property(fc.integer({ min: 64, max: bytes.length - 1 }), fc.nat(255), (at, byte) => {
        const forged = seal(bytes, (copy) => {
          copy[at] = byte;
        });
        try {
          for (const { model } of decodeModels(forged).models) {
            const out = new Float64Array(2);
            model.predict(new Float64Array(model.featureNames.length), out);
            expect(out[0]).not.toBeNaN();
          }
          accepted++;
        } catch (error) {
          expect(error).toEqual(refusal);
        }
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeLessThan(500);
  });

  it.each([
    ['"length":', '"lengti":', /header/],
    ['"outputCount":2', '"outputCount":3', /leaf values/],
    ['"platt"', '"plott"', /calibration/],
    ['"name":"windows"', '"name":"unusual"', /one name/],
    ['"random_forest"', '"random_flower"'.slice(0, 15), /header/],
    ['{"models"', '["models"', /no JSON/],
    ['"offset":0', '"offset":4', /lies outside the file/],
  ])('a header with %s turned into %s', (from, to, message) => {
    const forged = seal(bytes, (copy) => {
      const at = Buffer.from(copy.buffer).indexOf(from);
      expect(at).toBeGreaterThan(0);
      copy.set(new TextEncoder().encode(to), at);
    });
    expect(() => decodeModels(forged)).toThrow(message);
    expect(() => decodeModels(forged)).toThrow(refusal);
  });
});

it('refuses a section that goes on behind the end of the file', () => {
  // The last section's length, made as large as its digits allow.
  const text = Buffer.from(bytes).toString('latin1');
  const at = text.lastIndexOf('"length":') + '"length":'.length;
  expect(at).toBeGreaterThan(64);
  const digits = text.slice(at).search(/[^0-9]/);
  const forged = seal(bytes, (copy) => copy.fill('9'.charCodeAt(0), at, at + digits));
  expect(() => decodeModels(forged)).toThrow(/lies outside the file/);
});

it('does not encode two models of one name, nor numbers that JSON does not know', () => {
  expect(() => encodeModels([models[0]!, models[0]!])).toThrow(/one name/);
  expect(() => encodeModels([{ ...models[0]!, metrics: { auc: Number.NaN } }])).toThrow(RangeError);
});

it('checks that a model fits the catalogue', () => {
  const { featureNames } = data;
  checkCatalogue(models[0]!, 'c0ffee', featureNames);
  expect(() => checkCatalogue(models[0]!, 'other', featureNames)).toThrow(/catalogue c0ffee/);
  expect(() => checkCatalogue(models[0]!, 'c0ffee', featureNames.toReversed())).toThrow(
    /other features/,
  );
});

function seal(original: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = original.slice();
  change(copy);
  copy.set(sha256(copy.subarray(0, 32), copy.subarray(64)), 32);
  return copy;
}
