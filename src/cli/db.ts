/** `phantomnet db`: the schema brought up to date, a backup made, read back, or led straight into another PostgreSQL. */
import { createReadStream } from 'node:fs';
import type { Config } from '../app/config.ts';
import { AppError, fileTrouble } from '../errors.ts';
import { restoreBackup } from '../store/backup/restore-backup.ts';
import { type BackupReport, writeBackup } from '../store/backup/write-backup.ts';
import type { Database } from '../store/database.ts';
import { writeDurably } from '../store/durable-file.ts';
import { migrate } from '../store/migrate.ts';
import { withDatabase } from './with-database.ts';
import { writeStream } from './write-stream.ts';

export interface DbContext {
  readonly config: Config;
  readonly err: NodeJS.WritableStream;
}

/** @throws AppError `database_unavailable` */
export async function migrateDatabase({ config, err }: DbContext): Promise<void> {
  const bring = (db: Database) => migrate(db, (line) => err.write(`${line}\n`));
  const applied = await withDatabase(config, bring);
  for (const url of config.database.shards) {
    const shard = { ...config, database: { url, shards: [] } };
    applied.push(...(await withDatabase(shard, bring)));
  }
  for (const { number, name } of applied) err.write(`Applied migration ${number}, ${name}\n`);
  if (applied.length === 0) err.write('The schema is up to date.\n');
}

/**
 * @param file `-` for standard output; a device or a pipe gets the bytes as they come
 * @throws AppError `usage` where the file cannot be written; one of that name is then as it was
 */
export async function backup(
  file: string,
  binDir: string | undefined,
  { config, err }: DbContext,
): Promise<void> {
  requireOneDatabase(config, 'back up');
  const report: BackupReport = { tables: 0, rows: 0, dropped: 0 };
  const write = file === '-' ? writeStream : writeFileDurably;
  await withDatabase(config, (db) => write(file, writeBackup(db, report)), { binDir });
  err.write(`${report.rows} rows of ${report.tables} tables${missing(report)}\n`);
}

/** @throws AppError `conflict` where the database is not empty, `input_invalid`, `usage` */
export async function restore(file: string, { config, err }: DbContext): Promise<void> {
  requireOneDatabase(config, 'restore');
  const chunks = file === '-' ? process.stdin : readChunks(file);
  await restoreInto(config, chunks, err);
}

/**
 * Everything into another PostgreSQL; what was is left as it is.
 * @param to a URL, or `embedded`: the one below the data folder
 * @throws AppError `conflict` where that one is not empty
 */
export async function move(
  to: string,
  binDir: string | undefined,
  { config, err }: DbContext,
): Promise<void> {
  requireOneDatabase(config, 'move');
  const url = to === 'embedded' ? null : to;
  if (url === config.database.url)
    throw new AppError('usage', 'Cannot move the store: it is there already');
  const report: BackupReport = { tables: 0, rows: 0, dropped: 0 };
  await withDatabase(
    config,
    (db) => restoreInto({ ...config, database: { url, shards: [] } }, writeBackup(db, report), err),
    { binDir },
  );
  err.write(`Moved${missing(report)}. Now set database.url to ${url ?? 'null'}.\n`);
}

/** @throws AppError `usage` where the store is several databases: half of it would look like all of it */
function requireOneDatabase({ database: { shards } }: Config, what: string): void {
  if (shards.length > 0)
    throw new AppError(
      'usage',
      `Cannot ${what} a store of ${shards.length + 1} databases in one: do it with each by itself, by a configuration that has it as database.url and no database.shards`,
    );
}

async function restoreInto(
  config: Config,
  chunks: AsyncIterable<Uint8Array>,
  err: NodeJS.WritableStream,
): Promise<void> {
  const onTable = (table: string, rows: number) => {
    if (rows > 0) err.write(`  ${table}: ${rows} rows\n`);
  };
  const { rows, createdAt, migrated } = await withDatabase(
    config,
    (db) =>
      restoreBackup(db, chunks, { onTable, say: (line: string) => void err.write(`${line}\n`) }),
    { create: true },
  );
  err.write(`${rows} rows as of ${createdAt}\n`);
  for (const { number, name } of migrated) err.write(`Applied migration ${number}, ${name}\n`);
}

async function writeFileDurably(file: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await writeDurably(file, chunks);
  } catch (error) {
    if (error instanceof AppError || (error as NodeJS.ErrnoException).syscall === undefined)
      throw error;
    throw new AppError('usage', `Cannot write ${file}: ${fileTrouble(error)}`, { cause: error });
  }
}

async function* readChunks(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file);
  } catch (error) {
    throw new AppError('usage', `Cannot read ${file}: ${fileTrouble(error)}`, { cause: error });
  }
}

function missing({ dropped }: BackupReport): string {
  return dropped === 0 ? '' : `; ${dropped} partitions went meanwhile, by retention`;
}
