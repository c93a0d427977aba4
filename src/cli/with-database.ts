/** A command that needs the database and not the platform: also while that runs, whose server it then borrows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../app/config.ts';
import { AppError } from '../errors.ts';
import { type Database, type DatabaseConfig, openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';

/**
 * @param work with the database that the configuration names, open and of this version
 * @throws AppError `not_found` where there is none yet and none is to be made; `database_unavailable`
 */
export async function withDatabase<Result>(
  { database, data_dir: folder }: Pick<Config, 'database' | 'data_dir'>,
  { make }: { readonly make: boolean },
  work: (db: Database) => Promise<Result>,
): Promise<Result> {
  if (database.url !== null) return await inDatabase({ url: database.url }, work);
  const dataDir = join(folder, 'postgres');
  if (!make && !existsSync(dataDir))
    throw new AppError(
      'not_found',
      `There is no database below ${folder}: give --data-dir or --config`,
    );
  const embedded = await startEmbedded({ dataDir, log: { info() {}, warn() {} } });
  try {
    return await inDatabase({ connection: embedded.connection }, work);
  } finally {
    await embedded.stop();
  }
}

async function inDatabase<Result>(
  target: DatabaseConfig,
  work: (db: Database) => Promise<Result>,
): Promise<Result> {
  const db = await openDatabase(target);
  try {
    await migrate(db);
    return await work(db);
  } finally {
    await db.close();
  }
}
