/** `phantomnet archive`: what retention wrote away, listed and searched without any database. */
import { AppError } from '../errors.ts';
import type { ArchivedTier } from '../store/archive/archive-columns.ts';
import { archiveSummaries } from '../store/archive/archive-folder.ts';
import type { ArchiveTarget } from '../store/archive/archive-place.ts';
import { type ArchivedRow, searchArchive } from '../store/archive/search-archive.ts';
import { printable } from './printable.ts';
import { timeOf } from './time-of.ts';

const SPAN_CHARACTERS = '2026-01-31T12:00:00.000Z to 2026-01-31T13:00:00.000Z'.length;

export interface ArchiveContext {
  /** Null: the configuration names none. */
  readonly target: ArchiveTarget | null;
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

export interface ArchiveQueryWords {
  readonly flows: boolean;
  readonly limit: number;
  readonly from?: string;
  readonly to?: string;
  readonly source?: string;
  readonly target?: string;
  readonly protocol?: string;
  readonly type?: string;
  readonly malicious?: boolean;
  readonly service?: string;
  readonly state?: string;
}

/** @throws AppError `not_found`, `input_invalid` */
export async function listArchive(context: ArchiveContext): Promise<void> {
  const { json, out } = context;
  for (const tier of ['packets', 'flows'] as const) {
    for await (const file of archiveSummaries(targetOf(context), tier)) {
      const { path, bytes, rows, fromMicros, toMicros } = file;
      const [from, to] = [fromMicros, toMicros].map((at) =>
        at === null ? null : new Date(at / 1000).toISOString(),
      );
      const span = from === null ? 'no rows'.padEnd(SPAN_CHARACTERS) : `${from} to ${to}`;
      const line = json
        ? JSON.stringify({ path, tier, from, to, rows, bytes })
        : `${span}  ${String(rows).padStart(9)} ${tier.padEnd(7)} ${String(bytes).padStart(11)} bytes  ${path}`;
      out.write(`${line}\n`);
    }
  }
}

/** @throws AppError `not_found`, `input_invalid` after the rows of all files that can be read, `usage` for a filter that the other kind of row has */
export async function queryArchive(
  words: ArchiveQueryWords,
  context: ArchiveContext,
): Promise<void> {
  const tier = words.flows ? 'flows' : 'packets';
  const answer = await searchArchive(targetOf(context), {
    tier,
    limit: words.limit,
    fromMicros: timeOf(words.from) ?? 0,
    toMicros: timeOf(words.to) ?? Number.MAX_SAFE_INTEGER,
    equal: filtersOf(words, tier),
    malicious: words.malicious,
  });
  const { rows, files, opened, bytesRead, troubles } = answer;
  for (const row of rows)
    context.out.write(`${context.json ? JSON.stringify(row) : printable(lineOf(row, tier))}\n`);
  context.err.write(
    `${rows.length} rows; opened ${opened} of ${files} files, read ${bytesRead} bytes\n`,
  );
  for (const { message } of troubles.slice(1)) context.err.write(`${printable(message)}\n`);
  // What the other files hold is out already.
  if (troubles[0] !== undefined) throw troubles[0];
}

function targetOf({ target }: ArchiveContext): ArchiveTarget {
  if (target !== null) return target;
  throw new AppError('usage', 'There is no archive: set archive.dir or archive.s3, or give --dir');
}

function filtersOf(words: ArchiveQueryWords, tier: ArchivedTier): Record<string, string> {
  const { source, target, protocol, type, service, state } = words;
  const given =
    tier === 'packets'
      ? { src_ip: source, dst_ip: target, protocol, attack_type: type }
      : { src_ip: source, dest_ip: target, protocol, service, conn_state: state };
  const strangers = tier === 'packets' ? { service, state } : { type, malicious: words.malicious };
  const [stranger] = Object.entries(strangers).find(([, value]) => value !== undefined) ?? [];
  if (stranger !== undefined)
    throw new AppError('usage', `Cannot look for --${stranger}: ${tier} have none`);
  return Object.fromEntries(
    Object.entries(given).filter((each): each is [string, string] => each[1] !== undefined),
  );
}

function lineOf(row: ArchivedRow, tier: ArchivedTier): string {
  const end = (ip: unknown, port: unknown) => (port === null ? `${ip}` : `${ip} ${port}`);
  if (tier === 'flows') {
    const ends = `${end(row.src_ip, row.src_port)} > ${end(row.dest_ip, row.dest_port)}`;
    return `${row.last_seen} ${ends} ${row.protocol} ${row.conn_state} ${row.packet_count} packets ${row.byte_count} bytes ${row.service ?? ''}`;
  }
  const ends = `${end(row.src_ip ?? row.arp_psrc, row.src_port)} > ${end(row.dst_ip ?? row.arp_pdst, row.dst_port)}`;
  return `${row.captured_at} ${ends} ${row.protocol} ${row.length} B ${row.tcp_flags ?? ''} ${row.attack_type ?? ''}`;
}
