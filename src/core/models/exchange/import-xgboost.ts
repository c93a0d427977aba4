/**
 * XGBoost's own models, JSON or UBJ (its doc/model_schema; 1.x to 3.x), for `gbtree` and `dart` with a logistic or softmax
 * objective. Margins come out bit by bit as XGBoost's but for the order of its additions.
 */
import { z } from 'zod';
import { BoostedTrees } from '../boosted-trees.ts';
import { flattenTrees } from '../flat-trees.ts';
import type { GrownNode } from '../grown-tree.ts';
import { parseModelJson } from './model-json.ts';
import { textOf } from './text-of.ts';
import { coverOf, type ImportNames, lessThan, numbered, refused, treeOf } from './tree-table.ts';
import { parseUbjson } from './ubjson.ts';

const MAX_TREES = 100_000;
const LOGISTIC = ['binary:logistic', 'reg:logistic'];
const SOFTMAX = ['multi:softprob', 'multi:softmax'];

/** Not a number where a split is by categories; JSON's reader makes null of that. */
const Condition = z.custom<number | null>(
  (value) => value === null || typeof value === 'number',
  'expected a number',
);
const Flag = z.union([z.boolean(), z.number()]);
const Tree = z.object({
  left_children: z.array(z.number()),
  right_children: z.array(z.number()),
  split_indices: z.array(z.number()),
  split_conditions: z.array(Condition),
  default_left: z.array(Flag),
  sum_hessian: z.array(z.number()),
  split_type: z.array(z.number()).optional(),
  tree_param: z.object({ size_leaf_vector: z.string().optional() }).optional(),
});
type Tree = z.infer<typeof Tree>;
const Model = z.object({
  tree_info: z.array(z.number()).max(MAX_TREES),
  trees: z.array(Tree).min(1).max(MAX_TREES),
});
const File = z.object({
  learner: z.object({
    feature_names: z.array(z.string()).optional(),
    learner_model_param: z.object({
      base_score: z.string(),
      num_class: z.string(),
      num_feature: z.string(),
    }),
    objective: z.object({ name: z.string() }),
    gradient_booster: z.object({
      name: z.string(),
      model: Model.optional(),
      gbtree: z.object({ model: Model }).optional(),
      weight_drop: z.array(z.number()).optional(),
    }),
  }),
});

/** Throws `model_incompatible` that says which feature, objective or part is the trouble, whatever the bytes. */
export function importXgboost(bytes: Uint8Array, names: ImportNames = {}): BoostedTrees {
  const parsed = File.safeParse(parse(bytes));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(`it is no XGBoost model: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { learner_model_param, objective, gradient_booster, feature_names } = parsed.data.learner;
  const model = gradient_booster.model ?? gradient_booster.gbtree?.model;
  if (model === undefined) throw refused(`the booster ${gradient_booster.name} has no trees`);
  const featureCount = Number(learner_model_param.num_feature);
  const own = feature_names?.length === featureCount ? feature_names : null;
  const featureNames = names.featureNames ?? own ?? numbered('f', featureCount);
  if (!(featureCount >= 1) || featureNames.length !== featureCount)
    throw refused(`it has ${featureCount} features, ${featureNames.length} are named`);
  const marginCount = marginCountOf(objective.name, Number(learner_model_param.num_class));
  const classCount = Math.max(2, marginCount);
  const classNames = names.classNames ?? numbered('', classCount);
  if (classNames.length !== classCount)
    throw refused(`it has ${classCount} classes, ${classNames.length} are named`);
  const trees = model.trees.map((tree, index) =>
    readTree(tree, gradient_booster.weight_drop?.[index] ?? 1, featureNames),
  );
  return new BoostedTrees(
    featureNames,
    classNames,
    firstMargins(learner_model_param.base_score, marginCount),
    flattenTrees(byRound(trees, model.tree_info, marginCount), featureCount, 1),
  );
}

function parse(bytes: Uint8Array): unknown {
  // After its first bracket JSON has a quotation mark or white space, UBJ the type of a length.
  const second = String.fromCharCode(bytes[1] ?? 0);
  return '" \n\r\t'.includes(second) ? parseModelJson(textOf(bytes)) : parseUbjson(bytes);
}

function marginCountOf(objective: string, classCount: number): number {
  if (LOGISTIC.includes(objective)) return 1;
  if (!SOFTMAX.includes(objective))
    throw refused(`its objective ${objective} gives no class probabilities`);
  if (!(Number.isInteger(classCount) && classCount >= 3 && classCount <= 256))
    throw refused(`${objective} of ${classCount} classes: there must be 3 to 256`);
  return classCount;
}

/** A number, or from 3.1 on a list of them, as text; of a logistic objective a probability. */
function firstMargins(text: string, marginCount: number): Float64Array {
  const scores = text
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map(Number);
  const margins = Float64Array.from({ length: marginCount }, (_, c) => {
    const score = scores.length === 1 ? scores[0]! : (scores[c] ?? Number.NaN);
    return marginCount === 1 ? -Math.log(1 / score - 1) : score;
  });
  if (!margins.every(Number.isFinite)) throw refused(`base_score ${text} is no start`);
  return margins;
}

function readTree(tree: Tree, weight: number, featureNames: readonly string[]): GrownNode {
  const { left_children: lefts, split_conditions, split_indices } = tree;
  if (Number(tree.tree_param?.size_leaf_vector ?? 0) > 1)
    throw refused('its leaves hold several numbers');
  return treeOf(
    (index) => {
      const left = lefts[index]!;
      const condition = split_conditions[index] ?? Number.NaN;
      if (left === -1) {
        // A weight of `dart`; as XGBoost rounds it.
        const value = Math.fround(Math.fround(condition) * Math.fround(weight));
        return { kind: 'leaf', values: [value], cover: coverOf(tree.sum_hessian[index]) };
      }
      const feature = split_indices[index] ?? -1;
      if ((tree.split_type?.[index] ?? 0) !== 0)
        throw refused(`it splits ${featureNames[feature] ?? feature} by categories`);
      return {
        kind: 'split',
        feature,
        threshold: lessThan(Math.fround(condition)),
        isMissingLeft: Boolean(tree.default_left[index]),
        left,
        right: tree.right_children[index] ?? -1,
      };
    },
    0,
    lefts.length,
    featureNames,
  );
}

/** Tree `t` for margin `t % marginCount`: with several trees per round and class the file has them otherwise. */
function byRound(trees: GrownNode[], treeInfo: readonly number[], marginCount: number) {
  const perMargin = Array.from({ length: marginCount }, (_, margin) =>
    trees.filter((_, index) => (treeInfo[index] ?? 0) === margin),
  );
  const rounds = trees.length / marginCount;
  if (perMargin.some(({ length }) => length !== rounds))
    throw refused('its classes have not as many trees each');
  return Array.from({ length: rounds }, (_, round) => perMargin.map((own) => own[round]!)).flat();
}
