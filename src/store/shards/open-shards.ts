/**
 * The databases of a divided store. The home has to answer, the others may be away: at the start, and at any time
 * after. One that is away is not asked, so that nobody waits for it, and looked at again every few seconds; when it answers for
 * the first time its schema is brought up to date, and it is found out whether it is the one that it should be.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import {
  checkVersion,
  type Database,
  type DatabaseConfig,
  type DatabaseOptions,
  prepareDatabase,
  type ShardPlace,
} from '../database.ts';
import { migrate } from '../migrate.ts';
import { awayError } from './over-shards.ts';
import { checkShard, claimShards, numberApart, type ShardIdentity } from './shard-identity.ts';

/** One that takes longer to say that it is there is away. */
const LOOK_MS = 5_000;

export interface OpenShards {
  /** The home, which has the others as its `shards`. */
  readonly db: Database;
  /** To be called every few seconds. */
  look(): Promise<void>;
  /** Of the others; the home is closed by who opened it. */
  close(): Promise<void>;
}

/**
 * @param home shard 0, open and migrated
 * @param configs of the others, in the order in which the store was set up; none: a store that is one database
 * @throws AppError `config_invalid` where they are not those of this store; `database_unavailable` where the store is not set up and not all answer
 */
export async function openShards(
  home: Database,
  configs: readonly DatabaseConfig[],
  options: DatabaseOptions,
): Promise<OpenShards> {
  const plain = configs.map((config) => prepareDatabase(config, options));
  const close = async () => {
    await Promise.all(plain.map((shard) => shard.close()));
  };
  try {
    const identity = await claimShards(home, plain, prepare);
    if (configs.length === 0) return { db: home, async look() {}, close };
    // A database that was restored from its backup counts by ones again.
    await home.transaction((tx) => numberApart(tx, identity));
    const shards = plain.map(
      (shard, index) => new Shard(shard, { ...identity, number: index + 1 }),
    );
    const all: Database[] = [];
    const place = { number: 0, count: identity.count, away: null };
    const db: Database = { ...home, place, shards: all };
    all.push(db, ...shards.map((shard) => shard.db));
    const look = async () => {
      await Promise.all(shards.map((shard) => shard.look()));
    };
    const looks = await Promise.allSettled(shards.map((shard) => shard.look(true)));
    // Of several wrong ones the first is named.
    for (const result of looks) if (result.status === 'rejected') throw result.reason;
    return { db, look, close };
  } catch (error) {
    await close();
    throw error;
  }
}

class Shard {
  /** Refuses at once while the shard is away. */
  readonly db: Database;
  readonly #plain: Database;
  readonly #identity: ShardIdentity;
  readonly #place: ShardPlace;
  #isAdmitted = false;
  #looking: Promise<void> | null = null;

  constructor(plain: Database, identity: ShardIdentity) {
    const { number, count } = identity;
    this.#plain = plain;
    this.#identity = identity;
    this.#place = { number, count, away: 'it has not been looked at yet' };
    this.db = {
      ...plain,
      place: this.#place,
      query: (sql, values) => this.#guarded(() => plain.query(sql, values)),
      transaction: (body) => this.#guarded(() => plain.transaction(body)),
    };
  }

  /** @throws AppError `config_invalid` where it is not the database that it should be and `isStart` */
  async look(isStart = false): Promise<void> {
    this.#looking ??= this.#ask(isStart).finally(() => {
      this.#looking = null;
    });
    const timeout = new AbortController();
    const late = sleep(LOOK_MS, null, { signal: timeout.signal }).then(
      () => this.#setAway(`it has not answered for ${LOOK_MS / 1000} s`),
      () => undefined,
    );
    await Promise.race([this.#looking, late]).finally(() => timeout.abort());
  }

  async #ask(isStart: boolean): Promise<void> {
    try {
      if (this.#isAdmitted) await this.#plain.query('SELECT 1');
      else await this.#admit();
      this.#place.away = null;
    } catch (error) {
      if (!(error instanceof AppError) || (isStart && error.code === 'config_invalid')) throw error;
      this.#setAway(error.message);
    }
  }

  async #admit(): Promise<void> {
    await prepare(this.#plain);
    await checkShard(this.#plain, this.#identity);
    await this.#plain.transaction((tx) => numberApart(tx, this.#identity));
    this.#isAdmitted = true;
  }

  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#place.away !== null) throw awayError(this.#place);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'database_unavailable') throw error;
      this.#setAway(error.message);
      throw awayError(this.#place);
    }
  }

  #setAway(reason: string): void {
    this.#place.away = reason.replace(/^Cannot reach the database: /, '');
  }
}

async function prepare(shard: Database): Promise<void> {
  await checkVersion(shard);
  await migrate(shard);
}
