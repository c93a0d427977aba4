import { expect, it } from 'vitest';
import { ClassTreeGrower } from './class-grower.ts';
import { createClassNodes, PlainNodes } from './class-nodes.ts';
import { planForest } from './random-forest.ts';
import { makeData } from './training.suite.ts';

/** Values of every kind: many, few, one, and missing ones. */
const dataOf = (classCount: number) =>
  makeData(1500, 7, classCount, 31, (row, random) => {
    row[0] = random.float();
    row[1] = Math.floor(-30 * Math.log(random.float() + 1e-9));
    row[2] = random.below(2);
    row[3] = 1;
    row[4] = row[0]! ** 3 + 0.1 * random.float();
    row[5] = random.below(3) === 0 ? Number.NaN : random.below(5);
    row[6] = random.below(40) === 0 ? Number.NaN : random.float();
    const margin = row[0]! + row[1]! / 60 + (Number.isNaN(row[5]) ? 0.4 : 0) + random.float() / 3;
    return Math.min(classCount - 1, Math.floor(margin * classCount * 0.6));
  });

it.each([
  [1, 1, null],
  [2, 1, null],
  [2, 6, [0.3, 1.7]],
  [3, 1, null],
  [5, 4, [1, 0.1, 2.5, 0, 3]],
  [40, 2, null],
] as const)(
  'grows the same trees with and without the kernel: %d classes, %d rows a leaf, weights %j',
  (classCount, minLeafRows, classWeights) => {
    const plan = planForest(dataOf(classCount), { minLeafRows, classWeights, rowFraction: 0.8 });
    const nodes = createClassNodes(plan, minLeafRows);
    // Otherwise one and the same would be compared.
    expect(nodes).not.toBeInstanceOf(PlainNodes);
    const kernel = new ClassTreeGrower(plan, nodes);
    const plain = new ClassTreeGrower(plan, new PlainNodes(plan, minLeafRows));
    for (let tree = 0; tree < 5; tree++) expect(kernel.grow(tree)).toEqual(plain.grow(tree));
  },
);
