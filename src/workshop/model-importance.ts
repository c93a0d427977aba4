/** What a model file keeps of which features decide, and how it is read. */
import type { StoredModel } from '../core/models/model-file.ts';

const IMPORTANCE = 'importance';
/** Features named, at most. */
const NAMED = 20;

/** @param importance mean size of each feature's contribution to the probability (boosting: log odds) of an attack */
export function importanceReference(importance: Float64Array): Record<string, Float64Array> {
  return { [IMPORTANCE]: importance };
}

/** The features that decide most, first; empty where the file keeps none. */
export function importanceOf({ model, references }: StoredModel) {
  return [...(references[IMPORTANCE] ?? [])]
    .map((contribution, at) => ({ feature: model.featureNames[at] ?? '', contribution }))
    .filter(({ contribution }) => contribution > 0)
    .sort((a, b) => b.contribution - a.contribution)
    .slice(0, NAMED);
}
