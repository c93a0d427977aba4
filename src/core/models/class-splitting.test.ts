import { expect, it } from 'vitest';
import { binMatrix, findCuts } from './binning.ts';
import { ClassSplitter } from './class-splitting.ts';
import { createMatrix } from './dataset.ts';
import { Random } from './random.ts';

const ROWS = 60;
const CLASSES = 3;

function makeNode(seed: number, missingShare: number) {
  const random = new Random(seed);
  const values = Float64Array.from({ length: 2 * ROWS }, () =>
    random.float() < missingShare ? Number.NaN : random.below(9),
  );
  const matrix = createMatrix(['a', 'b'], values);
  const binned = binMatrix(matrix, findCuts(matrix, 255, 1));
  const labels = Uint16Array.from({ length: ROWS }, () => random.below(CLASSES));
  const weights = Float64Array.from({ length: ROWS }, () => 1 + random.below(3));
  const totals = new Float64Array(CLASSES);
  // Only a part of the rows are the node's: bins may be empty.
  const rows = Uint32Array.from({ length: ROWS }, (_, row) => row);
  const [begin, end] = [10, 45];
  for (const row of rows.subarray(begin, end)) totals[labels[row]!]! += weights[row]!;
  return { binned, labels, weights, node: { rows, begin, end, totals } };
}

type Problem = ReturnType<typeof makeNode>;

interface Split {
  readonly feature: number;
  readonly bin: number;
  readonly isMissingLeft: boolean;
}

/** Weighted Gini score of a split, by counting; 0 where a child has too few rows. */
function scoreOf({ binned, labels, weights, node }: Problem, split: Split, minRows: number) {
  const sides = [new Float64Array(CLASSES), new Float64Array(CLASSES)];
  const counts = [0, 0];
  let missing = 0;
  for (const row of node.rows.subarray(node.begin, node.end)) {
    const bin = binned.columns[split.feature * ROWS + row]!;
    const isMissing = bin === binned.cuts[split.feature]!.length + 1;
    if (isMissing) missing++;
    const side = (isMissing ? split.isMissingLeft : bin <= split.bin) ? 0 : 1;
    sides[side]![labels[row]!]! += weights[row]!;
    counts[side]! += 1;
  }
  const totals = sides.map((side) => side.reduce((sum, weight) => sum + weight, 0));
  const score =
    Math.min(...counts) < minRows
      ? 0
      : sides.reduce(
          (sum, side, i) => sum + side.reduce((total, w) => total + w * w, 0) / totals[i]!,
          0,
        );
  return { score, missing, totals };
}

it.each([
  [0, 1],
  [0, 8],
  [0.3, 1],
  [0.3, 8],
])('finds the purest of all splits with %d missing and %d rows per leaf', (share, minRows) => {
  for (let seed = 1; seed <= 60; seed++) {
    const problem = makeNode(seed, share);
    const { binned, labels, weights, node } = problem;
    const splitter = new ClassSplitter(binned, labels, weights, CLASSES, minRows);
    let best = 0;
    for (let feature = 0; feature < 2; feature++) {
      for (let bin = 0; bin <= binned.cuts[feature]!.length; bin++) {
        for (const isMissingLeft of [false, true]) {
          best = Math.max(best, scoreOf(problem, { feature, bin, isMissingLeft }, minRows).score);
        }
      }
    }
    // Twice: nothing of the first search may be left behind.
    for (let turn = 0; turn < 2; turn++) {
      splitter.begin(node);
      for (let feature = 0; feature < 2; feature++) splitter.tryFeature(node, feature);
      const split = splitter.best();
      if (split === null) throw new Error('expected a split');
      const { score, missing, totals } = scoreOf(problem, split, minRows);
      expect(score).toBeCloseTo(best, 9);
      if (missing === 0) expect(split.isMissingLeft).toBe(totals[0]! >= totals[1]!);
    }
  }
});

it('says that a feature is constant in the node', () => {
  const { binned, labels, weights, node } = makeNode(1, 0);
  const splitter = new ClassSplitter(binned, labels, weights, CLASSES, 1);
  splitter.begin(node);
  expect(splitter.tryFeature({ ...node, begin: 10, end: 11 }, 0)).toBe(false);
  expect(splitter.best()).toBeNull();
});
