/** What is in an archive: its files by tier, the newest span first, and what their footers say. */
import { posix } from 'node:path';
import { type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { AppError } from '../../errors.ts';
import { TIERS } from '../tiers.ts';
import { ARCHIVED, type ArchivedTier } from './archive-columns.ts';
import { type ArchiveTarget, openArchive } from './archive-place.ts';

/** `packets_2026013112-1769990400000.parquet`; of the default partition without the hour. */
const FILE_NAME = /_(?:(\d{4})(\d{2})(\d{2})(\d{2})|default)-\d+(?:-shard\d+)?\.parquet$/;

/** Read at once at a file's end: the footer of an hour is rarely larger. */
const FOOTER_BYTES = 64 * 1024;

export interface ArchiveFile {
  /** In its archive. */
  readonly name: string;
  readonly path: string;
  /** Time that no row of it is before, or at or after: µs since the epoch. */
  readonly fromMicros: number;
  readonly toMicros: number;
}

export interface ArchiveSummary {
  readonly path: string;
  /** Of its rows, both included; null: it has none. */
  readonly fromMicros: number | null;
  readonly toMicros: number | null;
  readonly tier: ArchivedTier;
  readonly bytes: number;
  readonly rows: number;
}

/** @throws AppError `not_found` where there is no such folder, `server_unavailable` */
export async function archiveFiles(
  target: ArchiveTarget,
  tier: ArchivedTier,
): Promise<ArchiveFile[]> {
  const place = openArchive(target);
  const names = await place.names(tier);
  const files = names
    .filter((name) => FILE_NAME.test(name))
    .map((name) => ({ name, path: place.pathOf(name), ...spanOf(name, tier) }));
  return files.sort((a, b) => b.toMicros - a.toMicros || (a.path < b.path ? 1 : -1));
}

/** With what each file's footer says, exactly. */
export async function* archiveSummaries(
  target: ArchiveTarget,
  tier: ArchivedTier,
): AsyncGenerator<ArchiveSummary> {
  const place = openArchive(target);
  for (const { name, path } of await archiveFiles(target, tier)) {
    const file = await place.open(name);
    try {
      const metadata = await readFooter(path, file);
      const about = { path, tier, bytes: file.byteLength, rows: Number(metadata.num_rows) };
      const spans = metadata.row_groups.map((_, index) => spanOfGroup(metadata, index, tier));
      yield spans.length === 0
        ? { ...about, fromMicros: null, toMicros: null }
        : {
            ...about,
            fromMicros: Math.min(...spans.map(({ fromMicros }) => fromMicros)),
            toMicros: Math.max(...spans.map(({ toMicros }) => toMicros)),
          };
    } finally {
      await file.close();
    }
  }
}

/** @throws AppError `input_invalid` where it is no whole Parquet file */
export async function readFooter(
  path: string,
  file: Parameters<typeof parquetMetadataAsync>[0],
): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(file, { parsers: MICROS, initialFetchSize: FOOTER_BYTES });
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new AppError('input_invalid', `Cannot read ${path}: ${reason}`, { cause });
  }
}

/** Times as whole µs: a Date would lose the last three digits. */
export const MICROS = { timestampFromMicroseconds: (micros: bigint) => micros };

/** From the statistics of its time column; both ends included. */
export function spanOfGroup(
  { row_groups: groups }: FileMetaData,
  index: number,
  tier: ArchivedTier,
): { fromMicros: number; toMicros: number } {
  const column = groups[index]?.columns.find(
    ({ meta_data: data }) => data?.path_in_schema[0] === ARCHIVED[tier].time,
  );
  const { min_value: min, max_value: max } = column?.meta_data?.statistics ?? {};
  return {
    fromMicros: min === undefined ? 0 : Number(min),
    toMicros: max === undefined ? Number.MAX_SAFE_INTEGER : Number(max),
  };
}

function spanOf(name: string, tier: ArchivedTier): { fromMicros: number; toMicros: number } {
  const [, year, month, day, hour] = FILE_NAME.exec(posix.basename(name)) ?? [];
  if (year === undefined) return { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER };
  const fromMicros = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour)) * 1000;
  return { fromMicros, toMicros: fromMicros + TIERS[tier].seconds * 1e6 };
}
