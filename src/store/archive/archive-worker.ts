/** A thread of `archivePartition`: encoding a partition takes seconds that the server's thread does not have. */
import { parentPort, workerData } from 'node:worker_threads';
import { type DatabaseConfig, openDatabase } from '../database.ts';
import type { ArchivedTier } from './archive-columns.ts';
import { type ArchiveTarget, openArchive } from './archive-place.ts';
import { archiveChunks } from './write-archive.ts';

export interface ArchiveTask {
  readonly config: DatabaseConfig;
  readonly tier: ArchivedTier;
  readonly table: string;
  readonly target: ArchiveTarget;
  readonly name: string;
}

const { config, tier, table, target, name } = workerData as ArchiveTask;
const db = await openDatabase(config);
try {
  const bytes = await openArchive(target).write(name, archiveChunks(db, tier, table));
  parentPort?.postMessage(bytes);
} finally {
  await db.close();
}
