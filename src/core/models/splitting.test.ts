import { describe, expect, it } from 'vitest';
import { type BinnedMatrix, binMatrix, findCuts } from './binning.ts';
import { createMatrix } from './dataset.ts';
import { countOf, type GrowLimits, type Spans, TreeGrower } from './grower.ts';
import type { GrownNode } from './grown-tree.ts';
import { createHistogram, createHistogramBuilder, packGradients } from './histogram.ts';
import { Random } from './random.ts';
import { findSplit } from './splitting.ts';

const ROWS = 120;
const FEATURES = 3;

/** Rows whose rounded gradients are known; some cells missing, if wanted. */
function makeProblem(seed: number, missingShare: number) {
  const random = new Random(seed);
  const values = Float64Array.from({ length: ROWS * FEATURES }, () =>
    random.float() < missingShare ? Number.NaN : random.below(12),
  );
  const matrix = createMatrix(['a', 'b', 'c'], values);
  const binned = binMatrix(matrix, findCuts(matrix, 255, 1));
  const gradients = Float64Array.from({ length: ROWS }, () => random.float() - 0.4);
  const hessians = Float64Array.from({ length: ROWS }, () => random.float());
  const rows = Uint32Array.from({ length: ROWS }, (_, row) => row);
  const quantised = { packed: new Float64Array(ROWS), gradientUnit: 1, hessianUnit: 1 };
  packGradients(gradients, hessians, rows, ROWS, random, quantised);
  const gradientOfRow = (row: number) =>
    Math.floor(quantised.packed[row]! / 2 ** 26) * quantised.gradientUnit;
  const hessianOfRow = (row: number) =>
    (((quantised.packed[row]! % 2 ** 26) + 2 ** 26) % 2 ** 26) * quantised.hessianUnit;
  return { binned, rows, quantised, gradientOfRow, hessianOfRow };
}

type Problem = ReturnType<typeof makeProblem>;

function splitOf({ binned, quantised }: Problem, rows: Uint32Array, limits: GrowLimits) {
  const histogram = createHistogram(binned);
  const builder = createHistogramBuilder(binned);
  builder.use(new Uint8Array(FEATURES).fill(1));
  builder.build(histogram, quantised.packed, rows, 0, rows.length);
  const total = rows.reduce((sum, row) => sum + quantised.packed[row]!, 0);
  return findSplit(histogram, total, binned, Uint16Array.of(0, 1, 2), quantised, limits);
}

/** Gain of every split there is, by trying it. */
function bestGain(problem: Problem, rows: Uint32Array, limits: GrowLimits): number {
  const { binned } = problem;
  let best = 0;
  for (let feature = 0; feature < FEATURES; feature++) {
    for (let bin = 0; bin <= binned.cuts[feature]!.length; bin++) {
      for (const isMissingLeft of [false, true]) {
        const gain = gainOf(problem, rows, limits, { feature, bin, isMissingLeft });
        if (gain > best) best = gain;
      }
    }
  }
  return best;
}

function gainOf(
  problem: Problem,
  rows: Uint32Array,
  { l2, minChildWeight, minSplitGain }: GrowLimits,
  split: { feature: number; bin: number; isMissingLeft: boolean },
): number {
  const sums = { left: { g: 0, h: 0, rows: 0 }, right: { g: 0, h: 0, rows: 0 } };
  for (const row of rows) {
    const side = goesLeft(problem.binned, row, split) ? sums.left : sums.right;
    side.g += problem.gradientOfRow(row);
    side.h += problem.hessianOfRow(row);
    side.rows++;
  }
  const { left, right } = sums;
  if (left.rows === 0 || right.rows === 0) return 0;
  if (left.h < minChildWeight || right.h < minChildWeight) return 0;
  const score = ({ g, h }: { g: number; h: number }) => (g * g) / (h + l2);
  const whole = { g: left.g + right.g, h: left.h + right.h };
  const gain = (score(left) + score(right) - score(whole)) / 2;
  return gain > minSplitGain ? gain : 0;
}

function goesLeft(
  binned: BinnedMatrix,
  row: number,
  split: { feature: number; bin: number; isMissingLeft: boolean },
): boolean {
  const bin = binned.columns[split.feature * ROWS + row]!;
  const isMissing = bin === binned.cuts[split.feature]!.length + 1;
  return isMissing ? split.isMissingLeft : bin <= split.bin;
}

const limits: GrowLimits = { l2: 1, minChildWeight: 1, minSplitGain: 0, maxDepth: 4 };

describe.each([0, 0.3])('with %d of the cells missing', (missingShare) => {
  it.each<GrowLimits>([
    limits,
    { ...limits, l2: 0 },
    { ...limits, l2: 25 },
    { ...limits, minChildWeight: 22 },
    { ...limits, minSplitGain: 0.4 },
  ])('finds the best of all splits under %j', (given) => {
    for (let seed = 1; seed <= 40; seed++) {
      const problem = makeProblem(seed, missingShare);
      const best = bestGain(problem, problem.rows, given);
      const split = splitOf(problem, problem.rows, given);
      expect(split?.gain ?? 0).toBeCloseTo(best, 7);
      // And the split that is named is the one that gains so.
      if (split) expect(gainOf(problem, problem.rows, given, split)).toBeCloseTo(best, 7);
    }
  });
});

it('sends a value that was never missing in training to the heavier child', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const problem = makeProblem(seed, 0);
    const split = splitOf(problem, problem.rows, limits)!;
    const weights = { left: 0, right: 0 };
    for (const row of problem.rows) {
      const side = goesLeft(problem.binned, row, split) ? 'left' : 'right';
      weights[side] += problem.hessianOfRow(row);
    }
    expect(split.isMissingLeft).toBe(weights.left >= weights.right);
  }
});

it.each([0, 0.3])('grows every node by the best split of its own rows (%d missing)', (share) => {
  let splits = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const problem = makeProblem(seed, share);
    const { binned, quantised, rows } = problem;
    const grower = new TreeGrower(binned, limits);
    const makeLeaf = (spans: Spans): GrownNode => ({
      kind: 'leaf',
      values: [0],
      cover: countOf(spans),
    });
    const features = Uint16Array.of(0, 1, 2);
    const root = grower.grow(rows.slice(), ROWS, features, quantised, makeLeaf);
    const check = (node: GrownNode, own: Uint32Array, depth: number): void => {
      const split = depth < limits.maxDepth ? splitOf(problem, own, limits) : null;
      if (node.kind === 'leaf') {
        expect(node.cover).toBe(own.length);
        expect(split).toBeNull();
        return;
      }
      splits++;
      expect(split).toMatchObject({ feature: node.feature, isMissingLeft: node.isMissingLeft });
      const cut = binned.cuts[node.feature]![split!.bin];
      if (cut !== undefined) expect(node.threshold).toBe(cut);
      check(
        node.left,
        own.filter((row) => goesLeft(binned, row, split!)),
        depth + 1,
      );
      check(
        node.right,
        own.filter((row) => !goesLeft(binned, row, split!)),
        depth + 1,
      );
    };
    check(root, rows, 0);
  }
  expect(splits).toBeGreaterThan(40);
});
