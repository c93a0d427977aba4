/**
 * The newest archived rows that match, newest first, with the filters that the search of stored packets and
 * flows has. Files are left out by the span in their names, row groups by their statistics and Bloom filters,
 * and by time once enough newer rows are found; of a group only its matching rows are put together.
 */
import { type ParquetQueryFilter, parquetReadObjects } from 'hyparquet';
import { AppError } from '../../errors.ts';
import { canonicalIp } from '../filter.ts';
import { isoMicros } from '../walk-back.ts';
import { ARCHIVED, type ArchivedTier, archiveColumns } from './archive-columns.ts';
import { archiveFiles, MICROS, readFooter, spanOfGroup } from './archive-folder.ts';
import { type ArchiveTarget, openArchive } from './archive-place.ts';
import type { SlicedFile } from './open-file.ts';
import { decompress } from './parquet-codec.ts';

export type ArchivedRow = Record<string, string | number | boolean | null>;

export interface ArchiveQuery {
  readonly tier: ArchivedTier;
  readonly limit: number;
  /** µs since the epoch; both included. */
  readonly fromMicros: number;
  readonly toMicros: number;
  /** Columns that must have this value; addresses in any spelling. */
  readonly equal: Readonly<Record<string, string>>;
  /** Of packets: only those that are malicious, or only those that are not known to be. */
  readonly malicious?: boolean | undefined;
}

export interface ArchiveAnswer {
  readonly rows: readonly ArchivedRow[];
  readonly files: number;
  /** Files that were opened, and bytes that were read of them. */
  readonly opened: number;
  readonly bytesRead: number;
  /** What is wrong with files that could not be read to their end: of these, rows may be missing. */
  readonly troubles: readonly AppError[];
}

const ADDRESSES = new Set(['src_ip', 'dst_ip', 'dest_ip']);

/** @throws AppError `not_found` where there is no archive, `server_unavailable` */
export async function searchArchive(
  target: ArchiveTarget,
  query: ArchiveQuery,
): Promise<ArchiveAnswer> {
  const { tier, limit, fromMicros, toMicros } = query;
  const { time, tie } = ARCHIVED[tier];
  const place = openArchive(target);
  const filter = filterOf(query);
  const files = await archiveFiles(target, tier);
  const counts = { files: files.length, opened: 0, bytesRead: 0 };
  const troubles: AppError[] = [];
  let rows: Record<string, unknown>[] = [];
  /** Older rows than this one do not make it into the answer. */
  let floor = fromMicros;
  for (const { name, path, ...span } of files) {
    if (span.fromMicros > toMicros || span.toMicros <= floor) continue;
    counts.opened++;
    try {
      const file = await place.open(name);
      try {
        await searchFile(path, file);
      } finally {
        counts.bytesRead += file.bytesRead;
        await file.close();
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      troubles.push(error);
    }
  }
  return { ...counts, troubles, rows: rows.map((row) => present(row, tier)) };

  async function searchFile(path: string, file: SlicedFile): Promise<void> {
    const metadata = await readFooter(path, file);
    let rowEnd = Number(metadata.num_rows);
    for (let index = metadata.row_groups.length - 1; index >= 0; index--) {
      const rowStart = rowEnd - Number(metadata.row_groups[index]?.num_rows ?? 0);
      const group = spanOfGroup(metadata, index, tier);
      if (group.fromMicros <= toMicros && group.toMicros >= floor) {
        const found = await readRows(path, { file, metadata, filter, rowStart, rowEnd });
        rows = newest([...rows, ...found], limit, time, tie);
        if (rows.length === limit) floor = Number(rows.at(-1)?.[time]);
      }
      rowEnd = rowStart;
    }
  }
}

async function readRows(
  path: string,
  part: Parameters<typeof parquetReadObjects>[0],
): Promise<Record<string, unknown>[]> {
  try {
    return await parquetReadObjects({
      ...part,
      compressors: { ZSTD: decompress },
      parsers: MICROS,
      useBloomFilters: true,
    });
  } catch (cause) {
    // Of damaged pages the reader throws whatever it stumbles over.
    const reason = (cause as Error).message;
    throw new AppError('input_invalid', `Cannot read ${path}: ${reason}`, { cause });
  }
}

function filterOf({ tier, fromMicros, toMicros, equal, malicious }: ArchiveQuery) {
  const { time } = ARCHIVED[tier];
  const conditions: ParquetQueryFilter[] = [
    { [time]: { $gte: BigInt(fromMicros), $lte: BigInt(toMicros) } },
  ];
  for (const [column, value] of Object.entries(equal)) {
    conditions.push({ [column]: { $eq: ADDRESSES.has(column) ? canonicalIp(value) : value } });
  }
  if (malicious !== undefined) {
    conditions.push({ is_malicious: malicious ? { $eq: true } : { $ne: true } });
  }
  return { $and: conditions };
}

function newest(rows: Record<string, unknown>[], limit: number, time: string, tie: string) {
  const compare = (a: unknown, b: unknown) => Number((b as bigint) - (a as bigint));
  return rows.sort((a, b) => compare(a[time], b[time]) || compare(a[tie], b[tie])).slice(0, limit);
}

/** As JSON has it: whole numbers as such, times as ISO 8601 with µs. */
function present(row: Record<string, unknown>, tier: ArchivedTier): ArchivedRow {
  return Object.fromEntries(
    archiveColumns(tier).map(({ name, element }) => {
      const value = row[name] ?? null;
      if (element.type === 'FLOAT' && value !== null) return [name, shortest(value as number)];
      if (typeof value !== 'bigint') return [name, value as ArchivedRow[string]];
      const isTime = element.converted_type === 'TIMESTAMP_MICROS';
      return [name, isTime ? isoMicros(Number(value)) : Number(value)];
    }),
  );
}

/** The shortest decimal that is the same 32-bit float, as PostgreSQL writes it. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
