/** The database of a configuration for one command, also while the platform runs on it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../app/config.ts';
import { AppError } from '../errors.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';

export interface DatabaseOptions {
  /** Make the embedded one where there is none. */
  readonly create?: boolean;
  /** Bring its schema up to date first. */
  readonly migrates?: boolean;
  /** PostgreSQL binaries of the version that made the embedded one; else those that ship with us. */
  readonly binDir?: string | undefined;
}

/** @throws AppError `not_found` where there is none below the data folder, `database_unavailable` */
export async function withDatabase<Result>(
  { database, data_dir: folder }: Pick<Config, 'database' | 'data_dir'>,
  work: (db: Database) => Promise<Result>,
  { create = false, migrates = false, binDir }: DatabaseOptions = {},
): Promise<Result> {
  const prepared = async (db: Database) => {
    if (migrates) await migrate(db, (line) => process.stderr.write(`${line}\n`));
    return await work(db);
  };
  if (database.url !== null) return await inDatabase({ url: database.url }, prepared);
  const dataDir = join(folder, 'postgres');
  if (!create && !existsSync(dataDir))
    throw new AppError(
      'not_found',
      `There is no database below ${folder}: give --data-dir or --config`,
    );
  const log = { info() {}, warn() {} };
  const embedded = await startEmbedded({
    dataDir,
    log,
    ...(binDir !== undefined && { binDir }),
  });
  try {
    return await inDatabase({ connection: embedded.connection }, prepared);
  } finally {
    await embedded.stop();
  }
}

async function inDatabase<Result>(
  target: Parameters<typeof openDatabase>[0],
  work: (db: Database) => Promise<Result>,
): Promise<Result> {
  const db = await openDatabase(target);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}
