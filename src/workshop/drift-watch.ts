/**
 * Drift of live traffic: a sample of the conversations and windows that the champion judges, over this period and the one
 * before, so that what is reported is neither a moment nor all that ever was.
 */

import type { FlowRecord } from '../contract/flow.ts';
import type { DriftRow } from '../contract/model.ts';
import type { WindowRow } from '../contract/window.ts';
import { MODEL_NAMES } from '../core/engine/judge.ts';
import { FLOW_FEATURE_COUNT, flowVector } from '../core/features/flow-vector.ts';
import type { ModelFile, StoredModel } from '../core/models/model-file.ts';
import { byDistance, ModelDrift } from './model-drift.ts';

/** Rows of each kind looked at in one batch, spread over it: of a flood, more would say the same. */
const MAX_ROWS = 500;

export class DriftWatch {
  readonly hash: string;
  readonly #models: readonly StoredModel[];
  #current: Map<string, ModelDrift>;
  #before: Map<string, ModelDrift>;
  readonly #vector = new Float64Array(FLOW_FEATURE_COUNT);

  constructor({ hash, models }: ModelFile) {
    this.hash = hash;
    this.#models = models;
    this.#current = this.#fresh();
    this.#before = this.#fresh();
  }

  /** False: the file keeps nothing of its training to compare with. */
  get canTell(): boolean {
    return [...this.#current.values()].some((drift) => !drift.isEmpty);
  }

  observe(rows: { flows: readonly FlowRecord[]; windows: readonly WindowRow[] }): void {
    this.#sample(rows.flows, (flow) => {
      flowVector(flow, this.#vector);
      this.#current.get(MODEL_NAMES.flow)?.add(this.#vector);
    });
    const judged = rows.windows.filter(({ size, scope }) => size === 5 && scope !== 'network');
    this.#sample(judged, ({ scope, values }) => {
      const { target, source, isolation } = MODEL_NAMES;
      for (const name of scope === 'target' ? [target] : [source, isolation])
        this.#current.get(name)?.add(values);
    });
  }

  /** A new period begins; what was before the last one counts no more. */
  turn(): void {
    this.#before = this.#current;
    this.#current = this.#fresh();
  }

  /** Of all models, the furthest first. */
  report(): DriftRow[] {
    return this.#models
      .flatMap((stored) => {
        const sum = new ModelDrift(stored);
        for (const period of [this.#before, this.#current]) {
          const part = period.get(stored.name);
          if (part) sum.merge(part);
        }
        return sum.report();
      })
      .sort(byDistance);
  }

  #fresh(): Map<string, ModelDrift> {
    return new Map(this.#models.map((stored) => [stored.name, new ModelDrift(stored)]));
  }

  #sample<Row>(rows: readonly Row[], visit: (row: Row) => void): void {
    const step = Math.max(1, Math.ceil(rows.length / MAX_ROWS));
    for (const [at, row] of rows.entries()) if (at % step === 0) visit(row);
  }
}
