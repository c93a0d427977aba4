/**
 * What exact contributions need of a forest and no row changes, made once per forest: per node, the step that leads to
 * it. Steps of one path that test the same feature count as one, so each knows the one before it.
 */
import { type FlatTrees, featureOf, leftOf } from './flat-trees.ts';
import { gaussLegendre, type Quadrature } from './gauss-legendre.ts';

export interface ShapPaths {
  /** Feature that the step to the node tests; of roots without meaning. */
  readonly features: Uint16Array;
  /** The nearest node above whose step tests the same feature; -1: none. */
  readonly before: Int32Array;
  /** Share of training weight that goes along with the step, and with all those before on its feature. */
  readonly zero: Float64Array;
  /** Enough points for the longest path: exact up to as many distinct features as there are on any. */
  readonly quadrature: Quadrature;
  /** Nodes of the largest tree. */
  readonly treeNodes: number;
}

const made = new WeakMap<FlatTrees, ShapPaths>();

export function shapPathsOf(trees: FlatTrees): ShapPaths {
  let paths = made.get(trees);
  if (paths === undefined) {
    paths = makePaths(trees);
    made.set(trees, paths);
  }
  return paths;
}

function makePaths(trees: FlatTrees): ShapPaths {
  const { cover, roots } = trees;
  const features = new Uint16Array(cover.length);
  const before = new Int32Array(cover.length).fill(-1);
  const zero = new Float64Array(cover.length).fill(1);
  const parents = new Int32Array(cover.length).fill(-1);
  const distinct = new Uint8Array(cover.length);
  let most = 1;
  for (let node = 0; node < cover.length; node++) {
    const left = leftOf(trees, node);
    if (left === node) continue;
    const feature = featureOf(trees, node);
    let earlier = node;
    while (earlier >= 0 && (parents[earlier]! < 0 || features[earlier] !== feature))
      earlier = parents[earlier]!;
    for (let child = left; child <= left + 1; child++) {
      features[child] = feature;
      parents[child] = node;
      before[child] = earlier;
      zero[child] = (cover[child]! / cover[node]!) * (earlier < 0 ? 1 : zero[earlier]!);
      distinct[child] = distinct[node]! + (earlier < 0 ? 1 : 0);
      if (distinct[child]! > most) most = distinct[child]!;
    }
  }
  let treeNodes = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    const end = tree + 1 < roots.length ? roots[tree + 1]! : cover.length;
    treeNodes = Math.max(treeNodes, end - roots[tree]!);
  }
  return { features, before, zero, quadrature: gaussLegendre(Math.ceil(most / 2)), treeNodes };
}
