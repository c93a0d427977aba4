/**
 * Brings the schema up to this version: the missing `migrations/NNN-name.sql` in the order of their numbers,
 * all or none, under an advisory lock so that two processes do not do it at once.
 */
import { readdir, readFile } from 'node:fs/promises';
import { AppError } from '../errors.ts';
import type { Database, Transaction } from './database.ts';
import { packOlderPackets } from './pack-packets.ts';

const FOLDER = new URL('./migrations/', import.meta.url);
const FILE_NAME = /^(\d{3})-([a-z0-9-]+)\.sql$/;
/** "phantomn" as a number: unlikely to be anybody else's lock. */
const LOCK = 0x7068616e;

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * Applies what is missing and returns it. Migrations never go back.
 * @param say told of what takes long.
 * @throws AppError `database_unavailable` where the database was made by a newer version.
 */
export async function migrate(
  db: Database,
  say: (line: string) => void = () => {},
): Promise<Migration[]> {
  const migrations = await readMigrations();
  const applied = await db.transaction((tx) => applyMigrations(tx, migrations));
  await packOlderPackets(db, say);
  return applied;
}

/** As `migrate`, with those migrations as all that there are. */
export async function applyMigrations(
  tx: Transaction,
  migrations: readonly Migration[],
): Promise<Migration[]> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  await tx.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    number int4 PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  const rows = await tx.query<{ number: number }>('SELECT number FROM schema_migrations');
  const applied = new Set(rows.map(({ number }) => number));
  const newest = Math.max(0, ...applied);
  if (newest > (migrations.at(-1)?.number ?? 0)) {
    throw new AppError(
      'database_unavailable',
      `Cannot use the database: a newer version made it (migration ${newest})`,
    );
  }
  const missing = migrations.filter(({ number }) => !applied.has(number));
  for (const { number, name, sql } of missing) {
    await tx.client.query(sql);
    await tx.query('INSERT INTO schema_migrations (number, name) VALUES ($1, $2)', [number, name]);
  }
  return missing;
}

/** All that this version knows, by number. */
export async function readMigrations(): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for (const file of (await readdir(FOLDER)).sort()) {
    const match = FILE_NAME.exec(file);
    if (!match?.[1] || !match[2]) continue;
    const sql = await readFile(new URL(file, FOLDER), 'utf8');
    migrations.push({ number: Number(match[1]), name: match[2], sql });
  }
  return migrations;
}
