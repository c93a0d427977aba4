import { describe, expect, it } from 'vitest';
import type { BoostedTrees } from './boosted-trees.ts';
import { trainBoosting } from './gradient-boosting.ts';
import { childBounds, directionsOf, UNBOUNDED } from './monotone.ts';
import type { Random } from './random.ts';
import { makeData } from './training.suite.ts';

/** More of the first feature is more of an attack, but for a dip that some noise rows suggest; the second falls. */
function dipped(row: Float64Array, random: Random): number {
  for (let f = 0; f < row.length; f++) row[f] = random.float();
  const isDip = row[0]! > 0.45 && row[0]! < 0.6;
  const share = isDip ? 0.1 : 0.15 + 0.7 * row[0]! * (1.1 - row[1]!);
  return random.float() < share ? 1 : 0;
}

const data = makeData(4000, 4, 2, 71, dipped);

/** Falls of the probability along a feature, over many rows. */
function steps(model: BoostedTrees, feature: number): { up: number; down: number } {
  const out = new Float64Array(2);
  let up = 0;
  let down = 0;
  for (let start = 0; start < 60; start++) {
    const row = Float64Array.from({ length: 4 }, (_, f) => ((start * (f + 3)) % 17) / 17);
    let before = Number.NaN;
    for (let at = 0; at <= 100; at++) {
      row[feature] = at / 100;
      model.predict(row, out);
      if (out[1]! > before) up++;
      if (out[1]! < before) down++;
      before = out[1]!;
    }
  }
  return { up, down };
}

describe('monotone features', () => {
  const free = trainBoosting(data, { roundCount: 40 });
  const bound = trainBoosting(data, { roundCount: 40, monotone: { f0: 1, f1: -1 } });

  it('only rise or only fall, whatever the rows suggest', () => {
    expect(steps(free, 0).down).toBeGreaterThan(0);
    expect(steps(bound, 0)).toMatchObject({ down: 0 });
    expect(steps(bound, 0).up).toBeGreaterThan(100);
    expect(steps(free, 1).up).toBeGreaterThan(0);
    expect(steps(bound, 1)).toMatchObject({ up: 0 });
    expect(steps(bound, 1).down).toBeGreaterThan(100);
  });

  it('leave the other features free', () => {
    const { up, down } = steps(bound, 2);
    expect(Math.min(up, down)).toBeGreaterThan(0);
  });

  it('change nothing where none is named', () => {
    const named = trainBoosting(data, { roundCount: 3, monotone: {} });
    const plain = trainBoosting(data, { roundCount: 3 });
    expect(named.trees.nodes).toEqual(plain.trees.nodes);
  });

  it('are refused where they do not exist, are no direction, or have more than two classes', () => {
    expect(() => trainBoosting(data, { monotone: { speed: 1 } })).toThrow(
      /monotone.speed: there is no such feature/,
    );
    expect(() => trainBoosting(data, { monotone: { f0: 2 } })).toThrow(/current value is 2/);
    const three = makeData(90, 2, 3, 1, (_, random) => random.below(3));
    expect(() => trainBoosting(three, { monotone: { f0: 1 } })).toThrow(/two classes/);
  });
});

it('bounds the children of a split on both sides of the middle', () => {
  expect(childBounds(UNBOUNDED, 1, 1, 3)).toEqual([
    { lower: -Infinity, upper: 2 },
    { lower: 2, upper: Infinity },
  ]);
  expect(childBounds({ lower: 0, upper: 4 }, -1, 3, 1)).toEqual([
    { lower: 2, upper: 4 },
    { lower: 0, upper: 2 },
  ]);
  expect(directionsOf({}, ['a'])).toBeNull();
});
