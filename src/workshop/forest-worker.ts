/** A thread of `trainForestInWorkers`: grows some trees of a forest over memory that all threads read. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ForestPlan } from '../core/models/class-grower.ts';
import { growForest } from '../core/models/random-forest.ts';

export interface ForestPart {
  readonly plan: ForestPlan;
  readonly begin: number;
  readonly end: number;
}

const { plan, begin, end } = workerData as ForestPart;
const { featureCount, outputCount, nodes, roots, values, leafCover } = growForest(plan, begin, end);
parentPort?.postMessage({ featureCount, outputCount, nodes, roots, values, leafCover });
