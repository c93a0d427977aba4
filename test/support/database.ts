/**
 * Runs `body` against a migrated database of its own on a real PostgreSQL: no mocks, no shared state.
 *
 * One embedded server serves a test file: started when the first test asks, in a temporary folder, stopped
 * after the last. Each test gets a copy of a database that was migrated once.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll } from 'vitest';
import { type Database, type DatabaseConfig, openDatabase } from '../../src/store/database.ts';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { type OpenShards, openShards } from '../../src/store/shards/open-shards.ts';

const quiet = { info() {}, warn() {} };

let server: Promise<{ postgres: EmbeddedPostgres; folder: string }> | undefined;

afterAll(async () => {
  if (!server) return;
  const { postgres, folder } = await server;
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

export async function withDatabase(body: (db: Database) => Promise<void>): Promise<void> {
  await withDatabases(1, async ([only]) => {
    const db = await openDatabase(configOf(only as TestDatabase));
    try {
      await body(db);
    } finally {
      await db.close();
    }
  });
}

export interface TestDatabase {
  readonly connection: pg.PoolConfig;
  /** Away: nobody gets in, and who was in is thrown out. */
  setAway(isAway: boolean): Promise<void>;
}

/** So many empty, migrated databases; nothing has connected to them. */
export async function withDatabases(
  count: number,
  body: (databases: readonly TestDatabase[]) => Promise<void>,
): Promise<void> {
  const { connection } = await embeddedServer();
  const names = Array.from({ length: count }, () => `test_${randomUUID().replaceAll('-', '')}`);
  for (const name of names)
    await administer(connection, `CREATE DATABASE ${name} TEMPLATE ${connection.database}`);
  const databases = names.map((name) => ({
    connection: { ...connection, database: name },
    async setAway(isAway: boolean) {
      await administer(connection, `ALTER DATABASE ${name} ALLOW_CONNECTIONS ${!isAway}`);
      const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;
      if (isAway) await administer(connection, others);
    },
  }));
  try {
    await body(databases);
  } finally {
    for (const name of names) await administer(connection, `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

/** A store of two databases, set up. */
export async function withShards(
  body: (home: Database, shard: TestDatabase & OpenShards) => Promise<void>,
): Promise<void> {
  await withDatabases(2, async ([first, second]) => {
    const home = await openDatabase(configOf(first as TestDatabase));
    const shards = await openShards(home, [configOf(second as TestDatabase)], {});
    try {
      await body(shards.db, { ...(second as TestDatabase), ...shards });
    } finally {
      await shards.close();
      await home.close();
    }
  });
}

/** What a thread can be given. */
function configOf({ connection }: TestDatabase): DatabaseConfig {
  return { connection };
}

/** The server of this test file, its database `phantomnet` migrated and without connections. */
async function embeddedServer(): Promise<EmbeddedPostgres> {
  server ??= start();
  return (await server).postgres;
}

async function start(): Promise<{ postgres: EmbeddedPostgres; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-test-'));
  const postgres = await startEmbedded({ dataDir: join(folder, 'database'), log: quiet });
  const db = await openDatabase({ connection: postgres.connection });
  await migrate(db);
  await db.close();
  return { postgres, folder };
}

async function administer(connection: pg.PoolConfig, sql: string): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
