/**
 * TreeEnsemble, which replaces both older operators from version 5 of ai.onnx.ml on: inner nodes and leaves in tables of
 * their own, a leaf with one number for one target. It is read with the attributes of the TreeEnsembleRegressor that says the same.
 */
import type { OnnxNode } from './onnx-graph.ts';
import { refused } from './tree-table.ts';

export const TREE_ENSEMBLE = 'TreeEnsemble';

const MAX_NODES = 4_000_000;
/** By their numbers. */
const MODES = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ', 'MEMBER'].map((name) => `BRANCH_${name}`);
const AGGREGATES = ['AVERAGE', 'SUM', 'MIN', 'MAX'];
const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'];
const SUM = 1;
const NONE = 0;

/** A table of nodes of the older operators, one list per attribute, as it grows. */
interface Table {
  readonly modes: string[];
  readonly integers: Record<string, number[]>;
  readonly floats: Record<string, number[]>;
}

/** Throws `model_incompatible` for cycles and the like. */
export function withRegressorAttributes(node: OnnxNode): OnnxNode {
  const table = tableOf(node);
  const texts: Record<string, string[]> = {
    nodes_modes: table.modes,
    aggregate_function: [AGGREGATES[node.integers('aggregate_function')[0] ?? SUM] ?? 'UNKNOWN'],
    post_transform: [TRANSFORMS[node.integers('post_transform')[0] ?? NONE] ?? 'UNKNOWN'],
  };
  table.integers.n_targets = node.integers('n_targets').slice(0, 1);
  return {
    ...node,
    integers: (name) => table.integers[name] ?? [],
    floats: (name) => table.floats[name] ?? [],
    strings: (name) => texts[name] ?? [],
    has: (name) => name in table.integers || name in table.floats || name in texts,
  };
}

function tableOf(node: OnnxNode): Table {
  const inner = {
    features: node.integers('nodes_featureids'),
    splits: node.tensor('nodes_splits'),
    modes: node.tensor('nodes_modes'),
    trues: node.integers('nodes_truenodeids'),
    falses: node.integers('nodes_falsenodeids'),
    areTruesLeaves: node.integers('nodes_trueleafs'),
    areFalsesLeaves: node.integers('nodes_falseleafs'),
    missing: node.integers('nodes_missing_value_tracks_true'),
  };
  const leaves = { targets: node.integers('leaf_targetids'), weights: node.tensor('leaf_weights') };
  const count = inner.features.length;
  if (count > MAX_NODES) throw refused(`it has ${count} nodes, more than ${MAX_NODES}`);
  const writer = new TableWriter();
  const isSeen = new Uint8Array(count);
  const waiting: [own: number, at: number][] = [];
  /** The number, in the tree of the older operator, of an inner node or a leaf of this one. */
  const place = (at: number, isLeaf: boolean): number => {
    if (isLeaf) {
      const target = leaves.targets[at];
      const weight = leaves.weights[at];
      if (target === undefined || weight === undefined) throw refused(`it has no leaf ${at}`);
      return writer.leaf(target, weight);
    }
    if (!(Number.isInteger(at) && at >= 0 && at < count) || isSeen[at] === 1)
      throw refused(`node ${at} of a tree does not exist, or is reached twice`);
    isSeen[at] = 1;
    const own = writer.split();
    waiting.push([own, at]);
    return own;
  };
  for (const root of node.integers('tree_roots')) {
    writer.beginTree();
    // A tree of one leaf is a node with that leaf on both sides.
    const isLone =
      inner.areTruesLeaves[root] === 1 &&
      inner.areFalsesLeaves[root] === 1 &&
      inner.trues[root] === inner.falses[root];
    place(isLone ? (inner.trues[root] ?? -1) : root, isLone);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [own, at] = next;
      writer.fill(own, {
        mode: MODES[inner.modes[at] ?? -1] ?? 'BRANCH_UNKNOWN',
        feature: inner.features[at] ?? -1,
        value: inner.splits[at] ?? Number.NaN,
        missing: inner.missing[at] ?? 0,
        onTrue: place(inner.trues[at] ?? -1, inner.areTruesLeaves[at] === 1),
        onFalse: place(inner.falses[at] ?? -1, inner.areFalsesLeaves[at] === 1),
      });
    }
  }
  return writer.table;
}

interface Split {
  readonly mode: string;
  readonly feature: number;
  readonly value: number;
  readonly missing: number;
  readonly onTrue: number;
  readonly onFalse: number;
}

/** Nodes of one tree after the other, each numbered from 0 in its tree. */
class TableWriter {
  #tree = -1;
  #begin = 0;
  readonly #modes: string[] = [];
  readonly #trees: number[] = [];
  readonly #nodes: number[] = [];
  readonly #features: number[] = [];
  readonly #values: number[] = [];
  readonly #missing: number[] = [];
  readonly #trues: number[] = [];
  readonly #falses: number[] = [];
  readonly #leaves = { trees: [] as number[], nodes: [] as number[], ids: [] as number[] };
  readonly #weights: number[] = [];

  get table(): Table {
    return {
      modes: this.#modes,
      integers: {
        nodes_treeids: this.#trees,
        nodes_nodeids: this.#nodes,
        nodes_featureids: this.#features,
        nodes_truenodeids: this.#trues,
        nodes_falsenodeids: this.#falses,
        nodes_missing_value_tracks_true: this.#missing,
        target_treeids: this.#leaves.trees,
        target_nodeids: this.#leaves.nodes,
        target_ids: this.#leaves.ids,
      },
      floats: { nodes_values: this.#values, target_weights: this.#weights },
    };
  }

  beginTree(): void {
    this.#tree++;
    this.#begin = this.#trees.length;
  }

  /** The number of a node that is filled later. */
  split(): number {
    return this.#add('BRANCH_UNKNOWN');
  }

  fill(own: number, split: Split): void {
    const at = this.#begin + own;
    this.#modes[at] = split.mode;
    this.#features[at] = split.feature;
    this.#values[at] = split.value;
    this.#missing[at] = split.missing;
    this.#trues[at] = split.onTrue;
    this.#falses[at] = split.onFalse;
  }

  leaf(target: number, weight: number): number {
    const own = this.#add('LEAF');
    this.#leaves.trees.push(this.#tree);
    this.#leaves.nodes.push(own);
    this.#leaves.ids.push(target);
    this.#weights.push(weight);
    return own;
  }

  #add(mode: string): number {
    const own = this.#trees.length - this.#begin;
    this.#modes.push(mode);
    this.#trees.push(this.#tree);
    this.#nodes.push(own);
    for (const list of [this.#features, this.#values, this.#missing, this.#trues, this.#falses])
      list.push(0);
    return own;
  }
}
