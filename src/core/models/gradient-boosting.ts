/**
 * Gradient boosted trees of the second order, over binned features: binning, histogram, splitting,
 * grower and run, one file each; here the options and when to stop. It stops early on a validation part that the caller chooses
 * (by time, host or capture: random rows would flatter).
 */
import { AppError } from '../../errors.ts';
import { BoostedTrees } from './boosted-trees.ts';
import { firstMargins } from './boosting-loss.ts';
import { createBoostingMemory } from './boosting-memory.ts';
import { type BoostingLimits, type BoostingPlan, BoostingRun, HeldOut } from './boosting-run.ts';
import { type ClassWeights, weighRows } from './class-weights.ts';
import type { Dataset } from './dataset.ts';
import { type FlatTrees, flattenTrees, MAX_DEPTH } from './flat-trees.ts';
import type { GrownNode } from './grown-tree.ts';
import { directionsOf } from './monotone.ts';
import { checkOptions, SEED_RANGE } from './options.ts';
import { ALONE, type Team } from './team.ts';

export interface BoostingOptions extends BoostingLimits {
  /** Rounds: trees per margin; 100. */
  readonly roundCount: number;
  /** Stop after so many rounds without a lower validation loss; 20. Without a validation part: never. */
  readonly patienceRounds: number;
  /** None by default. They do not weigh the validation part. */
  readonly classWeights: ClassWeights;
  /** By feature name: 1 where more of it may only speak for the second class, −1 where only against. Two classes only. */
  readonly monotone: Readonly<Record<string, number>>;
}

const DEFAULTS: BoostingOptions = {
  roundCount: 100,
  maxDepth: 6,
  learningRate: 0.1,
  l2: 1,
  minChildWeight: 1,
  minSplitGain: 0,
  rowFraction: 1,
  columnFraction: 1,
  patienceRounds: 20,
  maxBins: 255,
  seed: 1,
  classWeights: null,
  monotone: {},
};

/** Throws `input_invalid` for options out of range. The same data, options and seed give the same trees. */
export function trainBoosting(
  dataset: Dataset,
  options: Partial<BoostingOptions> = {},
  validation: Dataset | null = null,
): BoostedTrees {
  const plan = planBoosting(dataset, options, validation);
  return joinBoosting(plan, growBoosting(plan, ALONE));
}

/** Checks the options. `allocate` gives the memory that `teamSize` threads share. */
export function planBoosting(
  dataset: Dataset,
  options: Partial<BoostingOptions> = {},
  validation: Dataset | null = null,
  teamSize = 1,
  allocate: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): BoostingPlan {
  const { classWeights, monotone, ...settings } = { ...DEFAULTS, ...options };
  checkOptions('gradient boosting', settings, {
    roundCount: { min: 1, max: 10_000, isWhole: true },
    maxDepth: { min: 1, max: MAX_DEPTH, isWhole: true },
    learningRate: { min: 1e-6, max: 10 },
    l2: { min: 0, max: 1e6 },
    minChildWeight: { min: 0, max: 1e9 },
    minSplitGain: { min: 0, max: 1e9 },
    rowFraction: { min: 0.001, max: 1 },
    columnFraction: { min: 0.001, max: 1 },
    patienceRounds: { min: 1, max: 10_000, isWhole: true },
    maxBins: { min: 2, max: 255, isWhole: true },
    seed: SEED_RANGE,
  });
  if (dataset.classNames.length < 2) {
    throw new AppError('input_invalid', 'Cannot train gradient boosting: it needs two classes');
  }
  if (validation !== null) checkSameShape(dataset, validation);
  const directions = directionsOf(monotone, dataset.featureNames);
  if (directions !== null && dataset.classNames.length !== 2) {
    throw new AppError(
      'input_invalid',
      `Cannot train gradient boosting: monotone needs two classes, there are ${dataset.classNames.length}`,
    );
  }
  const weights = weighRows('gradient boosting', dataset, classWeights);
  const weighed = classWeights === null ? dataset : { ...dataset, weights };
  const start = firstMargins(weighed);
  const memory = createBoostingMemory(
    {
      ...{ rowCount: dataset.rowCount, featureCount: dataset.featureNames.length },
      ...{ marginCount: start.length, maxDepth: settings.maxDepth, teamSize },
    },
    allocate,
  );
  return {
    dataset: weighed,
    validation,
    options: settings,
    directions,
    firstMargins: start,
    memory,
  };
}

/** What each member of the team does; all come to the same trees. */
export function growBoosting(plan: BoostingPlan, team: Team): FlatTrees {
  const { dataset, validation, options, firstMargins: start } = plan;
  const run = new BoostingRun(plan, team);
  const held = validation === null ? null : new HeldOut(validation, start);
  const trees: GrownNode[] = [];
  let kept = 0;
  for (let round = 0; round < options.roundCount; round++) {
    const grown = run.round(round);
    trees.push(...grown);
    if (held === null || held.isBestAfter(grown)) kept = trees.length;
    else if (trees.length - kept >= options.patienceRounds * start.length) break;
  }
  return flattenTrees(trees.slice(0, kept || start.length), dataset.featureNames.length, 1);
}

/** The model of a plan and the trees that grew from it. */
export function joinBoosting(
  { dataset: { featureNames, classNames }, firstMargins: start }: BoostingPlan,
  trees: FlatTrees,
): BoostedTrees {
  return new BoostedTrees(featureNames, classNames, start, trees);
}

function checkSameShape(dataset: Dataset, validation: Dataset): void {
  const isSame =
    dataset.featureNames.join('\n') === validation.featureNames.join('\n') &&
    dataset.classNames.join('\n') === validation.classNames.join('\n');
  if (!isSame) {
    throw new AppError(
      'input_invalid',
      'Cannot train gradient boosting: the validation part has other features or classes',
    );
  }
}
