/** A boosted model as XGBoost's JSON (readable by 1.7 and later): the same trees, so that others can score and check them. */
import type { BoostedTrees } from '../boosted-trees.ts';
import { type FlatTrees, featureOf, isMissingLeft, leftOf } from '../flat-trees.ts';
import { thresholdOf } from '../row-keys.ts';
import { limitAbove } from './tree-table.ts';

/** Stands for the trees until they are written. */
const TREES_HERE = '\u0000trees';

export function exportXgboost(model: BoostedTrees): string {
  const { trees, firstMargins, featureNames } = model;
  const marginCount = firstMargins.length;
  const isBinary = marginCount === 1;
  // Older versions know one start for all classes: ours goes into the leaves of each class's first tree.
  const start = isBinary ? 1 / (1 + Math.exp(-firstMargins[0]!)) : 0.5;
  const treeCount = String(trees.treeCount);
  const featureCount = String(featureNames.length);
  const file = JSON.stringify({
    learner: {
      attributes: {},
      feature_names: featureNames,
      feature_types: featureNames.map(() => 'float'),
      gradient_booster: {
        model: {
          gbtree_model_param: {
            num_parallel_tree: '1',
            num_trees: treeCount,
            size_leaf_vector: '0',
          },
          tree_info: Array.from(trees.roots, (_, tree) => tree % marginCount),
          trees: TREES_HERE,
        },
        name: 'gbtree',
      },
      learner_model_param: {
        // Its reader takes no more digits than a 32-bit float has.
        base_score: start.toExponential(8),
        // Else 1.7 looks for a start of its own.
        boost_from_average: '0',
        num_class: isBinary ? '0' : String(marginCount),
        num_feature: featureCount,
        num_target: '1',
      },
      objective: isBinary
        ? { name: 'binary:logistic', reg_loss_param: { scale_pos_weight: '1' } }
        : {
            name: 'multi:softprob',
            softmax_multiclass_param: { num_class: String(marginCount) },
          },
    },
    version: [1, 7, 4],
  });
  const written = Array.from(trees.roots, (_, tree) =>
    treeText(trees, tree, isBinary ? 0 : (firstMargins[tree] ?? 0)),
  );
  return file.replace(JSON.stringify(TREES_HERE), () => `[${written.join(',')}]`);
}

/** Written apart: XGBoost reads a number without point or exponent as an integer, which it takes for no float. */
function treeText(trees: FlatTrees, tree: number, start: number): string {
  const { roots, cover, nodes, values } = trees;
  const root = roots[tree]!;
  const end = tree + 1 < roots.length ? roots[tree + 1]! : cover.length;
  const count = end - root;
  const parents = new Array<number>(count).fill(2147483647);
  const left: number[] = [];
  const right: number[] = [];
  const conditions: number[] = [];
  const indices: number[] = [];
  const defaultLeft: number[] = [];
  for (let node = root; node < end; node++) {
    const child = leftOf(trees, node);
    const isLeaf = child === node;
    left.push(isLeaf ? -1 : child - root);
    right.push(isLeaf ? -1 : child + 1 - root);
    indices.push(isLeaf ? 0 : featureOf(trees, node));
    defaultLeft.push(!isLeaf && isMissingLeft(trees, node) ? 1 : 0);
    const word = nodes[2 * node]!;
    conditions.push(isLeaf ? Math.fround(values[word]! + start) : limitAbove(thresholdOf(word)));
    if (isLeaf) continue;
    parents[child - root] = node - root;
    parents[child + 1 - root] = node - root;
  }
  const zeros = new Array<number>(count).fill(0);
  const parts: Record<string, string> = {
    base_weights: floats(zeros),
    categories: '[]',
    categories_nodes: '[]',
    categories_segments: '[]',
    categories_sizes: '[]',
    default_left: JSON.stringify(defaultLeft),
    id: String(tree),
    left_children: JSON.stringify(left),
    loss_changes: floats(zeros),
    parents: JSON.stringify(parents),
    right_children: JSON.stringify(right),
    split_conditions: floats(conditions),
    split_indices: JSON.stringify(indices),
    split_type: JSON.stringify(zeros),
    sum_hessian: floats(Array.from(cover.subarray(root, end), Math.fround)),
    tree_param: JSON.stringify({
      num_deleted: '0',
      num_feature: String(trees.featureCount),
      num_nodes: String(count),
      size_leaf_vector: '0',
    }),
  };
  return `{${Object.entries(parts)
    .map(([name, text]) => `"${name}":${text}`)
    .join(',')}}`;
}

function floats(values: readonly number[]): string {
  return `[${values.map((value) => value.toExponential()).join(',')}]`;
}
