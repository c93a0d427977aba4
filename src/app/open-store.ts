/** The database that the configuration names, or the embedded one, with its schema brought up to this version. */
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { every } from './periodic.ts';

const REVIVE_MS = 2_000;

/**
 * @param onTrouble told why the embedded one has gone and does not start again, or (null) that it has
 * @throws AppError `database_unavailable`
 */
export async function openStore(
  config: Config,
  log: Log,
  stops: (() => Promise<void>)[],
  onTrouble: (reason: string | null) => void = () => {},
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
    let trouble: string | null = null;
    every(REVIVE_MS, stops, log, async () => {
      try {
        if (await embedded.revive())
          log.warn('The embedded PostgreSQL had gone and was started again');
        if (trouble !== null) onTrouble(null);
        trouble = null;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        // It is tried every other second, for as long as a disk is full: it is said once.
        if (trouble === null)
          log.warn(`The embedded PostgreSQL has gone and does not start again: ${error.message}`);
        trouble = error.message;
        onTrouble(trouble);
      }
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
