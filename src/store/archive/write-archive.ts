/**
 * The rows of one table as a Parquet file: zstd, in the order of their time, so that the statistics of each row
 * group bound it; Bloom filters on both addresses, so that a search for one reads only groups that may have it.
 * The memory is that of one row group, whatever the table's size.
 */
import type { DecodedArray } from 'hyparquet';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import type { Database } from '../database.ts';
import {
  ARCHIVED,
  type ArchiveColumn,
  type ArchivedTier,
  archiveColumns,
} from './archive-columns.ts';
import { compress } from './parquet-codec.ts';

/** A search reads whole groups: fewer rows a group cost bytes, more cost time and memory. */
const GROUP_ROWS = 20_000;
const BLOOM_COLUMNS = new Set(['src_ip', 'dst_ip', 'dest_ip']);

/** @param table a table with the columns of the tier, ours by name */
export async function* archiveChunks(
  db: Database,
  tier: ArchivedTier,
  table: string,
): AsyncGenerator<Uint8Array> {
  const columns = archiveColumns(tier);
  const root = { name: 'root', num_children: columns.length };
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [root, ...columns.map(({ element }) => element)],
    codec: 'ZSTD',
    compressors: { ZSTD: compress },
    statisticsTruncateLength: 64,
    createdBy: 'phantomnet',
    kvMetadata: [{ key: 'phantomnet.tier', value: tier }],
  });
  for await (const rows of groupsOf(db, tier, table, columns)) {
    await file.write({
      columnData: columns.map((column, at) => sourceOf(column, at, rows)),
      rowGroupSize: GROUP_ROWS,
    });
    yield take(writer);
  }
  await file.finish();
  yield take(writer);
}

async function* groupsOf(
  db: Database,
  tier: ArchivedTier,
  table: string,
  columns: readonly ArchiveColumn[],
): AsyncGenerator<unknown[][]> {
  const { time, tie } = ARCHIVED[tier];
  const client = await db.pool.connect();
  let isWhole = false;
  try {
    await client.query('BEGIN READ ONLY; SET LOCAL statement_timeout = 0');
    await client.query(
      `DECLARE rows NO SCROLL CURSOR FOR SELECT ${columns.map(({ sql }) => sql).join(', ')}
       FROM ${table} ORDER BY ${time}, ${tie}`,
    );
    for (;;) {
      const { rows } = await client.query<unknown[]>({
        text: `FETCH ${GROUP_ROWS} FROM rows`,
        rowMode: 'array',
      });
      if (rows.length === 0) break;
      yield rows;
    }
    await client.query('COMMIT');
    isWhole = true;
  } finally {
    client.release(!isWhole);
  }
}

function sourceOf({ name, isBigInt }: ArchiveColumn, at: number, rows: unknown[][]): ColumnSource {
  const data = rows.map((row) => {
    const value = row[at];
    return isBigInt && value !== null ? BigInt(value as number) : value;
  });
  return { name, data: data as DecodedArray, bloomFilter: BLOOM_COLUMNS.has(name) };
}

/** The file's next bytes; the writer goes on counting from there. */
function take(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice(0, writer.index);
  writer.index = 0;
  return bytes;
}
