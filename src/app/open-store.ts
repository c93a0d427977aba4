/** The database that the configuration names, or the embedded one, with its schema brought up to this version. */
import { join } from 'node:path';
import { type Database, openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { every } from './periodic.ts';

const REVIVE_MS = 2_000;

/** @throws AppError `database_unavailable` */
export async function openStore(
  config: Config,
  log: Log,
  stops: (() => Promise<void>)[],
): Promise<Database> {
  const { url } = config.database;
  let target: { url: string } | { connection: object } = { url: url ?? '' };
  if (url === null) {
    const dataDir = join(config.data_dir, 'postgres');
    log.info(`Starting the embedded PostgreSQL in ${dataDir} …`);
    const embedded = await startEmbedded({
      dataDir,
      log: { info: (line) => log.debug(line), warn: (line) => log.warn(line) },
    });
    stops.push(() => embedded.stop());
    every(REVIVE_MS, stops, log, async () => {
      if (await embedded.revive())
        log.warn('The embedded PostgreSQL had gone and was started again');
    });
    target = { connection: embedded.connection };
  }
  const db = await openDatabase(target, {
    onError: (error) => log.warn({ err: error }, 'a database connection broke'),
  });
  stops.push(() => db.close());
  await migrate(db, (line) => log.info(line));
  return db;
}
