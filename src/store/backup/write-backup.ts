/**
 * Everything in the store as one stream, by COPY, since the PostgreSQL that ships with us has no pg_dump.
 *
 * All tables are read as of one moment: a first transaction exports its snapshot and holds no lock, each
 * table is then read in a short transaction of its own on that snapshot. So ingest can make new partitions
 * meanwhile, and retention can drop old ones: a partition that it dropped is missing in the backup and counted.
 * Rows are in COPY's text form, which every version of PostgreSQL reads (its binary form promises less).
 */
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Database } from '../database.ts';
import { connectionFailure } from '../failure.ts';
import { encodeFrames, type Frame, jsonFrame } from './frames.ts';
import { BACKUP_VERSION, type BackupHeader, type BackupTable } from './header.ts';
import { READABLE_FORM } from './readable-form.ts';

const UNDEFINED_TABLE = '42P01';
const COMPRESSION = {
  params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
};

export interface BackupReport {
  tables: number;
  rows: number;
  /** Partitions that retention dropped while the others were read. */
  dropped: number;
}

/** The compressed stream. `report` is filled on the way. @throws AppError `database_unavailable` */
export async function* writeBackup(db: Database, report: BackupReport): AsyncGenerator<Uint8Array> {
  const compressed = createZstdCompress(COMPRESSION);
  const feeding = pipeline(encodeFrames(framesOf(db, report)), compressed).catch(() => {});
  try {
    yield* compressed as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw connectionFailure(error) ?? error;
  } finally {
    compressed.destroy();
    await feeding;
  }
}

async function* framesOf(db: Database, report: BackupReport): AsyncGenerator<Frame> {
  const holder = await borrow(db);
  let isWhole = false;
  try {
    await holder.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${READABLE_FORM}`);
    const { rows } = await holder.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    const header = await readHeader(holder);
    yield jsonFrame('H', header);
    const { rows: tables } = await holder.query<BackupTable & { is_partition: boolean }>(TABLES);
    for (const { is_partition: isPartition, ...table } of byReference(
      tables,
      await references(holder),
    )) {
      yield* rowsOf(db, rows[0]?.id ?? '', table, isPartition, report);
    }
    const { rows: sequences } = await holder.query(SEQUENCES);
    yield jsonFrame('S', sequences);
    await holder.query('COMMIT');
    isWhole = true;
  } finally {
    giveBack(holder, isWhole);
  }
}

async function* rowsOf(
  db: Database,
  snapshot: string,
  { table, columns }: BackupTable,
  isPartition: boolean,
  report: BackupReport,
): AsyncGenerator<Frame> {
  const client = await borrow(db);
  let isWhole = false;
  try {
    await client.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '${snapshot}'; ${READABLE_FORM}`,
    );
    const names = columns.map((name) => pg.escapeIdentifier(name)).join(', ');
    const isThere = !isPartition || (await holdsStill(client, table));
    if (isThere) {
      yield jsonFrame('T', { table, columns });
      const copy = client.query(copyTo(`COPY ${table} (${names}) TO STDOUT`));
      for await (const bytes of copy) yield { letter: 'D', bytes: bytes as Buffer };
      yield jsonFrame('E', {});
      await client.query('COMMIT');
      report.tables++;
      report.rows += copy.rowCount;
    } else {
      await client.query('ROLLBACK');
      report.dropped++;
    }
    isWhole = true;
  } finally {
    giveBack(client, isWhole);
  }
}

/** Where it breaks between two statements, the next one says so. */
function ignore(): void {}

async function borrow(db: Database): Promise<pg.PoolClient> {
  const client = await db.pool.connect();
  client.on('error', ignore);
  return client;
}

/** In the midst of a COPY the connection is of no further use. */
function giveBack(client: pg.PoolClient, isWhole: boolean): void {
  client.off('error', ignore);
  client.release(!isWhole);
}

/** Locks the partition until the transaction's end; false where it was dropped. */
async function holdsStill(client: pg.PoolClient, table: string): Promise<boolean> {
  try {
    await client.query(`LOCK TABLE ${table} IN ACCESS SHARE MODE`);
    return true;
  } catch (error) {
    if ((error as pg.DatabaseError).code !== UNDEFINED_TABLE) throw error;
    return false;
  }
}

async function readHeader(client: pg.PoolClient): Promise<BackupHeader> {
  const { rows: migrations } = await client.query<BackupHeader['migrations'][number]>(
    'SELECT number, name FROM schema_migrations ORDER BY number',
  );
  const { rows: partitions } = await client.query<{
    parent: string;
    name: string;
    lower: Date;
    upper: Date;
  }>(
    `SELECT parent, name, lower, upper FROM store_partitions WHERE lower > '-infinity' ORDER BY parent, lower`,
  );
  const { rows: server } = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int4 AS version`,
  );
  return {
    format: 'phantomnet-backup',
    version: BACKUP_VERSION,
    created_at: new Date().toISOString(),
    postgres: server[0]?.version ?? 0,
    migrations,
    partitions: partitions.map((each) => ({
      ...each,
      lower: each.lower.toISOString(),
      upper: each.upper.toISOString(),
    })),
  };
}

/** Everything that holds rows, but the list of migrations: the header has it; and what has expired, see `archive/`. */
const TABLES = `
  SELECT c.relname::text AS table, c.relispartition AS is_partition,
    (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute AS a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
  FROM pg_class AS c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> 'schema_migrations'
    AND c.relname NOT LIKE 'expired\\_%'
  ORDER BY c.relispartition, c.relname`;

const SEQUENCES = `
  SELECT sequencename::text AS name, coalesce(last_value, start_value) AS value, last_value IS NOT NULL AS is_called
  FROM pg_sequences WHERE schemaname = current_schema() ORDER BY sequencename`;

async function references(client: pg.PoolClient): Promise<{ from: string; to: string }[]> {
  const { rows } = await client.query<{ from: string; to: string }>(
    `SELECT f.relname::text AS from, t.relname::text AS to FROM pg_constraint AS k
     JOIN pg_class AS f ON f.oid = k.conrelid JOIN pg_class AS t ON t.oid = k.confrelid
     WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace AND f.oid <> t.oid`,
  );
  return rows;
}

/** A table after those that its foreign keys point to. */
function byReference<Table extends { table: string }>(
  tables: readonly Table[],
  keys: readonly { from: string; to: string }[],
): Table[] {
  const sorted = new Set<Table>();
  const visit = (table: Table) => {
    if (sorted.has(table)) return;
    for (const { to } of keys.filter(({ from }) => from === table.table)) {
      const target = tables.find((each) => each.table === to);
      if (target) visit(target);
    }
    sorted.add(table);
  };
  tables.forEach(visit);
  return [...sorted];
}
