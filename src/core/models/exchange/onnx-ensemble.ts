/** The trees of a TreeEnsembleClassifier or -Regressor (versions 1 and 3): their nodes, and what their leaves say. */
import type { GrownNode } from '../grown-tree.ts';
import type { OnnxNode } from './onnx-graph.ts';
import { coverOf, lessThan, refused, type TableNode, treeOf } from './tree-table.ts';

/** Of all trees together. */
const MAX_NODES = 4_000_000;
const MAX_TREES = 100_000;

/** A leaf says `weight` for number `id`. */
export interface Vote {
  readonly id: number;
  readonly weight: number;
}

/** Trees in the order of their ids; `valuesOf` turns a leaf's votes into its values. */
export function ensembleTrees(
  node: OnnxNode,
  featureNames: readonly string[],
  valuesOf: (votes: readonly Vote[], tree: number) => number[],
): GrownNode[] {
  const table = tableOf(node);
  const votes = votesOf(node);
  const { trees } = table;
  return [...trees.keys()]
    .sort((a, b) => a - b)
    .map((id, tree) => {
      const places = trees.get(id) ?? new Map<number, number>();
      const nodeAt = (index: number): TableNode => {
        const at = places.get(index);
        if (at === undefined) throw refused(`tree ${id} has no node ${index}`);
        if (table.modes[at] !== 'LEAF') return splitOf(table, at, featureNames);
        return {
          kind: 'leaf',
          values: valuesOf(votes.get(`${id} ${index}`) ?? [], tree),
          cover: coverOf(table.hits[at]),
        };
      };
      return treeOf(nodeAt, 0, places.size, featureNames);
    });
}

/** The votes of every leaf, by `tree node`. */
export function votesOf(node: OnnxNode): Map<string, Vote[]> {
  const prefix = prefixOf(node);
  const trees = node.integers(`${prefix}_treeids`);
  const nodes = node.integers(`${prefix}_nodeids`);
  const ids = node.integers(`${prefix}_ids`);
  const weights = node.floats(`${prefix}_weights`);
  if (weights.length > MAX_NODES)
    throw refused(`its leaves vote ${weights.length} times, more than ${MAX_NODES}`);
  const votes = new Map<string, Vote[]>();
  for (const [i, weight] of weights.entries()) {
    const key = `${trees[i]} ${nodes[i]}`;
    const own = votes.get(key) ?? [];
    own.push({ id: ids[i] ?? -1, weight });
    votes.set(key, own);
  }
  return votes;
}

function prefixOf(node: OnnxNode): string {
  return node.type === 'TreeEnsembleClassifier' ? 'class' : 'target';
}

interface NodeTable {
  readonly modes: readonly string[];
  readonly features: readonly number[];
  readonly values: readonly number[];
  readonly trues: readonly number[];
  readonly falses: readonly number[];
  readonly missing: readonly number[];
  readonly hits: readonly number[];
  /** Tree id, node id: place in the arrays. */
  readonly trees: ReadonlyMap<number, ReadonlyMap<number, number>>;
}

function tableOf(node: OnnxNode): NodeTable {
  for (const name of [
    'nodes_values_as_tensor',
    'class_weights_as_tensor',
    'target_weights_as_tensor',
  ])
    if (node.has(name)) throw refused(`${node.type} holds 64-bit numbers (${name})`);
  const modes = node.strings('nodes_modes');
  const treeIds = node.integers('nodes_treeids');
  if (treeIds.length > MAX_NODES)
    throw refused(`it has ${treeIds.length} nodes, more than ${MAX_NODES}`);
  const nodeIds = node.integers('nodes_nodeids');
  const trees = new Map<number, Map<number, number>>();
  for (const [at, id] of treeIds.entries()) {
    const places = trees.get(id) ?? new Map<number, number>();
    places.set(nodeIds[at] ?? -1, at);
    trees.set(id, places);
    if (trees.size > MAX_TREES) throw refused(`it has more than ${MAX_TREES} trees`);
  }
  return {
    modes,
    features: node.integers('nodes_featureids'),
    values: node.floats('nodes_values'),
    trues: node.integers('nodes_truenodeids'),
    falses: node.integers('nodes_falsenodeids'),
    missing: node.integers('nodes_missing_value_tracks_true'),
    hits: node.floats('nodes_hitrates'),
    trees,
  };
}

/** A missing value fails every comparison, unless it is said to pass this one. */
function splitOf(table: NodeTable, at: number, featureNames: readonly string[]): TableNode {
  const feature = table.features[at] ?? -1;
  const value = table.values[at] ?? Number.NaN;
  const onTrue = table.trues[at] ?? -1;
  const onFalse = table.falses[at] ?? -1;
  const isMissingTrue = (table.missing[at] ?? 0) !== 0;
  const low = {
    kind: 'split',
    feature,
    left: onTrue,
    right: onFalse,
    isMissingLeft: isMissingTrue,
  } as const;
  const high = {
    kind: 'split',
    feature,
    left: onFalse,
    right: onTrue,
    isMissingLeft: !isMissingTrue,
  } as const;
  switch (table.modes[at]) {
    case 'BRANCH_LEQ':
      return { ...low, threshold: value };
    case 'BRANCH_LT':
      return { ...low, threshold: lessThan(value) };
    case 'BRANCH_GT':
      return { ...high, threshold: value };
    case 'BRANCH_GTE':
      return { ...high, threshold: lessThan(value) };
    default:
      throw refused(`it tests ${featureNames[feature] ?? feature} by ${table.modes[at]}`);
  }
}
