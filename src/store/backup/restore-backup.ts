/**
 * A backup into an empty database, all or nothing: schema as of the backup, its partitions, its rows and its
 * sequences in one transaction that is committed only when the sum at the end is right; then the newer
 * migrations. Any PostgreSQL that the store can use will do, embedded or not, older or newer: so this is also
 * how a store moves between them.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { AppError } from '../../errors.ts';
import type { Database, Transaction } from '../database.ts';
import { applyMigrations, type Migration, migrate, readMigrations } from '../migrate.ts';
import { attachPartition } from '../partitions.ts';
import { damaged, decodeFrames, type Frame } from './frames.ts';
import {
  BACKUP_VERSION,
  BackupHeader,
  BackupSequences,
  BackupTable,
  parseFrame,
} from './header.ts';
import { READABLE_FORM } from './readable-form.ts';
import { wholeZstdFrame } from './whole-zstd-frame.ts';

export interface RestoreReport {
  readonly createdAt: string;
  readonly rows: number;
  /** Migrations that are newer than the backup. */
  readonly migrated: readonly Migration[];
}

/**
 * @param options.onTable told of each table when its rows are in.
 * @param options.say told of what takes long after that.
 * @throws AppError `conflict` where the database is not empty, `input_invalid` where the backup is damaged or
 *   of a newer version; then nothing has changed.
 */
export async function restoreBackup(
  db: Database,
  compressed: AsyncIterable<Uint8Array>,
  options: {
    onTable?: (table: string, rows: number) => void;
    say?: (line: string) => void;
  } = {},
): Promise<RestoreReport> {
  const frames = decodeFrames(decompressed(compressed));
  const { header, rows } = await db.transaction(async (tx) => {
    await tx.client.query(READABLE_FORM);
    await requireEmpty(tx);
    const head = await next(frames);
    const header = parseFrame(BackupHeader, head);
    await makeSchema(tx, header);
    const rows = await load(tx, frames, options.onTable);
    await tx.query('ANALYZE');
    return { header, rows };
  });
  return { createdAt: header.created_at, rows, migrated: await migrate(db, options.say) };
}

async function* decompressed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflate = createZstdDecompress();
  const source = Readable.from(wholeZstdFrame(chunks), { objectMode: false });
  const feeding = pipeline(source, inflate).catch(() => {});
  try {
    yield* inflate as AsyncIterable<Uint8Array>;
    await feeding;
    if (source.errored) throw source.errored;
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (source.errored && source.errored !== error) throw source.errored;
    throw damaged((error as Error).message, error);
  } finally {
    inflate.destroy();
    await feeding;
  }
}

async function requireEmpty(tx: Transaction): Promise<void> {
  const [found] = await tx.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace
       AND relkind IN ('r', 'p', 'v', 'm', 'S') ORDER BY relname LIMIT 1`,
  );
  if (found) {
    throw new AppError(
      'conflict',
      `Cannot restore into this database: it is not empty (there is ${found.name}); give an empty one`,
    );
  }
}

async function makeSchema(tx: Transaction, header: BackupHeader): Promise<void> {
  const ours = await readMigrations();
  const newest = header.migrations.at(-1)?.number ?? 0;
  if (header.version > BACKUP_VERSION || newest > (ours.at(-1)?.number ?? 0)) {
    throw new AppError(
      'input_invalid',
      `Cannot restore the backup: a newer version made it (migration ${newest}); use that version or a later one`,
    );
  }
  const theirs = new Map(header.migrations.map(({ number, name }) => [number, name]));
  const wanted = ours.filter(({ number }) => theirs.has(number));
  const stranger = [...theirs].find(([number, name]) =>
    ours.every((migration) => migration.number !== number || migration.name !== name),
  );
  if (stranger) throw damaged(`its migration ${stranger.join(', ')} is none of ours`);
  await applyMigrations(tx, wanted);
  for (const partition of header.partitions) await attachPartition(tx, partition);
}

async function load(
  tx: Transaction,
  frames: AsyncGenerator<Frame>,
  onTable: ((table: string, rows: number) => void) | undefined,
): Promise<number> {
  const tables = new Set(await emptyTables(tx));
  let rows = 0;
  for await (const frame of frames) {
    if (frame.letter === 'T') {
      const table = parseFrame(BackupTable, frame);
      // Each once: its rows stand in one piece.
      if (!tables.delete(table.table)) throw damaged(`there is no table ${table.table} to fill`);
      const count = await copyIn(tx, table, frames);
      rows += count;
      onTable?.(table.table, count);
    } else if (frame.letter === 'S') {
      for (const { name, value, is_called: isCalled } of parseFrame(BackupSequences, frame))
        await tx.query('SELECT setval($1::regclass, $2, $3)', [name, value, isCalled]);
    } else throw damaged(`a part ${frame.letter} stands where it must not`);
  }
  return rows;
}

/** Migrations leave rows of their own: the backup has them too, as they have become. */
async function emptyTables(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace
       AND relkind = 'r' AND relname <> 'schema_migrations'`,
  );
  const names = rows.map(({ name }) => name);
  await tx.query(`TRUNCATE ${names.map((name) => pg.escapeIdentifier(name)).join(', ')}`);
  return names;
}

async function copyIn(
  tx: Transaction,
  { table, columns }: BackupTable,
  frames: AsyncGenerator<Frame>,
): Promise<number> {
  const names = columns.map((name) => pg.escapeIdentifier(name)).join(', ');
  const copy = tx.client.query(
    copyFrom(`COPY ${pg.escapeIdentifier(table)} (${names}) FROM STDIN`),
  );
  try {
    await pipeline(Readable.from(rowsOf(frames), { objectMode: false }), copy);
  } catch (error) {
    // 22: a value is not of its type; 23: a row breaks a rule; 42703: no such column.
    if (/^(22|23|42703)/.test((error as pg.DatabaseError).code ?? ''))
      throw damaged(`its rows do not fit ${table}: ${(error as Error).message}`, error);
    throw error;
  }
  return copy.rowCount;
}

async function* rowsOf(frames: AsyncGenerator<Frame>): AsyncGenerator<Buffer> {
  for (;;) {
    const frame = await next(frames);
    if (frame.letter === 'E') return;
    if (frame.letter !== 'D') throw damaged(`a part ${frame.letter} stands where it must not`);
    yield frame.bytes;
  }
}

/** By hand, because leaving a `for await` would end the frames for those who read on. */
async function next(frames: AsyncGenerator<Frame>): Promise<Frame> {
  const { value, done } = await frames.next();
  if (done) throw damaged('its end comes too early');
  return value;
}
