import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreeKernel } from '../kernels/trees.ts';
import { flattenTrees } from './flat-trees.ts';
import type { GrownNode } from './grown-tree.ts';
import { PlainScorer } from './tree-scorer.ts';

const INF = Number.POSITIVE_INFINITY;
const LARGEST = 3.4028234663852886e38;
const SMALLEST = 1.401298464324817e-45;

const leaf = (...values: number[]): GrownNode => ({ kind: 'leaf', values, cover: 1 });
const split = (
  feature: number,
  threshold: number,
  isMissingLeft: boolean,
  left: GrownNode,
  right: GrownNode,
): GrownNode => ({ kind: 'split', feature, threshold, isMissingLeft, left, right });

/** Both scorers of the trees. */
function scorersOf(grown: readonly GrownNode[], featureCount: number, outputCount = 1) {
  const trees = flattenTrees(grown, featureCount, outputCount);
  const sum = TreeKernel.create(trees, 'value');
  const finder = TreeKernel.create(trees, 'number');
  if (sum === null || finder === null) throw new Error('This machine has no WebAssembly with SIMD');
  return { trees, sum, finder, plain: new PlainScorer(trees) };
}

describe('hand-built trees', () => {
  const low = 1;
  const high = 2;
  it.each([
    ['a value at the threshold', 0.5, 0.5, false, low],
    ['a value that 32 bits round to the threshold', 0.1, 0.1 + 1e-12, false, low],
    ['a value just above', 0.5, 0.5 + 1e-7, false, high],
    ['minus infinity', -LARGEST, -INF, false, low],
    ['plus infinity', LARGEST, INF, true, high],
    ['a number too large for 32 bits', LARGEST, 1e300, true, high],
    ['the largest number', LARGEST, LARGEST, true, low],
    ['a negative number too large for 32 bits', -LARGEST, -1e300, false, low],
    ['a number too small for 32 bits', 0, 1e-300, false, low],
    ['the smallest number', 0, SMALLEST, false, high],
    ['negative zero', 0, -0, false, low],
    ['zero at a negative-zero threshold', -0, 0, false, low],
    ['a negative value at a negative threshold', -2.5, -2.5, false, low],
    ['a missing value that goes left', -LARGEST, Number.NaN, true, low],
    ['a missing value that goes right', LARGEST, Number.NaN, false, high],
  ])('%s', (_, threshold, value, isMissingLeft, expected) => {
    const { sum, plain } = scorersOf(
      [split(0, threshold, isMissingLeft, leaf(low), leaf(high))],
      1,
    );
    expect(plain.sum(Float64Array.of(value), 0)).toBe(expected);
    expect(sum.sum(Float64Array.of(value), 0)).toBe(expected);
  });

  it('take every value of a row from its own place, the last ones too', () => {
    for (const width of [1, 2, 3, 4, 5, 8, 1023]) {
      const grown = Array.from({ length: width }, (_, f) =>
        split(f, 0, f % 2 === 0, leaf(0), leaf(1 + f)),
      );
      const { sum, finder, plain } = scorersOf(grown, width);
      for (const one of [0, Math.floor(width / 2), width - 1]) {
        const row = new Float64Array(width);
        row[one] = 1;
        expect(sum.sum(row, 0)).toBe(1 + one);
        expect(plain.sum(row, 0)).toBe(1 + one);
        finder.reach(row);
        plain.reach(row);
        expect([...finder.leaves]).toEqual([...plain.leaves]);
      }
    }
  });

  it('walk beside others that are far deeper', () => {
    let deep = leaf(64);
    for (let i = 63; i > 0; i--) deep = split(0, i, false, leaf(64 - i), deep);
    const { sum, plain } = scorersOf([leaf(0.5), deep, leaf(0.25)], 1);
    for (const value of [0, 1.5, 17, 30.5, 62, 63, 64, Number.NaN])
      expect(sum.sum(Float64Array.of(value), 0)).toBe(plain.sum(Float64Array.of(value), 0));
  });
});

const cell = fc.oneof(
  fc.integer({ min: -4, max: 4 }),
  fc.double(),
  fc.constantFrom(Number.NaN, INF, -INF, -0, LARGEST, SMALLEST, -SMALLEST),
);

const anyTree = (featureCount: number, outputCount: number): fc.Arbitrary<GrownNode> =>
  fc.letrec<{ node: GrownNode }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc
        .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }), {
          minLength: outputCount,
          maxLength: outputCount,
        })
        .map((values) => leaf(...values)),
      fc.record({
        kind: fc.constant('split' as const),
        feature: fc.nat(featureCount - 1),
        threshold: fc.oneof(
          fc.integer({ min: -3, max: 3 }),
          fc.float({ noNaN: true, noDefaultInfinity: true }),
        ),
        isMissingLeft: fc.boolean(),
        left: tie('node'),
        right: tie('node'),
      }),
    ),
  })).node;

it('is the same by the kernel, bit by bit, for any trees and rows', () => {
  const problem = fc
    .record({
      featureCount: fc.integer({ min: 1, max: 9 }),
      outputCount: fc.integer({ min: 1, max: 4 }),
    })
    .chain(({ featureCount, outputCount }) =>
      fc.record({
        featureCount: fc.constant(featureCount),
        outputCount: fc.constant(outputCount),
        grown: fc.array(anyTree(featureCount, outputCount), { minLength: 1, maxLength: 19 }),
        rows: fc.array(fc.array(cell, { minLength: featureCount, maxLength: featureCount }), {
          minLength: 1,
          maxLength: 5,
        }),
        first: fc.double({ noNaN: true, min: -10, max: 10 }),
      }),
    );
  fc.assert(
    fc.property(problem, ({ featureCount, outputCount, grown, rows, first }) => {
      const { sum, finder, plain } = scorersOf(grown, featureCount, outputCount);
      for (const cells of rows) {
        const row = Float64Array.from(cells);
        expect(Object.is(sum.sum(row, first), plain.sum(row, first))).toBe(true);
        finder.reach(row);
        plain.reach(row);
        expect([...finder.leaves]).toEqual([...plain.leaves]);
        for (let output = 0; output < outputCount; output++)
          expect(Object.is(finder.sumOutput(output), plain.sumOutput(output))).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

it('refuses a row of another width', () => {
  const { sum, finder, plain } = scorersOf([split(1, 0, false, leaf(1), leaf(2))], 2);
  for (const width of [0, 1, 3]) {
    const row = new Float64Array(width);
    expect(() => sum.sum(row, 0)).toThrow(`Cannot score a row of ${width} values: the model has 2`);
    expect(() => finder.reach(row)).toThrow(RangeError);
    expect(() => plain.sum(row, 0)).toThrow(RangeError);
  }
});
