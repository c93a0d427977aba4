/**
 * Which model judges live traffic, now: what the registry says, taken over while packets come in. Beside the judge run
 * the challenger in its shadow and the watch for drift; a change of either begins them anew.
 */
import type { AnalysedBatch } from '../contract/analysis.ts';
import { Judge } from '../core/engine/judge.ts';
import { AppError } from '../errors.ts';
import type { ModelSeats } from '../store/models.ts';
import { DriftWatch } from '../workshop/drift-watch.ts';
import type { ModelRegistry } from '../workshop/registry.ts';
import type { Log } from './log.ts';
import { readModelFile } from './model.ts';
import { SHIPPED_MODEL } from './package-paths.ts';
import { type ShadowRun, startShadow } from './shadow-run.ts';

/** Drift is told over one to two of these. */
const DRIFT_PERIOD_MS = 3_600_000;

const CHANGED = 'another model judges';

export interface JudgingOptions {
  readonly registry: ModelRegistry;
  /** The file of the configuration: it judges whoever is champion. */
  readonly configured: string | null;
  /** Of each class and model, at most. */
  readonly falseAlarmsPerDay: number;
  readonly log: Log;
}

export class Judging {
  readonly #options: JudgingOptions;
  readonly #listeners: ((judge: Judge | null) => void)[] = [];
  #judge: Judge | null = null;
  #reason: string | null = null;
  /** What was last to be taken over; undefined: nothing yet. */
  #wanted: string | undefined;
  #path: string | null = null;
  #challenger: string | null = null;
  #challengerReason: string | null = null;
  #shadow: ShadowRun | null = null;
  #drift: DriftWatch | null = null;
  #driftSinceMs = 0;
  readonly #alarmed = new Set<string>();
  #refreshed: Promise<unknown> = Promise.resolve();

  constructor(options: JudgingOptions) {
    this.#options = options;
  }

  /** Null: there is none that could, see `reason`. */
  get judge(): Judge | null {
    return this.#judge;
  }

  /** Why nobody judges, or why it is not the champion. */
  get reason(): string | null {
    return this.#reason;
  }

  /** The file that judges; null: none does. */
  get path(): string | null {
    return this.#path;
  }

  get driftAlarms(): number {
    return this.#alarmed.size;
  }

  /** Told of every judge from now on. */
  onChange(listener: (judge: Judge | null) => void): void {
    this.#listeners.push(listener);
  }

  /** The file that is to judge. */
  pathOf({ champion }: ModelSeats): string {
    const { configured, registry } = this.#options;
    return configured ?? (champion === null ? SHIPPED_MODEL : registry.pathOf(champion));
  }

  /** Takes over what the registry says, also what another process has changed in it. */
  refresh(): Promise<void> {
    // One after the other: what was read first must not be taken over last.
    const next = this.#refreshed.then(() => this.#refresh());
    this.#refreshed = next.catch(() => {});
    return next;
  }

  async #refresh(): Promise<void> {
    const { registry } = this.#options;
    const seats = await registry.seats();
    const path = this.pathOf(seats);
    // What could not be read may have come since: files reach machines later than the registry.
    if (path !== this.#wanted || this.#reason !== null) {
      this.#take(path);
      if (this.#reason === null) registry.noteChampion(seats.champion);
    }
    await this.#tryBeside(seats.challenger);
  }

  /** A file that cannot judge leaves the one that did in its place, or else the one that ships. */
  #take(wanted: string): void {
    const { log, configured } = this.#options;
    const before = this.#judge;
    this.#wanted = wanted;
    const reason = this.#reasonAgainst(wanted);
    const isNews = reason !== this.#reason;
    this.#reason = reason;
    if (reason !== null && !before && configured === null) this.#reasonAgainst(SHIPPED_MODEL);
    const after = this.#judge;
    if (reason !== null && isNews) {
      const rest = after ? `${after.hash.slice(0, 12)} judges` : 'Detectors run without it';
      log.warn(`No model: ${reason}. ${rest}`);
    }
    if (!after || after === before) return;
    log.warn({ before: before?.hash ?? null, hash: after.hash, path: this.#path }, CHANGED);
    for (const tell of this.#listeners) tell(after);
  }

  /** Lets the file judge; otherwise says why it cannot. */
  #reasonAgainst(path: string): string | null {
    try {
      const file = readModelFile(path);
      this.#judge = new Judge(file, this.#options.falseAlarmsPerDay);
      this.#path = path;
      const watch = new DriftWatch(file);
      this.#drift = watch.canTell ? watch : null;
      this.#driftSinceMs = Date.now();
      this.#alarmed.clear();
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return error.message;
    }
  }

  /** That a challenger cannot judge is no reason not to go on. */
  async #tryBeside(challenger: string | null): Promise<void> {
    const isOther = challenger !== this.#challenger;
    if (!isOther && (this.#shadow || challenger === null)) return;
    const last = this.#shadow;
    if (isOther) this.#challengerReason = null;
    this.#challenger = challenger;
    this.#shadow = null;
    try {
      if (challenger !== null) this.#shadow = startShadow(this.#options, challenger);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.message !== this.#challengerReason)
        this.#options.log.warn(`No challenger: ${error.message}`);
      this.#challengerReason = error.message;
    }
    await last?.save();
  }

  observe(batch: AnalysedBatch): void {
    this.#shadow?.observe(batch);
    this.#drift?.observe(batch);
  }

  /** Writes down what has been counted, and says which values have begun to drift. */
  async save(): Promise<void> {
    const { registry, log } = this.#options;
    await this.#shadow?.save();
    const watch = this.#drift;
    if (!watch) return;
    const rows = watch.report();
    for (const { model, value, population_stability } of rows.filter(({ alarm }) => alarm)) {
      const name = `${model} ${value}`;
      if (this.#alarmed.has(name)) continue;
      this.#alarmed.add(name);
      log.warn(
        { model, value, population_stability },
        `${value} is not what ${model} was trained on`,
      );
    }
    if ((rows[0]?.rows ?? 0) > 0) await registry.noteDrift(watch.hash, rows);
    if (Date.now() - this.#driftSinceMs < DRIFT_PERIOD_MS) return;
    watch.turn();
    this.#driftSinceMs = Date.now();
  }
}
