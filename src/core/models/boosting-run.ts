/**
 * The rounds of boosting: gradients of all rows, a tree on them, margins moved by its leaves. Beside
 * them, the margins of rows that are held out.
 */
import { type BinnedMatrix, binMatrix, findCuts } from './binning.ts';
import { computeGradients, logLoss } from './boosting-loss.ts';
import { type BoostingMemory, readCuts, writeCuts } from './boosting-memory.ts';
import type { Dataset } from './dataset.ts';
import { countOf, type Spans, TreeGrower } from './grower.ts';
import { type GrownNode, walkTree } from './grown-tree.ts';
import { largestOf, packGradients } from './histogram.ts';
import { type Bounds, clamp, type Directions } from './monotone.ts';
import { Random } from './random.ts';
import { partBegin, type Team } from './team.ts';

export interface BoostingLimits {
  /** 6. */
  readonly maxDepth: number;
  /** Shrinkage; 0.1. */
  readonly learningRate: number;
  /** L2 regularisation of leaf values; 1. */
  readonly l2: number;
  /** Least sum of hessians in a child; 1. */
  readonly minChildWeight: number;
  /** 0. */
  readonly minSplitGain: number;
  /** Share of rows per tree, without replacement; 1. */
  readonly rowFraction: number;
  /** Share of features per tree; 1. */
  readonly columnFraction: number;
  /** 2 to 255; 255. */
  readonly maxBins: number;
  /** 1. */
  readonly seed: number;
}

/** The validation rows' margins, moved by every round. */
export class HeldOut {
  readonly #dataset: Dataset;
  readonly #margins: Float64Array;
  readonly #marginCount: number;
  #bestLoss = Number.POSITIVE_INFINITY;

  constructor(dataset: Dataset, start: Float64Array) {
    this.#dataset = dataset;
    this.#marginCount = start.length;
    this.#margins = repeat(start, dataset.rowCount);
  }

  /** Adds a round's trees and tells whether the loss was never lower. */
  isBestAfter(trees: readonly GrownNode[]): boolean {
    for (let row = 0; row < this.#dataset.rowCount; row++) {
      for (const [c, tree] of trees.entries()) {
        this.#margins[row * this.#marginCount + c]! += walkTree(tree, this.#dataset, row)
          .values[0]!;
      }
    }
    const loss = logLoss(this.#dataset, this.#margins);
    if (!(loss < this.#bestLoss)) return false;
    this.#bestLoss = loss;
    return true;
  }
}

/** What a team that boosts begins with. Plain data: each member may be in a thread of its own. */
export interface BoostingPlan {
  /** Where threads share, its values are in shared memory. */
  readonly dataset: Dataset;
  readonly validation: Dataset | null;
  readonly options: BoostingLimits & {
    readonly roundCount: number;
    readonly patienceRounds: number;
  };
  /** Of monotone features; null: none is. */
  readonly directions: Directions | null;
  readonly firstMargins: Float64Array;
  readonly memory: BoostingMemory;
}

/** The state of one training, as one member of the team has it: margins and gradients of its rows. */
export class BoostingRun {
  readonly #team: Team;
  readonly #memory: BoostingMemory;
  /** All rows, and the member's, from `#firstRow` on. */
  readonly #whole: Dataset;
  readonly #own: Dataset;
  readonly #firstRow: number;
  readonly #options: BoostingLimits;
  readonly #grower: TreeGrower;
  readonly #marginCount: number;
  readonly #margins: Float64Array;
  readonly #packed: { packed: Float64Array; gradientUnit: number; hessianUnit: number };
  /** Rows of all that have weight, and the member's of them, counted from its first. */
  readonly #weighted: Uint32Array;
  readonly #ownWeighted: Uint32Array;
  /** How many of the members before this one's. */
  readonly #weightedBefore: number;

  constructor({ dataset, options, directions, firstMargins, memory }: BoostingPlan, team: Team) {
    const begin = partBegin(dataset.rowCount, team.index, team.size);
    const own = rowsBetween(dataset, begin, partBegin(dataset.rowCount, team.index + 1, team.size));
    this.#team = team;
    this.#memory = memory;
    this.#whole = dataset;
    this.#own = own;
    this.#firstRow = begin;
    this.#options = options;
    const binned = binTogether(dataset, own, options, team, memory);
    this.#grower = new TreeGrower(binned, options, directions, team, memory);
    this.#marginCount = firstMargins.length;
    this.#margins = repeat(firstMargins, own.rowCount);
    this.#packed = { packed: new Float64Array(own.rowCount), gradientUnit: 1, hessianUnit: 1 };
    this.#weighted = rowsWithWeight(dataset);
    this.#ownWeighted = rowsWithWeight(own);
    this.#weightedBefore = rowsWithWeight(rowsBetween(dataset, 0, begin)).length;
  }

  /** Grows one tree per margin on the same gradients. */
  round(round: number): GrownNode[] {
    const { gradients, hessians } = this.#memory;
    const { index } = this.#team;
    computeGradients(this.#own, this.#margins, gradients[index]!, hessians[index]!);
    const trees: GrownNode[] = [];
    for (let c = 0; c < this.#marginCount; c++) {
      trees.push(
        this.#growTree(c, new Random(this.#options.seed, round * this.#marginCount + c + 1)),
      );
    }
    return trees;
  }

  #growTree(margin: number, random: Random): GrownNode {
    const { rowCount } = this.#own;
    const { index } = this.#team;
    const gradients = columnOf(this.#memory.gradients[index]!, margin, rowCount);
    const hessians = columnOf(this.#memory.hessians[index]!, margin, rowCount);
    const rows = this.#memory.rows[index]!;
    const { count, end, before, drawn } = this.#drawRows(rows, random);
    const { maxGradient, maxHessian } = largestOf(gradients, hessians, rows, count);
    const largest = this.#team.share(Float64Array.of(maxGradient, maxHessian));
    packGradients(gradients, hessians, rows, count, random, this.#packed, {
      ...{ count: drawn, before },
      maxGradient: Math.max(...largest.map(([gradient]) => gradient!)),
      maxHessian: Math.max(...largest.map(([, hessian]) => hessian!)),
    });
    const leaves: OpenLeaf[] = [];
    const tree = this.#grower.grow(
      rows,
      count,
      this.#sampleFeatures(random),
      this.#packed,
      (spans, bounds) => {
        const node = { kind: 'leaf' as const, values: [0], cover: 0 };
        leaves.push({ node, spans, bounds });
        return node;
      },
    );
    this.#settle(leaves, margin, rows);
    // Rows that were not drawn have met no leaf yet.
    for (let i = count; i < end; i++) {
      const value = walkTree(tree, this.#own, rows[i]!).values[0]!;
      this.#margins[rows[i]! * this.#marginCount + margin]! += value;
    }
    return tree;
  }

  /** Gives the leaves their values and moves the margins. One member sums up a leaf, in the order of all rows. */
  #settle(leaves: readonly OpenLeaf[], margin: number, rows: Uint32Array): void {
    const { index, size } = this.#team;
    const results = this.#memory.leaves;
    const loads = new Float64Array(size);
    for (const [leaf, { spans, bounds }] of leaves.entries()) {
      const member = loads.indexOf(Math.min(...loads));
      loads[member]! += countOf(spans);
      if (member !== index) continue;
      const { gradient, hessian, cover } = this.#sumUp(spans, margin);
      const step = clamp(-gradient / (hessian + this.#options.l2 + 1e-12), bounds);
      results[2 * leaf] = Math.fround(this.#options.learningRate * step);
      results[2 * leaf + 1] = cover;
    }
    this.#team.wait();
    const margins = this.#margins;
    const marginCount = this.#marginCount;
    for (const [leaf, { node, spans }] of leaves.entries()) {
      const value = results[2 * leaf]!;
      node.values[0] = value;
      node.cover = results[2 * leaf + 1]!;
      const end = spans.ends[index]!;
      for (let i = spans.begins[index]!; i < end; i++) {
        margins[rows[i]! * marginCount + margin]! += value;
      }
    }
  }

  #sumUp({ begins, ends }: Spans, margin: number) {
    const { weights, rowCount } = this.#whole;
    const { size } = this.#team;
    const memory = this.#memory;
    let gradient = 0;
    let hessian = 0;
    let cover = 0;
    for (let member = 0; member < size; member++) {
      const rows = memory.rows[member]!;
      const gradients = columnOf(memory.gradients[member]!, margin, rows.length);
      const hessians = columnOf(memory.hessians[member]!, margin, rows.length);
      const first = partBegin(rowCount, member, size);
      const [begin, end] = [begins[member]!, ends[member]!];
      for (let i = begin; i < end; i++) {
        const row = rows[i]!;
        gradient += gradients[row]!;
        hessian += hessians[row]!;
      }
      if (weights === null) cover += end - begin;
      else for (let i = begin; i < end; i++) cover += weights[first + rows[i]!]!;
    }
    return { gradient, hessian, cover };
  }

  /**
   * Writes the member's rows of the drawn ones to `rows`, ascending, and behind these `count` its others up to `end`.
   * `drawn` are all members', `before` those of the members before this one.
   */
  #drawRows(rows: Uint32Array, random: Random) {
    const weighted = this.#weighted;
    const { rowFraction } = this.#options;
    const first = this.#firstRow;
    if (rowFraction === 1) {
      rows.set(this.#ownWeighted);
      const own = this.#ownWeighted.length;
      return { count: own, end: own, before: this.#weightedBefore, drawn: weighted.length };
    }
    const drawn = Math.max(1, Math.round(weighted.length * rowFraction));
    const all = weighted.slice();
    random.shuffleFront(all, drawn);
    all.subarray(0, drawn).sort();
    const behind = first + this.#own.rowCount;
    let before = 0;
    let end = 0;
    let count = 0;
    for (let i = 0; i < all.length; i++) {
      if (i === drawn) count = end;
      const row = all[i]!;
      if (row >= first && row < behind) rows[end++] = row - first;
      else if (row < first && i < drawn) before++;
    }
    if (drawn === all.length) count = end;
    return { count, end, before, drawn };
  }

  #sampleFeatures(random: Random): Uint16Array {
    const features = Uint16Array.from(this.#own.featureNames, (_, feature) => feature);
    if (this.#options.columnFraction === 1) return features;
    const count = Math.max(1, Math.round(features.length * this.#options.columnFraction));
    random.shuffleFront(features, count);
    return features.subarray(0, count).sort();
  }
}

/** A leaf whose value is not known yet. */
interface OpenLeaf {
  readonly node: { readonly kind: 'leaf'; readonly values: number[]; cover: number };
  readonly spans: Spans;
  readonly bounds: Bounds;
}

/** Each member finds the cuts of some features, then the bins of its rows. */
function binTogether(
  whole: Dataset,
  own: Dataset,
  { maxBins, seed }: BoostingLimits,
  team: Team,
  memory: BoostingMemory,
): BinnedMatrix {
  const featureCount = whole.featureNames.length;
  const begin = partBegin(featureCount, team.index, team.size);
  const end = partBegin(featureCount, team.index + 1, team.size);
  writeCuts(memory, begin, findCuts(whole, maxBins, seed, begin, end));
  team.wait();
  const binned = binMatrix(own, readCuts(memory));
  for (let f = 0; f < featureCount; f++) {
    if (binned.hasMissing[f] === 1) memory.hasMissing[f] = 1;
  }
  team.wait();
  return { ...binned, hasMissing: memory.hasMissing };
}

function rowsBetween(dataset: Dataset, begin: number, end: number): Dataset {
  const width = dataset.featureNames.length;
  return {
    ...dataset,
    rowCount: end - begin,
    values: dataset.values.subarray(begin * width, end * width),
    labels: dataset.labels.subarray(begin, end),
    weights: dataset.weights?.subarray(begin, end) ?? null,
  };
}

function columnOf(columns: Float64Array, column: number, rowCount: number): Float64Array {
  return columns.subarray(column * rowCount, (column + 1) * rowCount);
}

function rowsWithWeight(dataset: Dataset): Uint32Array {
  const rows: number[] = [];
  for (let row = 0; row < dataset.rowCount; row++) {
    if ((dataset.weights?.[row] ?? 1) > 0) rows.push(row);
  }
  return Uint32Array.from(rows);
}

function repeat(start: Float64Array, rowCount: number): Float64Array {
  const margins = new Float64Array(rowCount * start.length);
  for (let i = 0; i < margins.length; i++) margins[i] = start[i % start.length]!;
  return margins;
}
