import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withDatabase, withShards } from '../../../test/support/database.ts';
import { flowRecord, trafficBatch } from '../../../test/support/traffic.ts';
import { listArchive, queryArchive } from '../../cli/archive.ts';
import { AppError } from '../../errors.ts';
import type { Database } from '../database.ts';
import { writeDurably } from '../durable-file.ts';
import { ingest } from '../ingest.ts';
import { applyRetention, DEFAULT_RETENTION, databaseBytes } from '../retention.ts';
import { archiveSummaries } from './archive-folder.ts';
import { type ArchivedRow, searchArchive } from './search-archive.ts';
import { archiveChunks } from './write-archive.ts';

/** A noon. */
const START = 1_699_963_200_000_000;
const HOUR = 3_600_000_000;
const DAY_MS = 86_400_000;
const LATER = new Date(Date.now() + DAY_MS);
const EVERYTHING = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER, equal: {}, limit: 100_000 };

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function fill(db: Database, hours: number, packets = 500): Promise<void> {
  for (let sequence = 0; sequence < hours; sequence++) {
    const startMicros = START + sequence * HOUR + 1;
    const batch = trafficBatch({ packets, startMicros, sequence, seed: sequence + 1 });
    batch.packets.httpPath.set(0, '/\u{1f419}?q=\\N');
    batch.verdicts.attackKind.fill(6, 0, 3);
    const flows = [flowRecord({ id: sequence, lastSeenMicros: startMicros })];
    await ingest(db, { ...batch, flows });
  }
}

/** Retention as it is when everything has grown old. */
function expireAll(db: Database, archive: string, limits = DEFAULT_RETENTION) {
  return applyRetention(db, limits, new Date(Date.now() + 15 * DAY_MS), { archive });
}

/** Of the live tables, in the archive's form. */
async function liveRows(db: Database, tier: 'packets' | 'flows'): Promise<ArchivedRow[]> {
  const [table, time, tie] =
    tier === 'packets'
      ? ['raw_packets', 'captured_at', 'id']
      : ['traffic_data', 'last_seen', 'id_num'];
  const rows = await db.query<{ row: ArchivedRow }>(
    `SELECT to_jsonb(t) AS row FROM ${table} AS t ORDER BY ${time} DESC, ${tie} DESC`,
  );
  return rows.map(({ row }) => {
    for (const [name, value] of Object.entries(row)) {
      if (/_(at|seen)$/.test(name)) row[name] = withMicros(String(value));
    }
    return row;
  });
}

/** `2023-11-14T12:00:00.000001+00:00` as `2023-11-14T12:00:00.000001Z`. */
function withMicros(time: string): string {
  const [, seconds, fraction = ''] = /^(.*?:\d\d)(?:\.(\d+))?\+00:00$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(6, '0')}Z`;
}

describe('an expired partition', () => {
  it('is in the archive row by row, all columns, before it is dropped', async () => {
    await withDatabase(async (db) => {
      await fill(db, 4);
      const packets = await liveRows(db, 'packets');
      const flows = await liveRows(db, 'flows');
      const report = await expireAll(db, folder);
      expect(report.archived).toHaveLength(5);
      expect(report).toMatchObject({ waiting: 0, archiveTrouble: null, unarchived: [] });
      expect(await liveRows(db, 'packets')).toEqual([]);
      const archived = await searchArchive(folder, { ...EVERYTHING, tier: 'packets' });
      expect(archived.rows).toHaveLength(2000);
      expect(archived.rows).toEqual(packets);
      expect((await searchArchive(folder, { ...EVERYTHING, tier: 'flows' })).rows).toEqual(flows);
    });
  });

  it('is read by DuckDB, types, times and text included', async () => {
    await withDatabase(async (db) => {
      await fill(db, 2);
      const [truth] = await db.query<Record<string, number>>(
        `SELECT count(*) AS rows, count(DISTINCT src_ip) AS sources, sum(length) AS bytes, sum(seq) AS seqs,
           count(*) FILTER (WHERE is_malicious) AS malicious, count(vlan) AS vlans,
           round(sum(payload_entropy)::numeric, 2)::float8 AS entropy,
           min(extract(epoch FROM captured_at) * 1000000)::int8 AS first FROM raw_packets`,
      );
      await expireAll(db, folder);
      const duck = await (await DuckDBInstance.create()).connect();
      const from = `FROM read_parquet('${folder}/packets/*/*.parquet')`;
      const reader = await duck.runAndReadAll(
        `SELECT count(*) AS rows, count(DISTINCT src_ip) AS sources, sum(length) AS bytes, sum(seq) AS seqs,
           count(*) FILTER (WHERE is_malicious) AS malicious, count(vlan) AS vlans,
           round(sum(payload_entropy), 2) AS entropy, epoch_us(min(captured_at)) AS first ${from}`,
      );
      const [read] = reader.getRowObjects();
      const numbers = Object.entries(read ?? {}).map(([name, value]) => [name, Number(value)]);
      expect(Object.fromEntries(numbers)).toEqual(truth);
      const paths = await duck.runAndReadAll(
        `SELECT count(*) AS n, any_value(typeof(captured_at)) AS type ${from} WHERE http_path = '/\u{1f419}?q=\\N'`,
      );
      expect(paths.getRowObjects()).toEqual([{ n: 2n, type: 'TIMESTAMP WITH TIME ZONE' }]);
      duck.closeSync();
    });
  });

  it('of the default partition goes too, and may come again', async () => {
    await withDatabase(async (db) => {
      await fill(db, 1, 50);
      const late = `INSERT INTO packets SELECT * FROM jsonb_populate_recordset(NULL::packets,
        (SELECT jsonb_agg(to_jsonb(p) || '{"captured_at": "1999-12-31T23:00:00Z"}')
         FROM (SELECT * FROM packets LIMIT 9) AS p))`;
      await db.query(late);
      await expireAll(db, folder);
      await fill(db, 0);
      await ingest(db, trafficBatch({ packets: 20, startMicros: START, sequence: 50 }));
      await db.query(late);
      expect(await db.query('SELECT count(*) AS n FROM packets_default')).toEqual([{ n: 9 }]);
      await expireAll(db, folder);
      expect(readdirSync(join(folder, 'packets', 'default'))).toHaveLength(2);
      const { rows } = await searchArchive(folder, { ...EVERYTHING, tier: 'packets' });
      expect(rows).toHaveLength(50 + 9 + 20 + 9);
    });
  });
});

describe('the search', () => {
  it('finds what SQL would have found, newest first, and leaves out what cannot match', async () => {
    await withDatabase(async (db) => {
      await fill(db, 6);
      const rows = await liveRows(db, 'packets');
      await expireAll(db, folder);
      const cases = [
        [
          { equal: { src_ip: '198.51.100.20' } },
          (row: ArchivedRow) => row.src_ip === '198.51.100.20',
        ],
        [
          { equal: { dst_ip: '10.0.0.7', protocol: 'UDP' } },
          (row: ArchivedRow) => row.dst_ip === '10.0.0.7' && row.protocol === 'UDP',
        ],
        [
          { equal: { attack_type: 'Port_Scan' } },
          (row: ArchivedRow) => row.attack_type === 'Port_Scan',
        ],
        [{ malicious: true }, (row: ArchivedRow) => row.is_malicious === true],
        [{ malicious: false }, (row: ArchivedRow) => row.is_malicious !== true],
        [
          { fromMicros: START + HOUR + 101, toMicros: START + 2 * HOUR + 1 },
          (row: ArchivedRow) =>
            Number(row.timestamp) >= (START + HOUR + 101) / 1e6 &&
            Number(row.timestamp) <= (START + 2 * HOUR + 1) / 1e6,
        ],
      ] as const;
      for (const [query, matches] of cases) {
        for (const limit of [7, 100_000]) {
          const answer = await searchArchive(folder, {
            ...EVERYTHING,
            tier: 'packets',
            ...query,
            limit,
          });
          const truth = rows.filter(matches);
          expect(truth.length).toBeGreaterThan(0);
          expect(answer.rows).toEqual(truth.slice(0, limit));
        }
      }
      const newest = await searchArchive(folder, { ...EVERYTHING, tier: 'packets', limit: 7 });
      expect(newest).toMatchObject({ files: 6, opened: 1 });
      const hour = { fromMicros: START + HOUR, toMicros: START + HOUR + 1000 };
      const one = await searchArchive(folder, { ...EVERYTHING, tier: 'packets', ...hour });
      expect(one).toMatchObject({ files: 6, opened: 1 });
    });
  });

  it('reads only row groups that may hold the address', async () => {
    await withDatabase(async (db) => {
      const batch = trafficBatch({ packets: 45_000, startMicros: START, gapMicros: 1000 });
      batch.packets.src.set([0, 0, 0xffff, 0xc63364fa], 4 * 30_000);
      batch.packets.ipVersion[30_000] = 4;
      await ingest(db, batch);
      await expireAll(db, folder);
      // Between the least and the greatest address of every group: only the Bloom filters know.
      const equal = { src_ip: '198.51.100.250' };
      const answer = await searchArchive(folder, { ...EVERYTHING, tier: 'packets', equal });
      expect(answer.rows).toHaveLength(1);
      const [file] = await collect(archiveSummaries(folder, 'packets'));
      expect(file).toMatchObject({ rows: 45_000, fromMicros: START, toMicros: START + 44_999_000 });
      const bytes = file?.bytes ?? 0;
      expect(bytes / 45_000).toBeLessThan(60);
      // One of three groups, the smallest is 5,000 rows; the newest ones as well where nothing is asked for.
      expect(answer.bytesRead).toBeLessThan(0.6 * bytes);
      const all = await searchArchive(folder, { ...EVERYTHING, tier: 'packets' });
      expect(all.bytesRead).toBeGreaterThan(0.9 * bytes);
    });
  });

  it('names each file that is damaged, in its footer or its pages, or gone, and finds what the others hold', async () => {
    await withDatabase(async (db) => {
      await fill(db, 4);
      const { archived } = await expireAll(db, folder);
      const [cut = '', spoilt = '', link = ''] = archived.filter((each) =>
        each.includes('/packets_'),
      );
      writeFileSync(cut, readFileSync(cut).subarray(0, 1000));
      const pages = readFileSync(spoilt);
      writeFileSync(spoilt, pages.fill(0xff, 4, pages.length >> 1));
      rmSync(link);
      symlinkSync(join(folder, 'nowhere'), link);
      const [out, err] = [new Sink(), new Sink()];
      const words = { flows: false, limit: 100_000 };
      const failure = await queryArchive(words, { target: folder, json: true, out, err }).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(AppError);
      expect(failure).toMatchObject({ code: 'input_invalid' });
      const said = `${(failure as AppError).message} ${err.text}`;
      for (const path of [cut, spoilt, link]) expect(said).toContain(path);
      expect(out.text.trim().split('\n')).toHaveLength(500);
    });
  });

  it('says where there is no archive', async () => {
    const none = searchArchive(join(folder, 'none'), { ...EVERYTHING, tier: 'packets' });
    await expect(none).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a partition without rows', () => {
  it('is dropped and not archived', async () => {
    await withDatabase(async (db) => {
      await fill(db, 2);
      await db.query('DELETE FROM raw_packets');
      const { archived, waiting } = await expireAll(db, folder);
      expect(archived.filter((each) => each.includes('/packets_'))).toEqual([]);
      expect(archived).toHaveLength(1);
      expect(waiting).toBe(0);
    });
  });

  it('that was archived all the same is listed without times', async () => {
    await withDatabase(async (db) => {
      const path = join(folder, 'packets', '2023-11-14', 'packets_2023111412-1.parquet');
      mkdirSync(dirname(path), { recursive: true });
      await writeDurably(path, archiveChunks(db, 'packets', 'packets_default'));
      mkdirSync(join(folder, 'flows'));
      for (const json of [false, true]) {
        const out = new Sink();
        await listArchive({ target: folder, json, out, err: new Sink() });
        expect(out.text).toMatch(
          json ? /"from":null,"to":null,"rows":0/ : /^no rows +0 packets .*-1\.parquet\n$/,
        );
      }
    });
  });
});

describe('an archive that cannot be written', () => {
  const blocked = () => {
    // A file where a folder must be: also root cannot write below it.
    writeFileSync(join(folder, 'packets'), '');
    return folder;
  };

  it('makes partitions wait, whole, until it can', async () => {
    await withDatabase(async (db) => {
      await fill(db, 3);
      const rows = await liveRows(db, 'packets');
      const dir = blocked();
      const report = await expireAll(db, dir);
      expect(report).toMatchObject({ waiting: 4, archived: [], unarchived: [] });
      expect(report.archiveTrouble).toMatch(/ENOTDIR|EEXIST/);
      expect(readdirSync(dir)).toEqual(['packets']);
      expect(await expireAll(db, dir)).toMatchObject({ waiting: 4, unarchived: [] });
      rmSync(join(dir, 'packets'));
      const after = await expireAll(db, dir);
      expect(after).toMatchObject({ waiting: 0, archiveTrouble: null });
      expect((await searchArchive(dir, { ...EVERYTHING, tier: 'packets' })).rows).toEqual(rows);
      expect(db.counters).toMatchObject({ partitionsArchived: 4, partitionsUnarchived: 0 });
    });
  });

  it('does not keep the store from its budget: the longest waiting go, and are counted', async () => {
    await withDatabase(async (db) => {
      await fill(db, 4, 4000);
      const maxBytes = (await databaseBytes(db)) - 1_500_000;
      const limits = { ...DEFAULT_RETENTION, maxBytes };
      const report = await applyRetention(db, limits, new Date(), { archive: blocked() });
      expect(report.bytesAfter).toBeLessThanOrEqual(maxBytes);
      expect(report.unarchived[0]).toBe('packets_2023111412');
      expect(report.unarchived.length).toBeLessThan(3);
      expect(db.counters.partitionsUnarchived).toBe(report.unarchived.length);
      expect(await db.query('SELECT count(*) > 0 AS left FROM raw_packets')).toEqual([
        { left: true },
      ]);
    });
  });

  it('and a crash between the file and the drop writes nothing twice', async () => {
    await withDatabase(async (db) => {
      await fill(db, 1);
      const dir = blocked();
      await expireAll(db, dir);
      rmSync(join(dir, 'packets'));
      // As a crash may leave it: a part beside the place of one file, another one in full, the tables still there.
      const expired = await db.query<{ name: string; ms: number }>(
        `SELECT partition AS name, floor(extract(epoch FROM expired_at) * 1000)::int8 AS ms
         FROM expired_partitions ORDER BY partition`,
      );
      const [half = '', whole = ''] = expired.map(({ name, ms }) => {
        const day = join(dir, name.startsWith('packets') ? 'packets' : 'flows', '2023-11-14');
        mkdirSync(day, { recursive: true });
        return join(day, `${name}-${ms}.parquet`);
      });
      writeFileSync(`${half}.part`, 'half');
      writeFileSync(whole, 'as it was written');
      expect(await expireAll(db, dir)).toMatchObject({ waiting: 0, archived: [half, whole] });
      expect(readdirSync(join(dir, 'packets', '2023-11-14'))).toHaveLength(1);
      expect((await searchArchive(dir, { ...EVERYTHING, tier: 'packets' })).rows).toHaveLength(500);
      expect(readFileSync(whole, 'utf8')).toBe('as it was written');
    });
  });
});

class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe('an archive of two databases', () => {
  it('has the rows of both, also of the same hour that expired at the same moment', () =>
    withShards(async (home) => {
      const shards = home.shards ?? [];
      for (const shard of shards) {
        await fill(shard, 1);
        // Taken out and not yet written, both at one time.
        await applyRetention(shard, { ...DEFAULT_RETENTION, packetHours: 0.0001 }, LATER, {
          archive: join(folder, 'nothing', '\0'),
        });
        await shard.query(`UPDATE expired_partitions SET expired_at = '2026-01-01T00:00:00Z'`);
      }
      for (const shard of shards) {
        const report = await applyRetention(shard, DEFAULT_RETENTION, LATER, { archive: folder });
        expect(report).toMatchObject({ waiting: 0, archiveTrouble: null });
      }
      let rows = 0;
      for await (const file of archiveSummaries(folder, 'packets')) rows += file.rows;
      expect(rows).toBe(1000);
    }));
});
