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
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';

const quiet = { info() {}, warn() {} };

let server: Promise<{ postgres: EmbeddedPostgres; folder: string }> | undefined;

afterAll(async () => {
  if (!server) return;
  const { postgres, folder } = await server;
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

export async function withDatabase(body: (db: Database) => Promise<void>): Promise<void> {
  const { connection } = await embeddedServer();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(connection, `CREATE DATABASE ${name} TEMPLATE ${connection.database}`);
  const db = await openDatabase({ connection: { ...connection, database: name } });
  try {
    await body(db);
  } finally {
    await db.close();
    await administer(connection, `DROP DATABASE ${name} WITH (FORCE)`);
  }
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
