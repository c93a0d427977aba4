import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../errors.ts';
import { importLightgbm } from './import-lightgbm.ts';
import { bytesOfText } from './text-of.ts';

interface TreeText {
  readonly features: readonly number[];
  readonly thresholds: readonly number[];
  /** 2: missing goes left; 4 and 8: a missing value is 0 or NaN; 1: categories. */
  readonly decisions: readonly number[];
  readonly lefts: readonly number[];
  readonly rights: readonly number[];
  readonly values: readonly number[];
}

const HEAD = [
  'tree',
  'version=v4',
  'num_class=1',
  'num_tree_per_iteration=1',
  'label_index=0',
  'max_feature_idx=1',
  'objective=binary sigmoid:1',
  'feature_names=bytes packets',
  'feature_infos=[0:999] [0:5]',
  'tree_sizes=300 300',
].join('\n');

/** As LightGBM's `SaveModelToString` writes a model. */
function modelText(trees: readonly TreeText[], head = HEAD): string {
  const sections = trees.map((tree, index) =>
    [
      `Tree=${index}`,
      `num_leaves=${tree.values.length}`,
      'num_cat=0',
      `split_feature=${tree.features.join(' ')}`,
      `split_gain=${tree.features.map(() => 1).join(' ')}`,
      `threshold=${tree.thresholds.join(' ')}`,
      `decision_type=${tree.decisions.join(' ')}`,
      `left_child=${tree.lefts.join(' ')}`,
      `right_child=${tree.rights.join(' ')}`,
      `leaf_value=${tree.values.join(' ')}`,
      `leaf_weight=${tree.values.map((_, i) => 10 + i).join(' ')}`,
      `leaf_count=${tree.values.map((_, i) => 40 + i).join(' ')}`,
      'is_linear=0',
      'shrinkage=0.1',
    ].join('\n'),
  );
  return `${head}\n\n${sections.join('\n\n\n')}\n\n\nend of trees\n\nfeature_importances:\nbytes=2\n\nparameters:\n[num_leaves: 31]\nend of parameters\n`;
}

const two: TreeText = {
  features: [0, 1],
  thresholds: [340.50000000000006, 2.5],
  decisions: [10, 8],
  lefts: [-1, -2],
  rights: [1, -3],
  values: [0.56697267424823339, -0.3584987837673016, 0.41213915936587919],
};

const importText = (text: string) => importLightgbm(bytesOfText(text));
const read = (trees: readonly TreeText[], head?: string) => importText(modelText(trees, head));

function marginOf(model: ReturnType<typeof read>, ...row: number[]): number {
  const out = new Float64Array(model.firstMargins.length);
  model.margins(Float64Array.from(row), out);
  return out[0]!;
}

it('adds up the leaves that a reader of the text would come to', () => {
  const model = read([two, { ...two, values: two.values.map((value) => value / 10) }]);
  expect(model.featureNames).toEqual(['bytes', 'packets']);
  for (const [row, leaf] of [
    [[340, 9], 0],
    [[341, 2], 1],
    [[341, 3], 2],
    [[Number.NaN, 3], 0],
    [[900, Number.NaN], 2],
  ] as const)
    expect(marginOf(model, ...row)).toBeCloseTo(two.values[leaf]! * 1.1, 6);
});

it('keeps every 32-bit float on its side of a 64-bit threshold', () => {
  const stump = {
    ...two,
    features: [0],
    decisions: [8],
    lefts: [-1],
    rights: [-2],
    values: [1, 2],
  };
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }),
      (threshold) => {
        const model = read([{ ...stump, thresholds: [threshold] }]);
        const near = Math.fround(threshold);
        for (const value of [near, Math.fround(near * (1 + 2e-7)), Math.fround(near * (1 - 2e-7))])
          expect(marginOf(model, value, 0)).toBe(value <= threshold ? 1 : 2);
      },
    ),
  );
});

it.each([
  ['without missing values in training, one is 0', 0, 0.5, 1],
  ['without missing values in training, one is 0, which is above', 0, -0.5, 2],
  ['a missing value left', 10, -5, 1],
  ['a missing value right', 8, 5, 2],
])('%s', (_, decision, threshold, expected) => {
  const model = read([
    {
      features: [0],
      thresholds: [threshold],
      decisions: [decision],
      lefts: [-1],
      rights: [-2],
      values: [1, 2],
    },
  ]);
  expect(marginOf(model, Number.NaN, 0)).toBe(expected);
});

it('takes the sigmoid’s slope into the leaves', () => {
  const model = read([two], HEAD.replace('sigmoid:1', 'sigmoid:2'));
  expect(marginOf(model, 0, 0)).toBeCloseTo(2 * two.values[0]!, 6);
});

it('reads trees of one leaf, and several classes', () => {
  const lone = {
    features: [],
    thresholds: [],
    decisions: [],
    lefts: [],
    rights: [],
    values: [0.25],
  };
  const head = HEAD.replace('num_class=1', 'num_class=3')
    .replace('num_tree_per_iteration=1', 'num_tree_per_iteration=3')
    .replace('binary sigmoid:1', 'multiclass num_class:3');
  const model = read([two, lone, lone], head);
  const out = new Float64Array(3);
  model.margins(Float64Array.of(0, 0), out);
  expect([...out]).toEqual([Math.fround(two.values[0]!), 0.25, 0.25]);
  expect(model.classNames).toEqual(['0', '1', '2']);
});

describe('refuses', () => {
  it.each<[string, string, RegExp]>([
    [
      'categories, by the name of the feature',
      modelText([{ ...two, decisions: [10, 1] }]),
      /splits packets by categories/,
    ],
    [
      'zeros that are missing',
      modelText([{ ...two, decisions: [4, 8] }]),
      /takes 0 in bytes for a missing value/,
    ],
    [
      'an objective without classes',
      modelText([two], HEAD.replace('binary sigmoid:1', 'regression')),
      /objective regression/,
    ],
    ['averaged trees', modelText([two], `${HEAD}\naverage_output`), /averages/],
    ['linear leaves', modelText([two]).replace('is_linear=0', 'is_linear=1'), /linear/],
    ['a child that does not exist', modelText([{ ...two, rights: [7, -3] }]), /node 7/],
    [
      'a leaf too few',
      modelText([{ ...two, values: [1, 2] }]).replace('num_leaves=2', 'num_leaves=3'),
      /2 of 3 leaf_value/,
    ],
    [
      'a threshold too few',
      modelText([two]).replace(`threshold=${two.thresholds.join(' ')}`, 'threshold='),
      /0 of 2 threshold/,
    ],
    [
      'a threshold that is no number, by the name of the feature',
      modelText([{ ...two, thresholds: [Number.NaN, 1] }]),
      /compares bytes with NaN/,
    ],
    [
      'lines without end',
      `${HEAD}\n${Array.from({ length: 1e5 }, (_, at) => `key${at}=`).join('\n')}`,
      /more than 1000 lines/,
    ],
    ['trees without end', `${HEAD}\n${'Tree=1\n'.repeat(2e5)}`, /more than 100000 trees/],
    ['another text', 'Once upon a time', /no LightGBM model/],
    ['nothing', '', /no LightGBM model/],
  ])('%s', (_, text, message) => {
    expect(() => importText(text)).toThrow(message);
  });

  it('and does nothing else, whatever becomes of the text', () => {
    const whole = modelText([two, two]);
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.nat(20),
        fc.string({ maxLength: 5 }),
        (at, count, text) => {
          try {
            importText(whole.slice(0, at) + text + whole.slice(at + count));
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
