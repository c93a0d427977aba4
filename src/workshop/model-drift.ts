/** How far rows are from what a model was trained on: value by value against the references in its file, and its score. */
import type { DriftRow } from '../contract/model.ts';
import { BENIGN } from '../core/engine/judge.ts';
import { DRIFT_ALARM, DriftCounts, driftReference, MIN_DRIFT_ROWS } from '../core/models/drift.ts';
import type { Model, StoredModel } from '../core/models/model-file.ts';

const FEATURE = 'feature:';
const SCORE = 'score';

interface Watched {
  /** A feature's name, or `score`. */
  readonly value: string;
  /** Its place in the row; -1: the score. */
  readonly feature: number;
  readonly counts: DriftCounts;
}

export class ModelDrift {
  readonly #stored: StoredModel;
  readonly #watched: readonly Watched[];
  readonly #out: Float64Array;
  #rows = 0;

  /** Empty where the file keeps nothing of the training. */
  constructor(stored: StoredModel) {
    const { model, references } = stored;
    this.#stored = stored;
    this.#out = outputOf(model);
    this.#watched = Object.entries(references).flatMap(([key, reference]) => {
      if (key === SCORE) return [{ value: SCORE, feature: -1, counts: new DriftCounts(reference) }];
      if (!key.startsWith(FEATURE)) return [];
      const value = key.slice(FEATURE.length);
      const feature = model.featureNames.indexOf(value);
      return [{ value, feature, counts: new DriftCounts(reference) }];
    });
  }

  get isEmpty(): boolean {
    return this.#watched.length === 0;
  }

  add(row: Float64Array): void {
    this.#rows++;
    for (const { feature, counts } of this.#watched)
      counts.add(
        feature < 0 ? scoreOf(this.#stored.model, row, this.#out) : (row[feature] ?? Number.NaN),
      );
  }

  /** Adds what another of the same model has seen. */
  merge(other: ModelDrift): void {
    this.#rows += other.#rows;
    for (const [at, { counts }] of other.#watched.entries())
      this.#watched[at]?.counts.merge(counts);
  }

  /** The furthest first. Fewer than `MIN_DRIFT_ROWS` rows alarm nobody. */
  report(): DriftRow[] {
    return this.#watched
      .map(({ value, counts }) => {
        const stability = counts.stability();
        return {
          model: this.#stored.name,
          value,
          population_stability: stability,
          rows: this.#rows,
          alarm: stability >= DRIFT_ALARM && this.#rows >= MIN_DRIFT_ROWS,
        };
      })
      .sort(byDistance);
  }
}

/** The furthest first. */
export function byDistance(a: DriftRow, b: DriftRow): number {
  return b.population_stability - a.population_stability;
}

/** The references that a model's file keeps of the rows it was trained on. */
export function driftReferences(
  model: Model,
  rows: readonly Float64Array[],
): Record<string, Float64Array> {
  const out = outputOf(model);
  const references = model.featureNames.map((name, feature): [string, Float64Array] => [
    FEATURE + name,
    driftReference(rows.map((row) => row[feature] ?? Number.NaN)),
  ]);
  const scores = Float64Array.from(rows, (row) => scoreOf(model, row, out));
  return Object.fromEntries([...references, [SCORE, driftReference(scores)]]);
}

function outputOf(model: Model): Float64Array {
  return new Float64Array(model.kind === 'isolation_forest' ? 0 : model.classCount);
}

/** How much of an attack, or how unusual, the model takes a row for; not calibrated. */
function scoreOf(model: Model, row: Float64Array, out: Float64Array): number {
  if (model.kind === 'isolation_forest') return model.score(row);
  model.predict(row, out);
  return 1 - (out[model.classNames.indexOf(BENIGN)] ?? 0);
}
