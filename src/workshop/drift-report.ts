/** What the models were trained on, kept in their file value by value; and how far a capture is from it. */
import { BENIGN, MODEL_NAMES } from '../core/engine/judge.ts';
import {
  DRIFT_ALARM,
  driftReference,
  MIN_DRIFT_ROWS,
  populationStability,
} from '../core/models/drift.ts';
import type { Model, StoredModel } from '../core/models/model-file.ts';
import type { ExampleSets, Examples } from './examples.ts';

const FEATURE = 'feature:';
const SCORE = 'score';

export interface DriftRow {
  readonly model: string;
  /** A feature's name, or `score`. */
  readonly value: string;
  /** Population stability. */
  readonly index: number;
  readonly rows: number;
  readonly isAlarm: boolean;
}

/** The references that a model's file keeps of the rows it was trained on. */
export function referencesOf(
  model: Model,
  rows: readonly Float64Array[],
): Record<string, Float64Array> {
  const references = model.featureNames.map((name, feature): [string, Float64Array] => [
    FEATURE + name,
    driftReference(rows.map((row) => row[feature] ?? Number.NaN)),
  ]);
  return Object.fromEntries([...references, [SCORE, driftReference(scoresOf(model, rows))]]);
}

/** Every value of every model that has references, the furthest first. Fewer than `MIN_DRIFT_ROWS` rows alarm nobody. */
export function driftOf(models: readonly StoredModel[], sets: ExampleSets): DriftRow[] {
  return models
    .flatMap(({ name, model, references }) => {
      const { rows } = examplesOf(name, sets);
      return Object.entries(references).map(([key, reference]): DriftRow => {
        const feature = model.featureNames.indexOf(key.slice(FEATURE.length));
        const values =
          key === SCORE ? scoresOf(model, rows) : rows.map((row) => row[feature] ?? Number.NaN);
        const index = populationStability(reference, values);
        const isAlarm = index >= DRIFT_ALARM && rows.length >= MIN_DRIFT_ROWS;
        const value = key === SCORE ? SCORE : key.slice(FEATURE.length);
        return { model: name, value, index, rows: rows.length, isAlarm };
      });
    })
    .sort((a, b) => b.index - a.index);
}

function examplesOf(name: string, { flows, sources, targets }: ExampleSets): Examples {
  if (name === MODEL_NAMES.flow) return flows;
  return name === MODEL_NAMES.target ? targets : sources;
}

function scoresOf(model: Model, rows: readonly Float64Array[]): Float64Array {
  if (model.kind === 'isolation_forest') return Float64Array.from(rows, (row) => model.score(row));
  const benign = model.classNames.indexOf(BENIGN);
  const out = new Float64Array(model.classCount);
  return Float64Array.from(rows, (row) => {
    model.predict(row, out);
    return 1 - (out[benign] ?? 0);
  });
}
