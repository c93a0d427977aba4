/** The databases that the configuration names, or the embedded one, with their schema brought up to this version. */
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';
import { openShards } from '../store/shards/open-shards.ts';
import { awayShards } from '../store/shards/over-shards.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { every } from './periodic.ts';

const REVIVE_MS = 2_000;
const LOOK_MS = 2_000;

/**
 * Shards that are away may come later; the home, which everything else is on, may not.
 * @param onTrouble told why the embedded one has gone and does not start again, or (null) that it has
 * @throws AppError `database_unavailable`; `config_invalid` where they are not the databases of one store
 */
export async function openStore(
  config: Config,
  log: Log,
  stops: (() => Promise<void>)[],
  onTrouble: (reason: string | null) => void = () => {},
): Promise<Database> {
  const { url, shards: urls } = config.database;
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
  const onError = (error: Error) => log.warn({ err: error }, 'a database connection broke');
  const home = await openDatabase(target, { onError });
  stops.push(() => home.close());
  await migrate(home, (line) => log.info(line));
  const shardConfigs = urls.map((shard) => ({ url: shard }));
  const { db, look, close } = await openShards(home, shardConfigs, { onError });
  stops.push(close);
  if (urls.length > 0) every(LOOK_MS, stops, log, () => lookAndTell(db, look, log));
  return db;
}

async function lookAndTell(db: Database, look: () => Promise<void>, log: Log): Promise<void> {
  const before = awayShards(db);
  await look();
  const now = awayShards(db);
  for (const [number, reason] of now)
    if (!before.has(number)) log.warn({ shard: number, reason }, 'a shard is away');
  for (const number of before.keys())
    if (!now.has(number)) log.info({ shard: number }, 'a shard is back');
}
