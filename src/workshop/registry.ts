/**
 * The registry: which model judges (the champion), which is tried beside it (the challenger), who judged before, and the
 * benign captures that a new champion must not raise more on. The database holds it, the folder only the files, each
 * under its hash; a note beside them names the champion for commands that read captures without a database.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type {
  DriftRow,
  GateResult,
  ModelChange,
  ModelPin,
  ModelShadow,
} from '../contract/model.ts';
import { AppError } from '../errors.ts';
import type { Database, Transaction } from '../store/database.ts';
import {
  addToShadow,
  deletePin,
  forgetShadow,
  insertChange,
  listChanges,
  listModels,
  listPins,
  lockSeats,
  type ModelRow,
  type ModelSeats,
  readDrift,
  readSeats,
  readShadow,
  upsertModel,
  upsertPin,
  writeDrift,
  writeSeats,
} from '../store/models.ts';
import { objectionOf } from './gate.ts';
import { joinDrift } from './join-drift.ts';
import { cardOf } from './model-card.ts';
import { readBytes } from './read-bytes.ts';
import { readModels } from './read-models.ts';
import { requirePackets } from './require-packets.ts';

/** Enough of a hash to name it. */
const MIN_PREFIX = 6;
/** Of files kept, at most: each may be as large as a model is. */
const MAX_MODELS = 200;
const HASH = /^[0-9a-f]{64}$/;

export class ModelRegistry {
  readonly #db: Database;
  readonly #folder: string;
  readonly #process = randomUUID();

  /** The folder is made when the first model comes. */
  constructor(db: Database, folder: string) {
    this.#db = db;
    this.#folder = folder;
  }

  pathOf(hash: string): string {
    return join(this.#folder, `${hash}.model`);
  }

  models(): Promise<ModelRow[]> {
    return listModels(this.#db);
  }

  seats(): Promise<ModelSeats> {
    return readSeats(this.#db);
  }

  /** Oldest first. */
  history(): Promise<ModelChange[]> {
    return listChanges(this.#db);
  }

  pins(): Promise<ModelPin[]> {
    return listPins(this.#db);
  }

  /**
   * Keeps a copy and makes it the challenger.
   * @param origin where it came from, for people
   * @throws AppError for what is no model file; `conflict` where there is no room
   */
  async add(bytes: Uint8Array, origin: string, by: string): Promise<ModelChange> {
    const { hash, models } = readModels(bytes);
    return this.#db.transaction(async (tx) => {
      const seats = await lockSeats(tx);
      const known = await listModels(tx);
      if (known.length >= MAX_MODELS && known.every((row) => row.hash !== hash))
        throw new AppError('conflict', `Cannot add a model: ${MAX_MODELS} are kept already`);
      mkdirSync(this.#folder, { recursive: true });
      replaceFile(this.pathOf(hash), bytes);
      await upsertModel(tx, {
        hash,
        added_by: by,
        origin,
        byte_count: bytes.length,
        cards: models.map((stored) => cardOf(stored)),
      });
      if (seats.champion !== hash && seats.challenger !== hash) {
        await writeSeats(tx, { ...seats, challenger: hash });
        await forgetShadow(tx, hash);
      }
      const { champion: before } = seats;
      return insertChange(tx, { action: 'add', model: hash, before, by, gate: [] });
    });
  }

  /** The whole hash of a registered model from its beginning. @throws AppError `not_found` */
  async find(prefix: string): Promise<string> {
    const found = (await this.models()).filter(({ hash }) => hash.startsWith(prefix));
    const [only] = found;
    if (prefix.length < MIN_PREFIX || only === undefined || found.length > 1)
      throw new AppError(
        'not_found',
        `There is no model ${prefix} in the registry, or not only one`,
      );
    return only.hash;
  }

  /** Adds what a process has counted of a challenger since it last said so. */
  noteShadow(hash: string, shadow: ModelShadow): Promise<void> {
    return addToShadow(this.#db, hash, shadow);
  }

  /** Null where the model has never been in the shadow of live traffic. */
  shadowOf(hash: string): Promise<ModelShadow | null> {
    return readShadow(this.#db, hash);
  }

  /** Keeps how far the traffic of this process is from what the model of this hash was trained on. */
  noteDrift(hash: string, rows: readonly DriftRow[]): Promise<void> {
    return writeDrift(this.#db, hash, { process: this.#process, rows });
  }

  /** Of all processes together. */
  async driftOf(hash: string): Promise<{ at: string; rows: DriftRow[] } | null> {
    const drift = await readDrift(this.#db, hash);
    return drift && { at: drift.at, rows: joinDrift(drift.parts) };
  }

  /** Captures without attack, whose alerts a promotion compares. @throws AppError `input_invalid` for one without a packet */
  async pin(captures: readonly string[]): Promise<void> {
    for (const capture of captures) await requirePackets(capture);
    const pins = captures.map((capture) => ({
      capture: resolve(capture),
      sha256: digestOf(capture),
    }));
    await this.#db.transaction(async (tx) => {
      for (const pin of pins) await upsertPin(tx, pin);
    });
  }

  /** They need not be there any more. @throws AppError `not_found` for one that is not pinned: then none is let go */
  async unpin(captures: readonly string[]): Promise<void> {
    await this.#db.transaction(async (tx) => {
      for (const capture of captures)
        if (!(await deletePin(tx, resolve(capture))))
          throw new AppError('not_found', `Cannot unpin ${resolve(capture)}: it is not pinned`);
    });
  }

  /** The pinned captures, unchanged since. @throws AppError `input_invalid` where one is not, or there is none */
  async pinned(): Promise<string[]> {
    const pins = await this.pins();
    if (pins.length === 0)
      throw new AppError(
        'input_invalid',
        'Cannot promote: no benign capture is pinned (phantomnet models pin FILE…)',
      );
    return pins.map(({ capture, sha256 }) => {
      if (!existsSync(capture))
        throw new AppError(
          'input_invalid',
          `Cannot promote: the pinned ${capture} is gone (phantomnet models unpin FILE… lets go of it)`,
        );
      if (digestOf(capture) !== sha256)
        throw new AppError(
          'input_invalid',
          `Cannot promote: ${capture} has changed since it was pinned`,
        );
      return capture;
    });
  }

  /**
   * @param gate what the pinned captures said of it and of the champion `against`
   * @throws AppError `conflict` where one objects (which is kept, too), or another became champion meanwhile
   */
  async promote(
    hash: string,
    gate: readonly GateResult[],
    { against, by }: { readonly against: string | null; readonly by: string },
  ): Promise<ModelChange> {
    const objection = gate.map(objectionOf).find((reason) => reason !== null);
    if (objection || gate.length === 0) {
      const refusal = { action: 'refuse', model: hash, before: against, by } as const;
      await insertChange(this.#db, { ...refusal, gate: [...gate] });
      throw new AppError(
        'conflict',
        `Cannot promote ${hash.slice(0, 12)}: ${objection ?? 'no capture was tried'}`,
      );
    }
    return this.#seat(async (seats) => {
      if (seats.champion !== against)
        throw new AppError('conflict', 'Cannot promote: there is another champion since');
      const challenger = seats.challenger === hash ? null : seats.challenger;
      return { action: 'promote', champion: hash, challenger, gate, by };
    });
  }

  /** Back to the champion before the last promotion that was not taken back. @throws AppError `conflict` where there is none */
  rollback(by: string): Promise<ModelChange> {
    return this.#seat(async (seats, tx) => {
      const stack: (string | null)[] = [];
      for (const { action, before } of await listChanges(tx)) {
        if (action === 'promote') stack.push(before);
        else if (action === 'rollback') stack.pop();
      }
      const champion = stack.pop();
      if (champion === undefined)
        throw new AppError('conflict', 'Cannot roll back: nothing has been promoted');
      return { action: 'rollback', champion, challenger: seats.champion, gate: [], by };
    });
  }

  /** Tells commands that read captures without a database who is champion. */
  noteChampion(champion: string | null): void {
    const path = notePath(this.#folder);
    if (champion === null) rmSync(path, { force: true });
    else {
      mkdirSync(this.#folder, { recursive: true });
      replaceFile(path, `${champion}\n`);
    }
  }

  async #seat(
    choose: (seats: ModelSeats, tx: Transaction) => Promise<Seating>,
  ): Promise<ModelChange> {
    const change = await this.#db.transaction(async (tx) => {
      const seats = await lockSeats(tx);
      const { action, champion, challenger, gate, by } = await choose(seats, tx);
      await writeSeats(tx, { champion, challenger });
      // What was counted beside another champion would say nothing of this one.
      if (challenger !== null) await forgetShadow(tx, challenger);
      const { champion: before } = seats;
      return insertChange(tx, { action, model: champion, before, by, gate: [...gate] });
    });
    this.noteChampion(change.model);
    return change;
  }
}

interface Seating extends ModelSeats {
  readonly action: 'promote' | 'rollback';
  readonly gate: readonly GateResult[];
  readonly by: string;
}

/** The champion's file as last noted in the folder; null: the model that ships judges. */
export function notedChampion(folder: string): string | null {
  const note = notePath(folder);
  if (!existsSync(note)) return null;
  const hash = readBytes(note).toString('utf8').trim();
  if (!HASH.test(hash))
    throw new AppError('model_incompatible', `Cannot use the champion: ${note} is damaged`);
  return join(folder, `${hash}.model`);
}

function notePath(folder: string): string {
  return join(folder, 'champion');
}

function digestOf(path: string): string {
  return createHash('sha256').update(readBytes(path)).digest('hex');
}

function replaceFile(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
