/** A thread of `trainBoostingInWorkers`: a member of the team that boosts; the first tells the trees. */
import { parentPort, workerData } from 'node:worker_threads';
import type { BoostingPlan } from '../core/models/boosting-run.ts';
import { growBoosting } from '../core/models/gradient-boosting.ts';
import { SharedTeam, type TeamMemory } from './shared-team.ts';

export interface BoostingMember {
  readonly plan: BoostingPlan;
  readonly memory: TeamMemory;
  readonly index: number;
  readonly size: number;
}

const { plan, memory, index, size } = workerData as BoostingMember;
const { featureCount, outputCount, nodes, roots, values, leafCover } = growBoosting(
  plan,
  new SharedTeam(memory, index, size),
);
parentPort?.postMessage(
  index === 0 ? { featureCount, outputCount, nodes, roots, values, leafCover } : null,
);
