import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DepthFirstTree } from './depth-first-tree.ts';
import { flattenTrees } from './flat-trees.ts';
import type { GrownNode } from './grown-tree.ts';

const { node: grownTree } = fc.letrec<{ node: GrownNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 6 },
    fc.record({
      kind: fc.constant('leaf' as const),
      values: fc.tuple(fc.float({ noNaN: true, noDefaultInfinity: true })),
      cover: fc.integer({ min: 1, max: 99 }),
    }),
    fc.record({
      kind: fc.constant('split' as const),
      feature: fc.integer({ min: 0, max: 4 }),
      threshold: fc.float({ noNaN: true, noDefaultInfinity: true }),
      isMissingLeft: fc.boolean(),
      left: tie('node'),
      right: tie('node'),
    }),
  ),
}));

it('lays any tree out as trees of objects are, one after another', () => {
  const tree = new DepthFirstTree(5, 127);
  fc.assert(
    fc.property(grownTree, (grown) => {
      tree.begin();
      add(tree, grown);
      const { nodes, roots, values, leafCover } = flattenTrees([grown], 5, 1);
      expect(tree.flatten()).toEqual({
        ...{ featureCount: 5, outputCount: 1 },
        ...{ nodes, roots, values, leafCover },
      });
    }),
  );
});

function add(tree: DepthFirstTree, node: GrownNode): void {
  if (node.kind === 'leaf') {
    tree.addLeaf(node.values[0] ?? 0, node.cover);
    return;
  }
  const split = tree.addSplit(node.feature, node.threshold, node.isMissingLeft);
  add(tree, node.left);
  tree.beginRight(split);
  add(tree, node.right);
}
