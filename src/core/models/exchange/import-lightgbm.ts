/**
 * LightGBM's text models (versions 2 to 4), with a binary or multiclass objective. Values are 64-bit there and 32-bit
 * here: probabilities agree to 1e-6, for rows of 32-bit floats on the same side of every split.
 */
import { BoostedTrees } from '../boosted-trees.ts';
import { flattenTrees } from '../flat-trees.ts';
import type { GrownNode } from '../grown-tree.ts';
import { textOf } from './text-of.ts';
import {
  atMost,
  coverOf,
  type ImportNames,
  numbered,
  refused,
  type TableNode,
  treeOf,
} from './tree-table.ts';

/** Bits of a `decision_type`. */
const IS_CATEGORICAL = 1;
const IS_DEFAULT_LEFT = 2;
const MISSING_SHIFT = 2;
const MAX_TREES = 100_000;
/** Lines of the head, or of a tree. */
const MAX_KEYS = 1_000;
const MISSING_KINDS = ['none', 'zero', 'nan'];

type Section = ReadonlyMap<string, string>;

/** Throws `model_incompatible` that says which feature, objective or part is the trouble, whatever the bytes. */
export function importLightgbm(bytes: Uint8Array, names: ImportNames = {}): BoostedTrees {
  const [head, ...sections] = sectionsOf(textOf(bytes));
  if (head === undefined || !head.has('num_class')) throw refused('it is no LightGBM model');
  if (head.has('average_output')) throw refused('it averages its trees (boosting=rf)');
  const featureCount = Number(head.get('max_feature_idx')) + 1;
  const own = head.get('feature_names')?.split(' ') ?? [];
  const featureNames =
    names.featureNames ?? (own.length === featureCount ? own : numbered('f', featureCount));
  if (!(featureCount >= 1) || featureNames.length !== featureCount)
    throw refused(`it has ${featureCount} features, ${featureNames.length} are named`);
  const { marginCount, sigmoid } = objectiveOf(head);
  const perRound = Number(head.get('num_tree_per_iteration') ?? marginCount);
  if (perRound !== marginCount) throw refused(`it has ${perRound} trees per round`);
  const classNames = names.classNames ?? numbered('', Math.max(2, marginCount));
  if (classNames.length !== Math.max(2, marginCount))
    throw refused(`it has ${Math.max(2, marginCount)} classes, ${classNames.length} are named`);
  const trees = sections.map((section) => readTree(section, sigmoid, featureNames));
  if (trees.length === 0) throw refused('it has no tree');
  const flat = flattenTrees(trees, featureCount, 1);
  return new BoostedTrees(featureNames, classNames, new Float64Array(marginCount), flat);
}

/** The head, then one per tree; what follows the trees is no part of the model. */
function sectionsOf(text: string): Section[] {
  const sections: Map<string, string>[] = [new Map()];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === 'end of trees') break;
    if (trimmed.startsWith('Tree=') && sections.push(new Map()) > MAX_TREES)
      throw refused(`it has more than ${MAX_TREES} trees`);
    const equals = trimmed.indexOf('=');
    const key = equals < 0 ? trimmed : trimmed.slice(0, equals);
    const section = sections.at(-1)!;
    if (key !== '') section.set(key, equals < 0 ? '' : trimmed.slice(equals + 1));
    if (section.size > MAX_KEYS) throw refused(`a part of it has more than ${MAX_KEYS} lines`);
  }
  return sections;
}

/** `binary sigmoid:1` or `multiclass num_class:3`. */
function objectiveOf(head: Section): { marginCount: number; sigmoid: number } {
  const [name = '', ...parts] = (head.get('objective') ?? '').split(' ');
  const numberAfter = (prefix: string, usual: number) => {
    const part = parts.find((each) => each.startsWith(prefix));
    return part === undefined ? usual : Number(part.slice(prefix.length));
  };
  if (name === 'binary') {
    const sigmoid = numberAfter('sigmoid:', 1);
    if (sigmoid > 0 && sigmoid < 1e6) return { marginCount: 1, sigmoid };
  } else if (name === 'multiclass') {
    const marginCount = numberAfter('num_class:', Number(head.get('num_class')));
    if (Number.isInteger(marginCount) && marginCount >= 3 && marginCount <= 256)
      return { marginCount, sigmoid: 1 };
  }
  throw refused(
    `its objective ${head.get('objective') ?? 'is missing and'} gives no class probabilities`,
  );
}

/** Children are numbered from 0, leaves −1, −2, …; here splits come first and leaves after them. */
function readTree(section: Section, sigmoid: number, featureNames: readonly string[]): GrownNode {
  const leafCount = Number(section.get('num_leaves'));
  if (!(Number.isInteger(leafCount) && leafCount >= 1 && leafCount <= 2 ** 20))
    throw refused(`a tree has ${section.get('num_leaves')} leaves`);
  if (section.get('is_linear') === '1') throw refused('its leaves hold linear models');
  const splitCount = leafCount - 1;
  const numbers = (key: string, count: number) => {
    const words = (section.get(key) ?? '').split(' ').filter((word) => word !== '');
    if (words.length !== count) throw refused(`a tree has ${words.length} of ${count} ${key}`);
    return words.map(Number);
  };
  const values = numbers('leaf_value', leafCount);
  // A tree of one leaf may have none.
  const weights = (section.get('leaf_weight') ?? section.get('leaf_count') ?? '')
    .split(' ')
    .map(Number);
  const features = numbers('split_feature', splitCount);
  const thresholds = numbers('threshold', splitCount);
  const decisions = numbers('decision_type', splitCount);
  const lefts = numbers('left_child', splitCount);
  const rights = numbers('right_child', splitCount);
  const placeOf = (child: number | undefined) =>
    child === undefined ? -1 : child < 0 ? splitCount - child - 1 : child;
  const nodeAt = (index: number): TableNode => {
    if (index >= splitCount) {
      const leaf = index - splitCount;
      const value = Math.fround(sigmoid * (values[leaf] ?? Number.NaN));
      return { kind: 'leaf', values: [value], cover: coverOf(weights[leaf]) };
    }
    const feature = features[index] ?? -1;
    const threshold = thresholds[index] ?? Number.NaN;
    return {
      kind: 'split',
      feature,
      threshold: atMost(threshold),
      isMissingLeft: missingSide(
        decisions[index] ?? 0,
        threshold,
        featureNames[feature] ?? String(feature),
      ),
      left: placeOf(lefts[index]),
      right: placeOf(rights[index]),
    };
  };
  return treeOf(nodeAt, 0, leafCount + splitCount, featureNames);
}

function missingSide(decision: number, threshold: number, name: string): boolean {
  if ((decision & IS_CATEGORICAL) !== 0) throw refused(`it splits ${name} by categories`);
  const isDefaultLeft = (decision & IS_DEFAULT_LEFT) !== 0;
  const kind = MISSING_KINDS[(decision >> MISSING_SHIFT) & 3];
  if (kind === 'nan') return isDefaultLeft;
  // Without missing values in training, LightGBM takes one for 0.
  const isZeroLeft = threshold >= 0;
  if (kind === 'none') return isZeroLeft;
  if (kind === 'zero' && isDefaultLeft === isZeroLeft) return isDefaultLeft;
  throw refused(`it takes 0 in ${name} for a missing value`);
}
