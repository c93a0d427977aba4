/**
 * Fourth stage of boosting: grows one tree. The histogram of the smaller child is counted, that of the larger is what
 * remains of the parent's; children at the depth limit need none.
 *
 * A team grows it together: each member counts and divides rows of its own, and adds up and searches the sums of features
 * of its own. Sums are exact and features searched in one order, so the tree is the same for any number of members. Who is
 * alone goes depth first, a node at a time; a team takes some nodes at once, because its members meet three times for each
 * of these waves and wait less where the parts are large.
 */
import type { BinnedMatrix } from './binning.ts';
import type { BoostingMemory } from './boosting-memory.ts';
import type { GrownNode } from './grown-tree.ts';
import {
  addHistograms,
  createHistogram,
  createHistogramBuilder,
  type HistogramBuilder,
  type PackedGradients,
  subtractHistogram,
} from './histogram.ts';
import { type Bounds, childBounds, type Directions, UNBOUNDED } from './monotone.ts';
import { partitionRows } from './row-partition.ts';
import { findSplit, type GradientSplit, type SplitLimits } from './splitting.ts';
import { ALONE, partBegin, SHARE_NUMBERS, type Team, WAVE_NODES } from './team.ts';

export interface GrowLimits extends SplitLimits {
  readonly maxDepth: number;
}

/** A node's rows: of each member `rows[begins[member]..ends[member])`. */
export interface Spans {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** The leaf of these rows, within bounds; the caller computes its value. */
export type MakeLeaf = (spans: Spans, bounds: Bounds) => GrownNode;

/** Grows trees over one binned matrix, the member's rows; its buffers are reused from tree to tree. */
export class TreeGrower {
  readonly #binned: BinnedMatrix;
  readonly #builder: HistogramBuilder;
  readonly #limits: GrowLimits;
  readonly #directions: Directions | null;
  readonly #team: Team;
  /** By node of a wave and by member; empty where it is alone. */
  readonly #parts: readonly (readonly Float64Array[])[];
  readonly #pool: Float64Array[] = [];
  readonly #scratch: Uint32Array;
  readonly #isFeatureUsed: Uint8Array;

  constructor(
    binned: BinnedMatrix,
    limits: GrowLimits,
    directions: Directions | null = null,
    team: Team = ALONE,
    memory: Pick<BoostingMemory, 'histograms'> = { histograms: [] },
  ) {
    this.#binned = binned;
    this.#builder = createHistogramBuilder(binned);
    this.#limits = limits;
    this.#directions = directions;
    this.#team = team;
    this.#parts = memory.histograms;
    this.#scratch = new Uint32Array(binned.rowCount);
    this.#isFeatureUsed = new Uint8Array(binned.featureCount);
  }

  /** Reorders the first `count` of `rows`. Only `features` are split on. */
  grow(
    rows: Uint32Array,
    count: number,
    features: Uint16Array,
    gradients: PackedGradients,
    makeLeaf: MakeLeaf,
  ): GrownNode {
    this.#isFeatureUsed.fill(0);
    for (const feature of features) this.#isFeatureUsed[feature] = 1;
    this.#builder.use(this.#isFeatureUsed);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += gradients.packed[rows[i]!]!;
    const shared = this.#team.share(Float64Array.of(sum, count));
    let total = 0;
    for (const [part] of shared) total += part!;
    const spans = { begins: shared.map(() => 0), ends: shared.map(([, own]) => own!) };
    const { index, size } = this.#team;
    const own = features.subarray(
      partBegin(features.length, index, size),
      partBegin(features.length, index + 1, size),
    );
    const { offsets } = this.#binned;
    const slots =
      size === 1 ? [0, offsets.at(-1)!] : [offsets[own[0]!]!, offsets[own.at(-1)! + 1]!];
    const [slotsBegin = 0, slotsEnd = 0] = own.length === 0 ? [] : slots;
    const tree = { rows, features: own, slotsBegin, slotsEnd, gradients, makeLeaf };
    const histogram = this.#borrow();
    this.#countAll(tree, [{ spans, histogram }]);
    const grown: { root: GrownNode | null } = { root: null };
    const place = (node: GrownNode) => {
      grown.root = node;
    };
    const open: OpenNode[] = [{ spans, depth: 0, total, histogram, bounds: UNBOUNDED, place }];
    const waveNodes = size === 1 ? 1 : WAVE_NODES;
    while (open.length > 0) {
      this.#growWave(tree, open.splice(Math.max(0, open.length - waveNodes)), open);
    }
    if (grown.root === null) throw new RangeError('The tree has no root');
    return grown.root;
  }

  /** Splits the nodes of a wave and appends their children to `open`, or makes them leaves. */
  #growWave(tree: Tree, wave: readonly OpenNode[], open: OpenNode[]): void {
    const found = this.#findSplits(tree, wave);
    const divided = this.#divide(tree, wave, found);
    const counts: Count[] = [];
    const pairs: { parent: Float64Array; smaller: Float64Array }[] = [];
    for (const [at, node] of wave.entries()) {
      const { spans, bounds, total, histogram, place } = node;
      const [split, sides] = [found[at], divided[at]];
      const [leftCount, rightCount] = sides ? [countOf(sides.left), countOf(sides.right)] : [0, 0];
      if (!split || !sides || leftCount === 0 || rightCount === 0) {
        place(tree.makeLeaf(spans, bounds));
        this.#pool.push(histogram);
        continue;
      }
      const grown = this.#placeSplit(node, split);
      const [leftBounds, rightBounds] = childBounds(
        bounds,
        this.#directions?.[split.feature] ?? 0,
        split.leftValue,
        split.rightValue,
      );
      const depth = node.depth + 1;
      if (depth >= this.#limits.maxDepth) {
        grown.left = tree.makeLeaf(sides.left, leftBounds);
        grown.right = tree.makeLeaf(sides.right, rightBounds);
        this.#pool.push(histogram);
        continue;
      }
      const isLeftSmaller = leftCount <= rightCount;
      const smaller = this.#borrow();
      counts.push({ spans: isLeftSmaller ? sides.left : sides.right, histogram: smaller });
      pairs.push({ parent: histogram, smaller });
      open.push(
        {
          ...{ spans: sides.right, depth, total: total - split.left, bounds: rightBounds },
          histogram: isLeftSmaller ? histogram : smaller,
          place: (child) => {
            grown.right = child;
          },
        },
        {
          ...{ spans: sides.left, depth, total: split.left, bounds: leftBounds },
          histogram: isLeftSmaller ? smaller : histogram,
          place: (child) => {
            grown.left = child;
          },
        },
      );
    }
    this.#countAll(tree, counts);
    for (const { parent, smaller } of pairs) {
      subtractHistogram(parent, smaller, tree.slotsBegin, tree.slotsEnd);
    }
  }

  /** A split whose children come later. */
  #placeSplit({ place }: OpenNode, { feature, bin, isMissingLeft }: GradientSplit) {
    const grown = {
      kind: 'split' as const,
      feature,
      // The cut after the last bin: only missing values lie beyond it.
      threshold: this.#binned.cuts[feature]![bin] ?? LARGEST_FLOAT,
      isMissingLeft,
      left: NOTHING,
      right: NOTHING,
    };
    place(grown);
    return grown;
  }

  /** For each node the best of what the members find in their features. */
  #findSplits({ features, gradients }: Tree, wave: readonly OpenNode[]): (GradientSplit | null)[] {
    const directions = this.#directions;
    const own = wave.map(({ histogram, total, bounds }) =>
      findSplit(
        histogram,
        total,
        this.#binned,
        features,
        gradients,
        this.#limits,
        directions && { directions, bounds },
      ),
    );
    if (this.#team.size === 1) return own;
    const numbers = new Float64Array(SPLIT_NUMBERS * wave.length);
    for (const [at, split] of own.entries()) writeSplit(split, numbers, SPLIT_NUMBERS * at);
    const shared = this.#team.share(numbers);
    return wave.map((_, at) => {
      let best: GradientSplit | null = null;
      for (const found of shared) {
        const split = readSplit(found, SPLIT_NUMBERS * at);
        // Of equal ones the first, as one member would find it.
        if (split !== null && (best === null || split.score > best.score)) best = split;
      }
      return best;
    });
  }

  #divide(tree: Tree, wave: readonly OpenNode[], splits: readonly (GradientSplit | null)[]) {
    const { index } = this.#team;
    const own = Float64Array.from(wave, ({ spans: { begins, ends } }, at) => {
      const [begin, end] = [begins[index]!, ends[index]!];
      const split = splits[at];
      return split ? partitionRows(tree.rows, begin, end, this.#binned, split, this.#scratch) : end;
    });
    const shared = this.#team.share(own);
    return wave.map(({ spans: { begins, ends } }, at) => {
      const middles = shared.map((middle) => middle[at]!);
      return { left: { begins, ends: middles }, right: { begins: middles, ends } };
    });
  }

  #countAll(tree: Tree, counts: readonly Count[]): void {
    const { index, size } = this.#team;
    const { packed } = tree.gradients;
    for (const [at, { spans, histogram }] of counts.entries()) {
      const part = size === 1 ? histogram : this.#parts[at]![index]!;
      this.#builder.build(part, packed, tree.rows, spans.begins[index]!, spans.ends[index]!);
    }
    if (size === 1) return;
    // They are written again after the next splits were found, when all have read them.
    this.#team.wait();
    for (const [at, { histogram }] of counts.entries()) {
      addHistograms(histogram, this.#parts[at]!, tree.slotsBegin, tree.slotsEnd);
    }
  }

  #borrow(): Float64Array {
    return this.#pool.pop() ?? createHistogram(this.#binned);
  }
}

/** 2¹²⁸ − 2¹⁰⁴: every finite 32-bit float is at most this. */
export const LARGEST_FLOAT = 3.4028234663852886e38;

/** Numbers of a split that members tell each other. */
const SPLIT_NUMBERS = SHARE_NUMBERS / WAVE_NODES;
/** Stands where a child is not known yet. */
const NOTHING: GrownNode = { kind: 'leaf', values: [], cover: 0 };

/** A node that is neither split nor a leaf yet. */
interface OpenNode {
  readonly spans: Spans;
  readonly depth: number;
  /** Packed sum of its rows. */
  readonly total: number;
  /** The node's own to overwrite. */
  readonly histogram: Float64Array;
  readonly bounds: Bounds;
  readonly place: (node: GrownNode) => void;
}

interface Count {
  readonly spans: Spans;
  readonly histogram: Float64Array;
}

interface Tree {
  readonly rows: Uint32Array;
  /** The member's, and where their sums are. */
  readonly features: Uint16Array;
  readonly slotsBegin: number;
  readonly slotsEnd: number;
  readonly gradients: PackedGradients;
  readonly makeLeaf: MakeLeaf;
}

export function countOf({ begins, ends }: Spans): number {
  return ends.reduce((sum, end, member) => sum + end - begins[member]!, 0);
}

function writeSplit(split: GradientSplit | null, to: Float64Array, at: number): void {
  if (split === null) {
    to[at + 1] = -1;
    return;
  }
  const { score, feature, bin, isMissingLeft, gain, left, leftValue, rightValue } = split;
  const numbers = [score, feature, bin, Number(isMissingLeft), gain, left, leftValue, rightValue];
  to.set(numbers, at);
}

function readSplit(from: Float64Array, at: number): GradientSplit | null {
  const feature = from[at + 1]!;
  if (feature < 0) return null;
  return {
    ...{ score: from[at]!, feature, bin: from[at + 2]!, isMissingLeft: from[at + 3] === 1 },
    ...{ gain: from[at + 4]!, left: from[at + 5]! },
    ...{ leftValue: from[at + 6]!, rightValue: from[at + 7]! },
  };
}
