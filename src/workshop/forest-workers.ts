/**
 * A random forest by several threads over one copy of the binned rows. Each tree has its own seed: the forest is the same,
 * to the byte, for any number of threads.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Dataset } from '../core/models/dataset.ts';
import type { FlatTreeArrays } from '../core/models/flat-trees.ts';
import {
  growForest,
  joinForest,
  planForest,
  type RandomForest,
  type RandomForestOptions,
} from '../core/models/random-forest.ts';
import type { ForestPart } from './forest-worker.ts';

/** As `trainRandomForest`, with `workerCount` threads beside this one's waiting; 1 needs none. */
export async function trainForestInWorkers(
  dataset: Dataset,
  options: Partial<RandomForestOptions> & { readonly treeCount: number },
  workerCount: number,
): Promise<RandomForest> {
  const { treeCount } = options;
  const count = Math.min(workerCount, treeCount);
  if (count <= 1)
    return joinForest(dataset, [growForest(planForest(dataset, options), 0, treeCount)]);
  const plan = planForest(dataset, options, (bytes) => new SharedArrayBuffer(bytes));
  const parts = Array.from({ length: count }, (_, part) =>
    growInWorker({
      plan,
      begin: Math.round((part * treeCount) / count),
      end: Math.round(((part + 1) * treeCount) / count),
    }),
  );
  return joinForest(dataset, await Promise.all(parts));
}

function growInWorker(part: ForestPart): Promise<FlatTreeArrays> {
  const file = `./forest-worker${extname(import.meta.url)}`;
  const worker = new Worker(new URL(file, import.meta.url), { workerData: part, execArgv: [] });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`A training thread ended with ${code}`)));
  });
}
