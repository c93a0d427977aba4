import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FlatTrees, featureOf, isRight, leftOf } from './flat-trees.ts';
import { trainBoosting } from './gradient-boosting.ts';
import { trainIsolationForest } from './isolation-forest.ts';
import { explainIsolationForest } from './path-contributions.ts';
import { trainRandomForest } from './random-forest.ts';
import { RowKeys } from './row-keys.ts';
import { makeData, xorRow } from './training.suite.ts';
import { type Explanation, explainBoosting, explainForest } from './tree-shap.ts';

const data = makeData(600, 5, 3, 40, (row, random) => {
  const label = xorRow(row, random);
  if (random.float() < 0.1) row[2] = Number.NaN;
  return row[3]! > 0.8 ? 2 : label;
});
const twoClasses = makeData(600, 5, 2, 41, xorRow);
const forest = trainRandomForest(data, { treeCount: 12, maxDepth: 9 });
const boosted = trainBoosting(data, { roundCount: 10, learningRate: 0.5 });
const binary = trainBoosting(twoClasses, { roundCount: 15 });
const isolation = trainIsolationForest(data, { treeCount: 30, subsample: 128 });

const row = fc
  .array(fc.oneof(fc.double({ min: -0.2, max: 1.2, noNaN: true }), fc.constant(Number.NaN)), {
    minLength: 5,
    maxLength: 5,
  })
  .map((cells) => Float64Array.from(cells));

const sum = ({ baseline, contributions }: Explanation) =>
  contributions.reduce((total, value) => total + value, baseline);

describe('contributions and baseline sum up to the output', () => {
  it('of every class of a random forest', () => {
    fc.assert(
      fc.property(row, fc.nat(2), (x, c) => {
        const out = new Float64Array(3);
        forest.predict(x, out);
        expect(Math.abs(sum(explainForest(forest, x, c)) - out[c]!)).toBeLessThan(1e-9);
      }),
    );
  });

  it('of every margin of boosting', () => {
    fc.assert(
      fc.property(row, fc.nat(2), (x, c) => {
        const out = new Float64Array(3);
        boosted.margins(x, out);
        expect(Math.abs(sum(explainBoosting(boosted, x, c)) - out[c]!)).toBeLessThan(1e-9);
        binary.margins(x, out);
        expect(Math.abs(sum(explainBoosting(binary, x, 1)) - out[0]!)).toBeLessThan(1e-9);
        expect(Math.abs(sum(explainBoosting(binary, x, 0)) + out[0]!)).toBeLessThan(1e-9);
      }),
    );
  });

  it('of an isolation forest, as the logarithm of the score', () => {
    fc.assert(
      fc.property(row, (x) => {
        const explained = sum(explainIsolationForest(isolation, x));
        expect(Math.abs(explained - Math.log2(isolation.score(x)))).toBeLessThan(1e-9);
      }),
    );
  });
});

it('gives the Shapley values by their definition', () => {
  fc.assert(
    fc.property(row, (x) => {
      const { contributions } = explainForest(forest, x, 1);
      const exact = shapleyByDefinition(forest.trees, x, 1);
      for (let f = 0; f < 5; f++) expect(contributions[f]).toBeCloseTo(exact[f]!, 10);
    }),
    { numRuns: 25 },
  );
});

it('blames the feature that is unusual', () => {
  const { contributions } = explainIsolationForest(
    isolation,
    Float64Array.of(0.5, 0.5, 0.5, 0.5, 40),
  );
  expect(contributions.indexOf(Math.max(...contributions))).toBe(4);
  const exclusive = explainBoosting(binary, Float64Array.of(0.9, 0.1, 0.5, 0.5, 0.5), 1);
  const [first, second, ...rest] = exclusive.contributions;
  expect(Math.min(first!, second!)).toBeGreaterThan(Math.max(...rest.map(Math.abs)));
});

it('refuses a class that does not exist', () => {
  expect(() => explainForest(forest, new Float64Array(5), 3)).toThrow(RangeError);
  expect(() => explainBoosting(binary, new Float64Array(5), 2)).toThrow(RangeError);
});

/** Over all subsets of features: what the definition says and nobody would compute. */
function shapleyByDefinition(trees: FlatTrees, x: Float64Array, output: number): number[] {
  const count = trees.featureCount;
  const keys = new RowKeys(count);
  keys.set(x);
  const expected = (known: number): number => {
    const at = (node: number): number => {
      const left = leftOf(trees, node);
      if (left === node) return trees.values[trees.nodes[2 * node]! * trees.outputCount + output]!;
      if ((known >> featureOf(trees, node)) & 1) {
        return at(isRight(trees, node, keys.keys) ? left + 1 : left);
      }
      const share = trees.cover[left]! / trees.cover[node]!;
      return share * at(left) + (1 - share) * at(left + 1);
    };
    let total = 0;
    for (const root of trees.roots) total += at(root);
    return total / trees.treeCount;
  };
  const values = Array.from({ length: 2 ** count }, (_, known) => expected(known));
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  return Array.from({ length: count }, (_, f) => {
    let shapley = 0;
    for (let known = 0; known < 2 ** count; known++) {
      if ((known >> f) & 1) continue;
      const size = known.toString(2).replaceAll('0', '').length;
      const weight = (factorial(size) * factorial(count - size - 1)) / factorial(count);
      shapley += weight * (values[known | (1 << f)]! - values[known]!);
    }
    return shapley;
  });
}
