/** What the members of a team that boosts must see of each other; memory that several threads may share. */
import { partBegin, WAVE_NODES } from './team.ts';

/** Cuts per feature at most. */
const MAX_CUTS = 254;
const SLOTS = MAX_CUTS + 2;

export interface BoostingMemory {
  /** Per feature, the cuts from `f * 254` on. */
  readonly cuts: Float32Array;
  readonly cutCounts: Uint8Array;
  readonly hasMissing: Uint8Array;
  /** By member; per margin as many as it has rows. */
  readonly gradients: readonly Float64Array[];
  readonly hessians: readonly Float64Array[];
  /** By member: numbers of its rows, counted from its first. */
  readonly rows: readonly Uint32Array[];
  /** By node of a wave and by member: the histogram of its rows. Empty where there is one member. */
  readonly histograms: readonly (readonly Float64Array[])[];
  /** Value and cover by leaf of the tree. */
  readonly leaves: Float64Array;
}

export interface BoostingSize {
  readonly rowCount: number;
  readonly featureCount: number;
  readonly marginCount: number;
  readonly maxDepth: number;
  readonly teamSize: number;
}

export function createBoostingMemory(
  { rowCount, featureCount, marginCount, maxDepth, teamSize }: BoostingSize,
  allocate: (bytes: number) => ArrayBufferLike,
): BoostingMemory {
  const members = Array.from({ length: teamSize }, (_, member) => member);
  const rowsOf = (member: number) =>
    partBegin(rowCount, member + 1, teamSize) - partBegin(rowCount, member, teamSize);
  const perRow = () =>
    members.map((member) => new Float64Array(allocate(8 * rowsOf(member) * marginCount)));
  const histogramBytes = 8 * (featureCount * SLOTS + 1);
  return {
    cuts: new Float32Array(allocate(4 * featureCount * MAX_CUTS)),
    cutCounts: new Uint8Array(allocate(featureCount)),
    hasMissing: new Uint8Array(allocate(featureCount)),
    gradients: perRow(),
    hessians: perRow(),
    rows: members.map((member) => new Uint32Array(allocate(4 * rowsOf(member)))),
    histograms: Array.from({ length: teamSize === 1 ? 0 : WAVE_NODES }, () =>
      members.map(() => new Float64Array(allocate(histogramBytes))),
    ),
    leaves: new Float64Array(allocate(16 * Math.min(rowCount, 2 ** Math.min(maxDepth, 30)))),
  };
}

/** Of features from `first` on. */
export function writeCuts(
  { cuts, cutCounts }: BoostingMemory,
  first: number,
  own: readonly Float32Array[],
): void {
  for (const [at, list] of own.entries()) {
    cutCounts[first + at] = list.length;
    cuts.set(list, (first + at) * MAX_CUTS);
  }
}

export function readCuts({ cuts, cutCounts }: BoostingMemory): Float32Array[] {
  return Array.from(cutCounts, (count, feature) =>
    Float32Array.from(cuts.subarray(feature * MAX_CUTS, feature * MAX_CUTS + count)),
  );
}
