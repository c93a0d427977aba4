/** `phantomnet train`: labelled captures to the model file that ships, with the quality it measured on what it never saw. */
import type { StoredModel } from '../core/models/model-file.ts';
import type { BaseExamples } from './base-examples.ts';
import { addExamples, newExampleSets } from './examples.ts';
import { fitModels } from './fit-models.ts';
import type { TrainingPlan } from './training-plan.ts';
import type { TrainingProgress } from './training-progress.ts';

/**
 * Trains all models of `plan`, forests in so many threads. Same captures and seed, same models, to the byte. `base` is what
 * they were trained on.
 */
export async function trainModels(
  plan: TrainingPlan,
  progress: TrainingProgress,
  workerCount = 1,
): Promise<{ models: StoredModel[]; base: BaseExamples }> {
  const sets = newExampleSets();
  const count = plan.captures.length;
  for (const [at, capture] of plan.captures.entries()) {
    progress.step(at, count, capture.name);
    const packets = await addExamples(sets, capture);
    progress.say(`[${at + 1}/${count}] ${capture.name}: ${packets} packets`);
  }
  const dataHashes = plan.captures.map(({ sha256 }) => sha256);
  const models = await fitModels(sets, { seed: plan.seed, dataHashes, workerCount, progress });
  return { models, base: { sets, dataHashes } };
}
