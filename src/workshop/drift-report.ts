/** How far captures are from what the models were trained on. */
import type { DriftRow } from '../contract/model.ts';
import { MODEL_NAMES } from '../core/engine/judge.ts';
import type { StoredModel } from '../core/models/model-file.ts';
import type { ExampleSets, Examples } from './examples.ts';
import { byDistance, ModelDrift } from './model-drift.ts';

/** Every value of every model that has references, the furthest first. */
export function driftOf(models: readonly StoredModel[], sets: ExampleSets): DriftRow[] {
  return models
    .flatMap((stored) => {
      const drift = new ModelDrift(stored);
      for (const row of examplesOf(stored.name, sets).rows) drift.add(row);
      return drift.report();
    })
    .sort(byDistance);
}

function examplesOf(name: string, { flows, sources, targets }: ExampleSets): Examples {
  if (name === MODEL_NAMES.flow) return flows;
  return name === MODEL_NAMES.target ? targets : sources;
}
