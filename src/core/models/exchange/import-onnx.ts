/**
 * Tree models in ONNX: what we export, and what the converters of scikit-learn, LightGBM and XGBoost make of classifiers
 * (TreeEnsembleClassifier or -Regressor, versions 1 and 3; TreeEnsemble, version 5). Their files hold no training weights: contributions of such a
 * model count its leaves alike.
 */
import { z } from 'zod';
import { BoostedTrees } from '../boosted-trees.ts';
import { MAX_CLASSES } from '../dataset.ts';
import { flattenTrees } from '../flat-trees.ts';
import { IsolationForest } from '../isolation-forest.ts';
import type { Model } from '../model-file.ts';
import { RandomForest } from '../random-forest.ts';
import { ensembleTrees, type Vote, votesOf } from './onnx-ensemble.ts';
import { METADATA } from './onnx-fields.ts';
import { type OnnxGraph, type OnnxNode, readOnnxGraph } from './onnx-graph.ts';
import { TREE_ENSEMBLE, withRegressorAttributes } from './onnx-tree-ensemble.ts';
import { type ImportNames, numbered, refused } from './tree-table.ts';

const ENSEMBLES = ['TreeEnsembleClassifier', 'TreeEnsembleRegressor', TREE_ENSEMBLE];
/** Operators that change no number. */
const HARMLESS = ['Cast', 'Identity', 'ZipMap', 'Reshape'];
/** What stands behind a regressor, in this order, and makes probabilities of its sums. */
const LOGISTIC = ['Sigmoid', 'Sigmoid Sub Concat'];
const SOFTMAX = ['Softmax'];
const ISOLATION = ['Mul Pow'];
/** Nodes times classes of a forest: twice what its leaves hold. */
const MAX_LEAF_NUMBERS = 2 ** 27;
/** Class shares of a leaf add up to 1, within what 32 bits lose. */
const SHARE_TOLERANCE = 1e-4;

/** Throws `model_incompatible` that says which operator or feature is the trouble, whatever the bytes. */
export function importOnnx(bytes: Uint8Array, names: ImportNames = {}): Model {
  const graph = readOnnxGraph(bytes);
  const [found, ...others] = graph.nodes.filter(({ type }) => ENSEMBLES.includes(type));
  const rest = graph.nodes
    .filter((each) => each !== found && !HARMLESS.includes(each.type))
    .map(({ type }) => type);
  if (found === undefined)
    throw refused(
      `it has no TreeEnsemble, TreeEnsembleClassifier or -Regressor, but ${rest.join(', ') || 'nothing'}`,
    );
  if (others.length > 0) throw refused(`it has ${others.length + 1} tree ensembles`);
  const node = found.type === TREE_ENSEMBLE ? withRegressorAttributes(found) : found;
  const featureNames = featureNamesOf(graph, node, names);
  return node.type === 'TreeEnsembleClassifier'
    ? fromClassifier(node, rest, featureNames, names)
    : fromRegressor(graph, node, rest, featureNames, names);
}

function fromRegressor(
  graph: OnnxGraph,
  node: OnnxNode,
  rest: readonly string[],
  featureNames: readonly string[],
  names: ImportNames,
): Model {
  const behind = rest.join(' ');
  const targetCount = node.integers('n_targets')[0] ?? 1;
  if (targetCount > MAX_CLASSES) throw refused(`it has ${targetCount} targets`);
  const aggregate = node.strings('aggregate_function')[0] ?? 'SUM';
  if (aggregate !== 'SUM' && aggregate !== 'AVERAGE')
    throw refused(`${node.type} aggregates by ${aggregate}`);
  const isMean = aggregate === 'AVERAGE';
  const transform = node.strings('post_transform')[0] ?? 'NONE';
  const classNames = classNamesOf(graph, names, Math.max(2, targetCount));
  const isPlain = transform === 'NONE';
  if (isMean && behind === '' && isPlain && targetCount >= 2)
    return forestOf(node, featureNames, classNames, 1);
  if (isMean && ISOLATION.includes(behind) && isPlain && targetCount === 1) {
    const subsample = Number(graph.metadata.get(METADATA.subsample));
    const trees = ensembleTrees(node, featureNames, (votes) => [soleWeight(votes)]);
    return new IsolationForest(
      featureNames,
      subsample,
      flattenTrees(trees, featureNames.length, 1),
    );
  }
  const isLogistic =
    (isPlain && LOGISTIC.includes(behind)) || (transform === 'LOGISTIC' && behind === '');
  const isSoftmax =
    (isPlain && SOFTMAX.includes(behind)) || (transform === 'SOFTMAX' && behind === '');
  if (!isMean && ((isLogistic && targetCount === 1) || (isSoftmax && targetCount >= 3)))
    return boostingOf(node, featureNames, classNames, targetCount);
  throw refused(
    `${node.type} of ${targetCount} targets (${transform}) with ${behind || 'nothing'} behind it is no classifier known here`,
  );
}

function fromClassifier(
  node: OnnxNode,
  rest: readonly string[],
  featureNames: readonly string[],
  names: ImportNames,
): Model {
  if (rest.length > 0) throw refused(`it needs the operator ${rest[0]}`);
  const labels = [
    ...node.strings('classlabels_strings'),
    ...node.integers('classlabels_int64s').map(String),
  ];
  if (labels.length > MAX_CLASSES) throw refused(`it has ${labels.length} classes`);
  const classNames = names.classNames ?? labels;
  if (classNames.length !== labels.length || labels.length < 2)
    throw refused(`it has ${labels.length} classes, ${classNames.length} are named`);
  const transform = node.strings('post_transform')[0] ?? 'NONE';
  const treeCount = new Set(node.integers('nodes_treeids')).size;
  if (transform === 'NONE') return forestOf(node, featureNames, classNames, treeCount);
  const isBinary = transform === 'LOGISTIC' && labels.length === 2;
  if (isBinary || (transform === 'SOFTMAX' && labels.length > 2))
    return boostingOf(node, featureNames, classNames, isBinary ? 1 : labels.length);
  throw refused(`${node.type} with post_transform ${transform} and ${labels.length} classes`);
}

/** `scale`: what a weight is multiplied by to be a share of its leaf. */
function forestOf(
  node: OnnxNode,
  featureNames: readonly string[],
  classNames: readonly string[],
  scale: number,
): RandomForest {
  if (node.floats('base_values').some((value) => value !== 0))
    throw refused('a forest has base_values');
  const isOneOfTwo =
    classNames.length === 2 &&
    node.type === 'TreeEnsembleClassifier' &&
    new Set(node.integers('class_ids')).size === 1;
  const valuesOf = (votes: readonly Vote[]) => {
    const shares = new Array<number>(classNames.length).fill(0);
    if (isOneOfTwo) {
      const share = scale * soleWeight(votes);
      shares.splice(0, 2, 1 - share, share);
    } else
      for (const { id, weight } of votes) {
        if (!(id in shares)) throw refused(`a leaf votes for class ${id} of ${shares.length}`);
        shares[id] = (shares[id] ?? 0) + scale * weight;
      }
    const sum = shares.reduce((total, share) => total + share, 0);
    if (!(Math.abs(sum - 1) < SHARE_TOLERANCE) || shares.some((share) => share < -SHARE_TOLERANCE))
      throw refused(`the leaves of ${node.type} hold no class shares`);
    return shares;
  };
  const nodeCount = node.integers('nodes_treeids').length;
  if (nodeCount * classNames.length > MAX_LEAF_NUMBERS)
    throw refused(`its ${nodeCount} nodes and ${classNames.length} classes are too many together`);
  const trees = ensembleTrees(node, featureNames, valuesOf);
  return new RandomForest(
    featureNames,
    classNames,
    flattenTrees(trees, featureNames.length, classNames.length),
  );
}

function boostingOf(
  node: OnnxNode,
  featureNames: readonly string[],
  classNames: readonly string[],
  marginCount: number,
): BoostedTrees {
  const perMargin: number[][] = Array.from({ length: marginCount }, () => []);
  for (const [tree, margin] of marginsOfTrees(node, marginCount).entries())
    perMargin[margin]?.push(tree);
  const trees = ensembleTrees(node, featureNames, (votes) => [soleWeight(votes)]);
  const rounds = trees.length / marginCount;
  if (perMargin.some(({ length }) => length !== rounds))
    throw refused('its classes have not as many trees each');
  const base = node.floats('base_values');
  const first = Float64Array.from({ length: marginCount }, (_, margin) =>
    marginCount === 1 ? (base.at(-1) ?? 0) : (base[margin] ?? 0),
  );
  const ordered = Array.from({ length: rounds }, (_, round) =>
    perMargin.map((own) => trees[own[round]!]!),
  ).flat();
  return new BoostedTrees(
    featureNames,
    classNames,
    first,
    flattenTrees(ordered, featureNames.length, 1),
  );
}

/** In the order of the tree ids, the number that all leaves of the tree vote for. */
function marginsOfTrees(node: OnnxNode, marginCount: number): number[] {
  const margins = new Map<number, number>();
  for (const [key, votes] of votesOf(node)) {
    const tree = Number(key.split(' ')[0]);
    for (const { id } of votes) {
      const margin = marginCount === 1 ? 0 : id;
      if ((margins.get(tree) ?? margin) !== margin)
        throw refused(`tree ${tree} votes for several classes`);
      margins.set(tree, margin);
    }
  }
  return [...margins.keys()].sort((a, b) => a - b).map((tree) => margins.get(tree) ?? -1);
}

function soleWeight(votes: readonly Vote[]): number {
  if (votes.length > 1) throw refused('a leaf votes more than once');
  return votes[0]?.weight ?? 0;
}

function featureNamesOf(graph: OnnxGraph, node: OnnxNode, names: ImportNames): readonly string[] {
  const used = node.integers('nodes_featureids').reduce((most, id) => Math.max(most, id), 0) + 1;
  const featureNames =
    names.featureNames ?? listOf(graph, METADATA.featureNames) ?? numbered('f', used);
  if (featureNames.length < used)
    throw refused(`it tests ${used} features, ${featureNames.length} are named`);
  return featureNames;
}

function classNamesOf(graph: OnnxGraph, names: ImportNames, count: number): readonly string[] {
  const classNames = names.classNames ?? listOf(graph, METADATA.classNames) ?? numbered('', count);
  if (classNames.length !== count)
    throw refused(`it has ${count} classes, ${classNames.length} are named`);
  return classNames;
}

function listOf(graph: OnnxGraph, key: string): string[] | null {
  const text = graph.metadata.get(key);
  if (text === undefined) return null;
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    throw refused(`its ${key} is no list of names`);
  }
}
