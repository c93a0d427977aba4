/** Boosting by several threads over shared memory. Every sum is exact or made in one order: the model is the same, to the byte, for any number. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BoostedTrees } from '../core/models/boosted-trees.ts';
import type { Dataset } from '../core/models/dataset.ts';
import { createFlatTrees, type FlatTreeArrays } from '../core/models/flat-trees.ts';
import {
  type BoostingOptions,
  joinBoosting,
  planBoosting,
  trainBoosting,
} from '../core/models/gradient-boosting.ts';
import type { BoostingMember } from './boosting-worker.ts';
import { createTeamMemory } from './shared-team.ts';

/** With fewer a thread, starting and meeting take longer than the work. */
const LEAST_ROWS = 25_000;

/** As `trainBoosting`, with up to `workerCount` threads beside this one's waiting; few rows are learned in this one. */
export async function trainBoostingInWorkers(
  dataset: Dataset,
  options: Partial<BoostingOptions>,
  workerCount: number,
  leastRows = LEAST_ROWS,
): Promise<BoostedTrees> {
  const size = Math.min(workerCount, Math.floor(dataset.rowCount / leastRows));
  if (size <= 1) return trainBoosting(dataset, options);
  const shared = { ...dataset, values: shareValues(dataset.values) };
  const allocate = (bytes: number) => new SharedArrayBuffer(bytes);
  const plan = planBoosting(shared, options, null, size, allocate);
  const memory = createTeamMemory(size);
  const members: ReturnType<typeof startMember>[] = [];
  try {
    for (let index = 0; index < size; index++) {
      members.push(startMember({ plan, memory, index, size }));
    }
    const [trees] = await Promise.all(members.map(({ result }) => result));
    if (!trees) throw new Error('The first training thread told no trees');
    return joinBoosting(plan, createFlatTrees(trees));
  } finally {
    // Where one failed, the others wait for it.
    await Promise.all(members.map(({ worker }) => worker.terminate()));
  }
}

function startMember(member: BoostingMember) {
  const file = `./boosting-worker${extname(import.meta.url)}`;
  const worker = new Worker(new URL(file, import.meta.url), { workerData: member, execArgv: [] });
  const result = new Promise<FlatTreeArrays | null>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`A training thread ended with ${code}`)));
  });
  return { worker, result };
}

/** The same where they are shared already. */
function shareValues(values: Dataset['values']): Dataset['values'] {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const shared =
    values instanceof Float64Array
      ? new Float64Array(new SharedArrayBuffer(values.byteLength))
      : new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}
