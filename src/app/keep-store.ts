/** What the store needs every minute: what is over its limits goes, to the archive where there is one. */
import type { Database } from '../store/database.ts';
import { forgetKeyedPlaces } from '../store/ingest.ts';
import { applyRetention } from '../store/retention.ts';
import { archiveTarget } from './archive-target.ts';
import { type Config, retentionLimits } from './config.ts';
import type { Log } from './log.ts';

/** Each of its databases by itself, but those that are away. Resolves to what is wrong with the archive; null: nothing. */
export async function keepStore(db: Database, config: Config, log: Log): Promise<string | null> {
  const troubles: (string | null)[] = [];
  for (const shard of db.shards ?? [db])
    if (shard.place?.away == null) troubles.push(await keepDatabase(shard, config, log));
  return troubles.find((trouble) => trouble !== null) ?? null;
}

async function keepDatabase(db: Database, config: Config, log: Log): Promise<string | null> {
  const archive = archiveTarget(config);
  const report = await applyRetention(db, retentionLimits(config), new Date(), { archive });
  if (report.dropped.length > 0) log.info(report, 'retention');
  await forgetKeyedPlaces(db);
  const { archiveTrouble: why, waiting, unarchived } = report;
  if (unarchived.length > 0)
    log.warn(
      { unarchived },
      'the budget was reached: partitions went without having been archived',
    );
  return why && `the archive cannot be written, ${waiting} partitions wait: ${why}`;
}
