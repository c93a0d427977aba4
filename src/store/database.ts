/**
 * The open database: a pool, and what every user of it shares. One code path for the embedded
 * server and any other PostgreSQL from 15 on.
 */
import pg from 'pg';
import { AppError } from '../errors.ts';
import { AddressTexts } from './address-texts.ts';
import { CommunityIds } from './community-ids.ts';
import { CopyBinary } from './copy-binary.ts';
import { connectionFailure } from './failure.ts';
import { type Geolocation, openGeolocation } from './geolocation.ts';
import { Partitions } from './partitions.ts';

const OLDEST_VERSION = 150_000;
const MAX_CONNECTIONS = 8;
const CONNECT_TIMEOUT_MS = 15_000;
/** What runs longer is given up: no page waits for it, and it would hold back retention. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** A buffer that one great batch has blown up is not kept. */
const MAX_KEPT_BUFFER_BYTES = 4 * 1024 * 1024;

/** Everything that moves, since the database was opened. */
export interface StoreCounters {
  batches: number;
  duplicates: number;
  packets: number;
  flows: number;
  windows: number;
  alerts: number;
  /** Packets stored before their alert was raised, and marked after. */
  marked: number;
  /** References of alerts that were not marked, see `MAX_REFERENCES`. */
  markingsSkipped: number;
  /** Partitions that were not made because there were too many: their rows are in the default partition. */
  partitionsRefused: number;
  /** Expired partitions written to the archive; those dropped without, because it could not be written. */
  partitionsArchived: number;
  partitionsUnarchived: number;
  /** Partitions of which only the evidence of open alerts was kept; those that the cap of it let go. */
  partitionsPinned: number;
  partitionsUnpinned: number;
  /** Quarantined batches of which only the reason was kept, for the room they took. */
  quarantinedEmptied: number;
}

/** Where a database stands among those of a store that is divided. */
export interface ShardPlace {
  readonly number: number;
  readonly count: number;
  /** Why it is not asked now; null: it is. */
  away: string | null;
}

/** Whatever runs statements: the database, or the client of a transaction. */
export interface Queryable {
  /** Of the home of a divided store: all databases that hold parts of the data, itself first. Absent: everything is here. */
  readonly shards?: readonly Database[];
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface Database extends Queryable {
  /** How it was opened, for a thread that needs a connection of its own. */
  readonly config: DatabaseConfig;
  readonly pool: pg.Pool;
  readonly geolocation: Geolocation;
  readonly partitions: Partitions;
  readonly encoders: Encoders;
  readonly counters: StoreCounters;
  /** Absent where the store is this database alone. */
  readonly place?: ShardPlace;
  /** Runs `body` between BEGIN and COMMIT; anything thrown rolls back. */
  transaction<Result>(body: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface Transaction extends Queryable {
  readonly client: pg.ClientBase;
}

/** The connection of an embedded server, or a URL. */
export type DatabaseConfig =
  | { readonly connection: pg.PoolConfig }
  /** `postgres://user:password@host:port/name` */
  | { readonly url: string };

export interface DatabaseOptions {
  /** Told of connections that break while idle; the pool replaces them. */
  readonly onError?: (error: Error) => void;
}

/**
 * Connects once, to know that it works. The schema is made by `migrate`.
 * @throws AppError `database_unavailable`
 */
export async function openDatabase(
  config: DatabaseConfig,
  options: DatabaseOptions = {},
): Promise<Database> {
  const db = prepareDatabase(config, options);
  try {
    await checkVersion(db);
  } catch (error) {
    await db.close();
    throw error;
  }
  return db;
}

/** One that connects when it is first asked. */
export function prepareDatabase(config: DatabaseConfig, options: DatabaseOptions = {}): Database {
  const pool = new pg.Pool({
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'phantomnet',
    options: `-c timezone=UTC -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
    types: { getTypeParser: parserOf },
    ...('url' in config ? { connectionString: config.url } : config.connection),
  });
  pool.on('error', (error) => options.onError?.(error));
  const geolocation = openGeolocation();
  let closing: Promise<void> | undefined;
  const counters: StoreCounters = {
    batches: 0,
    duplicates: 0,
    packets: 0,
    flows: 0,
    windows: 0,
    alerts: 0,
    marked: 0,
    markingsSkipped: 0,
    partitionsRefused: 0,
    partitionsArchived: 0,
    partitionsUnarchived: 0,
    partitionsPinned: 0,
    partitionsUnpinned: 0,
    quarantinedEmptied: 0,
  };
  const db: Database = {
    config,
    pool,
    geolocation,
    counters,
    encoders: new Encoders(geolocation),
    partitions: new Partitions(counters),
    query: (sql, values) => run(pool, sql, values),
    transaction: (body) => transaction(pool, body),
    close() {
      closing ??= pool.end();
      return closing;
    },
  };
  return db;
}

/** @throws AppError `database_unavailable` where it does not answer or is too old */
export async function checkVersion(db: Queryable): Promise<void> {
  const [row] = await db.query<{ v: number }>(
    "SELECT current_setting('server_version_num')::int AS v",
  );
  const version = row?.v ?? 0;
  if (version < OLDEST_VERSION)
    throw new AppError(
      'database_unavailable',
      `Cannot use PostgreSQL ${version / 10_000}: 15 is the oldest supported`,
    );
}

/** What encodes batches, with its memory, lent to one ingest at a time. */
class Encoders {
  readonly #countryOf: (ip: string) => string | null;
  readonly #free: Encoder[] = [];

  constructor(geolocation: Geolocation) {
    this.#countryOf = (ip) => geolocation.countryOf(ip);
  }

  take(): Encoder {
    return (
      this.#free.pop() ?? {
        out: new CopyBinary(),
        addresses: new AddressTexts(this.#countryOf),
        communityIds: new CommunityIds(),
      }
    );
  }

  giveBack(encoder: Encoder): void {
    if (this.#free.length < 2 && encoder.out.capacity <= MAX_KEPT_BUFFER_BYTES) {
      this.#free.push(encoder);
    }
  }
}

export interface Encoder {
  readonly out: CopyBinary;
  readonly addresses: AddressTexts;
  readonly communityIds: CommunityIds;
}

async function transaction<Result>(
  pool: pg.Pool,
  body: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw connectionFailure(error) ?? error;
  }
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    return await transactionOn(client, body, onError);
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** As `Database.transaction`, on a session that the caller holds. @param onBroken told where it cannot roll back. */
export async function transactionOn<Result>(
  client: pg.ClientBase,
  body: (tx: Transaction) => Promise<Result>,
  onBroken: (error: Error) => void = () => {},
): Promise<Result> {
  try {
    await client.query('BEGIN');
    const result = await body({ client, query: (sql, values) => run(client, sql, values) });
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(onBroken);
    throw connectionFailure(error) ?? error;
  }
}

async function run<Row extends pg.QueryResultRow>(
  target: pg.Pool | pg.ClientBase,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    const { rows } = await target.query<Row>(sql, [...values]);
    return rows;
  } catch (error) {
    throw connectionFailure(error) ?? error;
  }
}

/** Every int8 and numeric of ours is a whole number below 2^53, made from a JavaScript number. */
function parserOf(type: number, format?: 'text' | 'binary') {
  if (type === pg.types.builtins.INT8 || type === pg.types.builtins.NUMERIC) return Number;
  return format === 'binary'
    ? pg.types.getTypeParser(type, 'binary')
    : pg.types.getTypeParser(type, 'text');
}
