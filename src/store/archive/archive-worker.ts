/** A thread of `archivePartition`: encoding a partition takes seconds that the server's thread does not have. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { type DatabaseConfig, openDatabase } from '../database.ts';
import { writeDurably } from '../durable-file.ts';
import type { ArchivedTier } from './archive-columns.ts';
import { archiveChunks } from './write-archive.ts';

export interface ArchiveTask {
  readonly config: DatabaseConfig;
  readonly tier: ArchivedTier;
  readonly table: string;
  readonly path: string;
}

const { config, tier, table, path } = workerData as ArchiveTask;
const db = await openDatabase(config);
try {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  parentPort?.postMessage(
    await writeDurably(path, archiveChunks(db, tier, table), { isOnlyWriter: true }),
  );
} finally {
  await db.close();
}
