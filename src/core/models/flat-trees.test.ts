import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFlatTrees, findLeaves, flattenTrees } from './flat-trees.ts';
import { type GrownNode, walkTree } from './grown-tree.ts';
import { RowKeys } from './row-keys.ts';

const leaf = (value: number): GrownNode => ({ kind: 'leaf', values: [value], cover: 1 + value });

const grownTree: fc.Arbitrary<GrownNode> = fc.letrec<{ node: GrownNode }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.nat(99).map(leaf),
    fc.record({
      kind: fc.constant('split' as const),
      feature: fc.nat(2),
      threshold: fc.integer({ min: -3, max: 3 }),
      isMissingLeft: fc.boolean(),
      left: tie('node'),
      right: tie('node'),
    }),
  ),
})).node;

const cell = fc.oneof(
  fc.integer({ min: -4, max: 4 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
);

it('reaches the leaf that walking the grown tree does, for any trees and rows', () => {
  fc.assert(
    fc.property(
      fc.array(grownTree, { minLength: 1, maxLength: 19 }),
      fc.array(cell, { minLength: 3, maxLength: 3 }),
      (grown, cells) => {
        const trees = flattenTrees(grown, 3, 1);
        const row = Float64Array.from(cells);
        const keys = new RowKeys(3);
        keys.set(row);
        const leaves = new Int32Array(grown.length);
        findLeaves(trees, keys.keys, leaves);
        const matrix = { featureNames: ['a', 'b', 'c'], rowCount: 1, values: row };
        expect(Array.from(leaves, (index) => trees.values[index])).toEqual(
          grown.map((tree) => walkTree(tree, matrix, 0).values[0]),
        );
      },
    ),
  );
});

describe('createFlatTrees', () => {
  const split: GrownNode = {
    kind: 'split',
    feature: 1,
    threshold: 0.5,
    isMissingLeft: false,
    left: leaf(1),
    right: leaf(2),
  };
  const sound = flattenTrees([split, { ...split, left: split }], 2, 1);

  it('sums up the cover', () => {
    expect([...sound.cover]).toEqual([5, 2, 3, 8, 5, 3, 2, 3]);
    expect(sound.depth).toBe(2);
  });

  it('refuses every change of a word of a node that another row could notice', () => {
    // A threshold may be any finite number and a feature any that exists: all else is given.
    for (let word = 0; word < sound.nodes.length; word++) {
      for (const change of [1, -1, 1 << 11, -(1 << 11), 1 << 31, 0x7f]) {
        const nodes = sound.nodes.slice();
        nodes[word] = nodes[word]! + change;
        let isAccepted = true;
        try {
          createFlatTrees({ ...sound, nodes });
        } catch (error) {
          expect(error).toMatchObject({ code: 'model_incompatible' });
          isAccepted = false;
        }
        const isSplit = sound.nodes[word | 1]! >>> 11 !== 0;
        const isAllowed =
          isSplit &&
          (word % 2 === 0 || [1, -1].includes(change) || nodes[word] === sound.nodes[word]);
        if (!isAllowed) expect([word, change, isAccepted]).toEqual([word, change, false]);
      }
    }
  });

  it.each([
    ['NaN among the values', { values: Float32Array.of(1, Number.NaN, 1, 2, 3) }],
    ['a leaf without cover', { leafCover: Float32Array.of(1, 1, 0, 1, 1) }],
    ['a leaf of endless cover', { leafCover: Float32Array.of(1, 1, Infinity, 1, 1) }],
    ['a missing leaf', { leafCover: Float32Array.of(1, 1, 1, 1) }],
    ['no tree', { roots: new Uint32Array(0) }],
    ['a root beyond the end', { roots: Uint32Array.of(0, 99) }],
    ['a root in the middle of a tree', { roots: Uint32Array.of(0, 2) }],
    ['half a node', { nodes: sound.nodes.slice(1) }],
    ['too few features', { featureCount: 1 }],
    ['no features', { featureCount: 0 }],
  ])('refuses %s', (_, change) => {
    expect(() => createFlatTrees({ ...sound, ...change })).toThrow(
      expect.objectContaining({ code: 'model_incompatible' }),
    );
  });

  it.each([0x7f800000, 0x7fffffff, -0x80000000])('refuses the threshold of key %i', (key) => {
    const nodes = sound.nodes.slice();
    nodes[0] = key; // no finite number: it would send missing values astray
    expect(() => createFlatTrees({ ...sound, nodes })).toThrow(/the threshold of node 0/);
  });

  it('refuses a node that no other leads to', () => {
    const leafCount = sound.leafCover.length;
    const extra = {
      nodes: Int32Array.of(...sound.nodes, leafCount, 2 * sound.featureCount),
      values: Float32Array.of(...sound.values, 1),
      leafCover: Float32Array.of(...sound.leafCover, 1),
    };
    expect(() => createFlatTrees({ ...sound, ...extra })).toThrow(/the end of tree 1/);
  });

  it('refuses a tree deeper than explanations have room for', () => {
    let deep: GrownNode = leaf(1);
    for (let i = 0; i < 65; i++) deep = { ...split, left: leaf(0), right: deep };
    expect(() => flattenTrees([deep], 2, 1)).toThrow(/deeper than 64/);
  });
});
