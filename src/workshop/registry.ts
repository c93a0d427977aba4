/**
 * The registry: model files by their hash, which of them judges (the champion), which is tried beside it (the
 * challenger), who judged before, and the benign captures that a new champion must not raise more on. A folder: the
 * files, which hold their own lineage (data hashes, catalogue, seed, parameters, metrics), and `registry.json`, replaced
 * whole so that a crash leaves the old or the new one.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { decodeModels } from '../core/models/model-file.ts';
import { AppError, fileTrouble } from '../errors.ts';

/** Enough of a hash to name it. */
const MIN_PREFIX = 6;

/** Of benign rows, a challenger may call so many attacks even where the champion calls fewer: alone they alert nobody. */
const MAX_FALSE_SHARE = 0.01;

const Gate = z.strictObject({
  capture: z.string(),
  /** Alerts on a capture without attack: all of them false. */
  champion: z.number(),
  challenger: z.number(),
  /** Conversations and windows judged, and how many of them each called attacks. */
  rows: z.number(),
  champion_rows: z.number(),
  challenger_rows: z.number(),
});
export type GateResult = z.infer<typeof Gate>;

const State = z.strictObject({
  models: z.array(z.strictObject({ hash: z.string(), added_at: z.string(), from: z.string() })),
  /** Null: the model that ships judges. */
  champion: z.string().nullable(),
  challenger: z.string().nullable(),
  /** What became champion when and why, oldest first. */
  history: z.array(
    z.strictObject({
      at: z.string(),
      action: z.enum(['promote', 'rollback']),
      champion: z.string().nullable(),
      before: z.string().nullable(),
      gate: z.array(Gate),
    }),
  ),
  pins: z.array(z.strictObject({ capture: z.string(), sha256: z.string() })),
});
type State = z.infer<typeof State>;

const Counts = z.strictObject({
  rows: z.number(),
  both: z.number(),
  onlyChampion: z.number(),
  onlyChallenger: z.number(),
  distance: z.number(),
});
const ShadowNote = z.strictObject({
  since: z.string(),
  flows: Counts,
  sources: Counts,
  targets: Counts,
});
export type ShadowNote = z.infer<typeof ShadowNote>;

const EMPTY: State = { models: [], champion: null, challenger: null, history: [], pins: [] };

export class ModelRegistry {
  readonly #folder: string;
  readonly #now: () => Date;

  constructor(folder: string, now: () => Date = () => new Date()) {
    this.#folder = folder;
    this.#now = now;
  }

  /** @throws AppError `model_incompatible` naming the file where it is damaged */
  state(): State {
    const path = this.#statePath;
    if (!existsSync(path)) return EMPTY;
    try {
      return State.parse(JSON.parse(readFileSync(path, 'utf8')));
    } catch (error) {
      throw new AppError('model_incompatible', `Cannot use the registry ${path}: it is damaged`, {
        cause: error,
      });
    }
  }

  pathOf(hash: string): string {
    return join(this.#folder, `${hash}.model`);
  }

  /** The file that judges; null: the one that ships. */
  championPath(): string | null {
    const { champion } = this.state();
    return champion === null ? null : this.pathOf(champion);
  }

  challengerPath(): string | null {
    const { challenger } = this.state();
    return challenger === null ? null : this.pathOf(challenger);
  }

  /** Keeps a copy and makes it the challenger. Returns its hash. @throws AppError for what is no model file */
  add(file: string): string {
    const bytes = readBytes(file);
    const { hash } = decodeModels(bytes);
    const state = this.state();
    mkdirSync(this.#folder, { recursive: true });
    this.#replace(this.pathOf(hash), bytes);
    const others = state.models.filter((model) => model.hash !== hash);
    const own = { hash, added_at: this.#now().toISOString(), from: resolve(file) };
    this.#write({
      ...state,
      models: [...others, own],
      challenger: state.champion === hash ? state.challenger : hash,
    });
    return hash;
  }

  /** The whole hash of a registered model from its beginning. @throws AppError `not_found` */
  find(prefix: string): string {
    const found = this.state().models.filter(({ hash }) => hash.startsWith(prefix));
    const [only] = found;
    if (prefix.length < MIN_PREFIX || only === undefined || found.length > 1)
      throw new AppError(
        'not_found',
        `There is no model ${prefix} in the registry, or not only one`,
      );
    return only.hash;
  }

  /** Keeps what a running platform has counted of a challenger, in place of what an earlier run did. */
  noteShadow(hash: string, counts: ShadowNote): void {
    this.#replace(this.#shadowPathOf(hash), `${JSON.stringify(counts)}\n`);
  }

  /** Null where the model has never been in the shadow of live traffic. */
  shadowOf(hash: string): ShadowNote | null {
    const path = this.#shadowPathOf(hash);
    if (!existsSync(path)) return null;
    return ShadowNote.parse(JSON.parse(readFileSync(path, 'utf8')));
  }

  /** Captures without attack, whose alerts a promotion compares. */
  pin(captures: readonly string[]): void {
    const state = this.state();
    const added = captures.map((capture) => ({
      capture: resolve(capture),
      sha256: createHash('sha256').update(readBytes(capture)).digest('hex'),
    }));
    const kept = state.pins.filter(({ capture }) => added.every((pin) => pin.capture !== capture));
    mkdirSync(this.#folder, { recursive: true });
    this.#write({ ...state, pins: [...kept, ...added] });
  }

  /** The pinned captures, unchanged since. @throws AppError `input_invalid` where one is not, or there is none */
  pinned(): string[] {
    const { pins } = this.state();
    if (pins.length === 0)
      throw new AppError(
        'input_invalid',
        'Cannot promote: no benign capture is pinned (phantomnet models pin FILE…)',
      );
    return pins.map(({ capture, sha256 }) => {
      if (createHash('sha256').update(readBytes(capture)).digest('hex') !== sha256)
        throw new AppError(
          'input_invalid',
          `Cannot promote: ${capture} has changed since it was pinned`,
        );
      return capture;
    });
  }

  /** @throws AppError `conflict` where the challenger is worse on any pinned capture */
  promote(hash: string, gate: readonly GateResult[]): void {
    const objection = gate.map(objectionOf).find((reason) => reason !== null);
    if (objection)
      throw new AppError('conflict', `Cannot promote ${hash.slice(0, 12)}: ${objection}`);
    const state = this.state();
    this.#change(state, 'promote', hash, gate, state.challenger === hash ? null : state.challenger);
  }

  /** Back to the champion before the last promotion that was not taken back. @throws AppError `conflict` where there is none */
  rollback(): string | null {
    const state = this.state();
    const stack: (string | null)[] = [];
    for (const { action, before } of state.history) {
      if (action === 'promote') stack.push(before);
      else stack.pop();
    }
    const before = stack.pop();
    if (before === undefined)
      throw new AppError('conflict', 'Cannot roll back: nothing has been promoted');
    this.#change(state, 'rollback', before, [], state.champion);
    return before;
  }

  #change(
    state: State,
    action: 'promote' | 'rollback',
    champion: string | null,
    gate: readonly GateResult[],
    challenger: string | null,
  ): void {
    const at = this.#now().toISOString();
    const entry = { at, action, champion, before: state.champion, gate: [...gate] };
    this.#write({ ...state, champion, challenger, history: [...state.history, entry] });
  }

  #shadowPathOf(hash: string): string {
    return join(this.#folder, `${hash}.shadow.json`);
  }

  get #statePath(): string {
    return join(this.#folder, 'registry.json');
  }

  #write(state: State): void {
    this.#replace(this.#statePath, `${JSON.stringify(state, null, 2)}\n`);
  }

  #replace(path: string, content: string | Uint8Array): void {
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  }
}

/** Why the gate stays shut. Detectors raise most alerts, so what the models say row by row counts too. */
function objectionOf(result: GateResult): string | null {
  const { capture, champion, challenger, rows, champion_rows, challenger_rows } = result;
  if (challenger > champion)
    return `${challenger} false alerts on ${capture}, the champion raises ${champion}`;
  if (challenger_rows > Math.max(champion_rows, MAX_FALSE_SHARE * rows))
    return `${challenger_rows} of ${rows} conversations and windows in ${capture} would be attacks, by the champion ${champion_rows}`;
  return null;
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AppError('input_invalid', `Cannot read ${path}: ${fileTrouble(error)}`, {
      cause: error,
    });
  }
}
