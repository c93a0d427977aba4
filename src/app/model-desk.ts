/** What people ask of the models: which there are, how good, and to let another judge. The platform follows at once. */
import type {
  ModelCard,
  ModelChange,
  ModelDetail,
  ModelEntry,
  ModelList,
} from '../contract/model.ts';
import type { DetectionLimits } from '../core/detection/detection-limits.ts';
import { Judge } from '../core/engine/judge.ts';
import type { ModelFile } from '../core/models/model-file.ts';
import { AppError } from '../errors.ts';
import type { ModelRow, ModelSeats } from '../store/models.ts';
import { runGate } from '../workshop/gate.ts';
import { cardOf } from '../workshop/model-card.ts';
import { readBytes } from '../workshop/read-bytes.ts';
import { readModels } from '../workshop/read-models.ts';
import type { ModelRegistry } from '../workshop/registry.ts';
import type { Judging } from './judging.ts';
import type { Log } from './log.ts';
import { readModelFile } from './model.ts';
import { requireChoice, requireOther } from './model-choice.ts';
import { SHIPPED_MODEL } from './package-paths.ts';

export interface ModelDeskOptions {
  readonly registry: ModelRegistry;
  readonly judging: Judging;
  readonly configured: string | null;
  readonly limits: DetectionLimits;
  readonly falseAlarmsPerDay: number;
  readonly log: Log;
}

export class ModelDesk {
  readonly #options: ModelDeskOptions;
  readonly #shipped: ModelFile | null;
  #isPromoting = false;

  constructor(options: ModelDeskOptions) {
    this.#options = options;
    this.#shipped = shippedFile();
  }

  async list(): Promise<ModelList> {
    const { registry, judging, configured } = this.#options;
    const history = await registry.history();
    return {
      judging: judging.judge?.hash ?? null,
      reason: judging.reason,
      configured,
      models: await this.#entries(),
      history: history.reverse(),
      pins: await registry.pins(),
    };
  }

  /** @throws AppError `not_found` */
  async show(hash: string): Promise<ModelDetail> {
    const { registry } = this.#options;
    const entry = (await this.#entries()).find((model) => model.hash === hash);
    if (!entry) throw new AppError('not_found', `There is no model ${hash}`);
    return {
      entry,
      cards: await this.#cards(hash),
      shadow: await registry.shadowOf(hash),
      drift: await registry.driftOf(hash),
    };
  }

  /** By the thresholds that are in force here, where the file is still there. */
  async #cards(hash: string): Promise<ModelCard[]> {
    const { registry, falseAlarmsPerDay } = this.#options;
    const path = hash === this.#shipped?.hash ? SHIPPED_MODEL : registry.pathOf(hash);
    try {
      return readModelFile(path).models.map((stored) => cardOf(stored, falseAlarmsPerDay));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const row = (await registry.models()).find((model) => model.hash === hash);
      return row?.cards ?? [];
    }
  }

  /** It becomes the challenger. @throws AppError `input_invalid` for one that could not judge here, `conflict` */
  async add(bytes: Uint8Array, by: string): Promise<ModelChange> {
    const hash = hashOfJudge(bytes);
    const { champion } = await this.#options.registry.seats();
    // A registered champion may be added again: so a lost file comes back.
    if (champion === null) requireOther('add', hash, this.#championOf(null));
    const change = await this.#options.registry.add(bytes, 'uploaded', by);
    return await this.#follow(change);
  }

  /** @throws AppError `conflict` where the gate stays shut or another promotion is under way, `not_found`, `input_invalid` */
  async promote(prefix: string, by: string): Promise<ModelChange> {
    const { registry, judging, limits, falseAlarmsPerDay, log } = this.#options;
    requireChoice(this.#options.configured);
    if (this.#isPromoting)
      throw new AppError('conflict', 'Cannot promote: another promotion is being tried');
    this.#isPromoting = true;
    try {
      const hash = await registry.find(prefix);
      const seats = await registry.seats();
      requireOther('promote', hash, this.#championOf(seats.champion));
      const gate = await runGate({
        captures: await registry.pinned(),
        champion: judging.path === null ? null : readBytes(judging.path),
        challenger: readBytes(registry.pathOf(hash)),
        limits,
        falseAlarmsPerDay,
      });
      const change = await registry.promote(hash, gate, { against: seats.champion, by });
      return await this.#follow(change);
    } catch (error) {
      if (error instanceof AppError) log.warn({ by, model: prefix }, error.message);
      throw error;
    } finally {
      this.#isPromoting = false;
    }
  }

  /** @throws AppError `conflict` where nothing has been promoted */
  async rollback(by: string): Promise<ModelChange> {
    requireChoice(this.#options.configured);
    return await this.#follow(await this.#options.registry.rollback(by));
  }

  #championOf(seated: string | null): string | null {
    return seated ?? this.#shipped?.hash ?? null;
  }

  async #follow(change: ModelChange): Promise<ModelChange> {
    const { log, judging } = this.#options;
    const { action, model, before, by } = change;
    log.warn({ action, model, before, by }, 'models changed');
    await judging.refresh();
    return change;
  }

  async #entries(): Promise<ModelEntry[]> {
    const { registry } = this.#options;
    const seats = await registry.seats();
    const rows = await registry.models();
    const entries = rows.map((row) => entryOf(row, seats, this.#shipped?.hash));
    const shipped = this.#shipped;
    if (!shipped || rows.some(({ hash }) => hash === shipped.hash)) return entries.reverse();
    const own: ModelEntry = {
      hash: shipped.hash,
      state: seats.champion === null ? 'champion' : 'kept',
      is_shipped: true,
      added_at: null,
      added_by: null,
      origin: 'ships with this version',
    };
    return [...entries.reverse(), own];
  }
}

/** @throws AppError `input_invalid` for one that could not judge here */
function hashOfJudge(bytes: Uint8Array): string {
  try {
    return new Judge(readModels(bytes)).hash;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('input_invalid', error.message, { cause: error });
  }
}

function entryOf(row: ModelRow, seats: ModelSeats, shipped: string | undefined): ModelEntry {
  const { hash, added_at, added_by, origin } = row;
  const champion = seats.champion ?? shipped;
  const state = hash === champion ? 'champion' : hash === seats.challenger ? 'challenger' : 'kept';
  const is_shipped = hash === shipped;
  return { hash, state, is_shipped, added_at: added_at.toISOString(), added_by, origin };
}

/** Null where it is not there, as in a package without it: then it is none of the models. */
function shippedFile(): ModelFile | null {
  try {
    return readModelFile(SHIPPED_MODEL);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}
