/**
 * One expired partition into the archive: `packets/2026-01-31/packets_2026013112-1769990400000.parquet`,
 * by the day of its span; what had no partition of its own goes below `default`. The number is when it expired
 * (ms), so the hour may come and expire again, and a file that is there already was written in full before a crash. Shards
 * 1 and up say which they are: `…-1769990400000-shard1.parquet`.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DatabaseConfig } from '../database.ts';
import type { ArchivedTier } from './archive-columns.ts';
import { type ArchiveTarget, openArchive } from './archive-place.ts';
import type { ArchiveTask } from './archive-worker.ts';
import type { ExpiredPartition } from './expired-partitions.ts';

/** Of the thread that encodes: a row group and its encoded form take about 100 MB. */
const MAX_HEAP_MB = 512;

export interface ArchivedFile {
  readonly path: string;
  readonly bytes: number;
}

/** Resolves when the file would survive a power cut, or the store has proved that it has it. @throws whatever kept it from being written */
export async function archivePartition(
  config: DatabaseConfig,
  target: ArchiveTarget,
  tier: ArchivedTier,
  { name: table, partition, lower, expiredAt }: ExpiredPartition,
  shard = 0,
): Promise<ArchivedFile> {
  const day = lower === null ? 'default' : lower.toISOString().slice(0, 10);
  const which = shard === 0 ? '' : `-shard${shard}`;
  const name = `${tier}/${day}/${partition}-${expiredAt.getTime()}${which}.parquet`;
  const place = openArchive(target);
  const path = place.pathOf(name);
  const written = await place.writtenBytes(name);
  return { path, bytes: written ?? (await inWorker({ config, tier, table, target, name })) };
}

function inWorker(task: ArchiveTask): Promise<number> {
  const file = `./archive-worker${extname(import.meta.url)}`;
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: task,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`The archiving thread ended with ${code}`)));
  });
}
