import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withDatabase } from '../../../test/support/database.ts';
import { alertOf, flowRecord, trafficBatch, windowRow } from '../../../test/support/traffic.ts';
import { type Database, openDatabase } from '../database.ts';
import { startEmbedded } from '../embedded.ts';
import { ingest } from '../ingest.ts';
import { insertLureEvents } from '../lures.ts';
import { applyMigrations, migrate, readMigrations } from '../migrate.ts';
import { applyRetention, DEFAULT_RETENTION } from '../retention.ts';
import { restoreBackup } from './restore-backup.ts';
import { writeBackup } from './write-backup.ts';

const START = 1_700_000_000_000_000;
const HOUR = 3_600_000_000;
/** Where Debian's packages put it. */
const OTHER_POSTGRES = '/usr/lib/postgresql/15/bin';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Some of everything, and values that are hard to write down. */
async function fill(db: Database): Promise<void> {
  for (let sequence = 0; sequence < 3; sequence++) {
    const startMicros = START + sequence * 7 * HOUR;
    const batch = trafficBatch({ packets: 300, startMicros, sequence, seed: sequence + 1 });
    batch.packets.httpPath.set(0, '\\N\t"tab"\n\\.\u0001 \u{1f419} 世界');
    batch.verdicts.attackKind.fill(0, 0, 20);
    await ingest(db, {
      ...batch,
      flows: [flowRecord({ id: sequence, lastSeenMicros: startMicros, tlsSni: '\\.' })],
      windows: [5, 30, 180].map((size) => windowRow({ size: size as 5, startMicros })),
      alerts: [alertOf({ id: `a${sequence}`, confidence: 0.1 + 0.2, last_seen: 0.1 + 0.2 })],
    });
  }
  // A time that has no partition of its own.
  await db.query(
    `INSERT INTO packets SELECT * FROM jsonb_populate_recordset(NULL::packets,
       (SELECT jsonb_agg(to_jsonb(p) || '{"captured_at": "1999-12-31T23:59:59.999999Z"}')
        FROM (SELECT * FROM packets LIMIT 9) AS p))`,
  );
  await db.query(`INSERT INTO users (username, password_hash, role) VALUES ('ann', 'x', 'admin')`);
  await db.query(
    `INSERT INTO sessions (token_hash, username, expires_at) VALUES ('t', 'ann', 'infinity')`,
  );
  await db.query(`UPDATE policy SET armed = true`);
  await db.query(
    `INSERT INTO protected_networks (cidr, reason, removable) VALUES ('2001:db8::/32', 'ours', true)`,
  );
  await insertLureEvents(db, [
    {
      id: 'e1',
      session_id: 's1',
      at: '2026-01-02T03:04:05.678Z',
      service: 'ssh',
      source_ip: '8.8.8.8',
      source_port: 4000,
      local_port: 2222,
      kind: 'command',
      username: null,
      password: null,
      text: "'; DROP TABLE users; --",
      bytes: null,
      sha256: null,
    },
  ]);
}

/** Rows and a sum over them of every table, and where the sequences stand. */
async function contentOf(db: Database): Promise<Record<string, string>> {
  const tables = await db.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class WHERE relkind = 'r'
       AND relnamespace = 'public'::regnamespace AND relname NOT IN ('schema_migrations', 'expired_partitions') ORDER BY 1`,
  );
  const content: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await db.query<{ count: number; sum: string }>(
      `SELECT count(*) AS count, md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum FROM ${name} AS t`,
    );
    content[name] = `${row?.count} ${row?.sum}`;
  }
  return content;
}

async function sequencesOf(db: Database): Promise<Record<string, number>> {
  const rows = await db.query<{ name: string; last: number }>(
    'SELECT sequencename::text AS name, last_value AS last FROM pg_sequences ORDER BY 1',
  );
  return Object.fromEntries(rows.map(({ name, last }) => [name, last]));
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return Buffer.concat(collected);
}

async function bytesOf(db: Database): Promise<Buffer> {
  return collect(writeBackup(db, { tables: 0, rows: 0, dropped: 0 }));
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

/** An empty database of the same server. */
async function withEmpty(db: Database, body: (empty: Database) => Promise<void>): Promise<void> {
  const name = `empty_${process.pid}_${Date.now()}`;
  await db.query(`CREATE DATABASE ${name}`);
  const empty = await openDatabase({
    connection: { ...(db.pool.options as pg.PoolConfig), database: name },
  });
  try {
    await body(empty);
  } finally {
    await empty.close();
    await db.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}

async function isEmpty(db: Database): Promise<boolean> {
  return (
    (await db.query(`SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace`))
      .length === 0
  );
}

describe('a backup', () => {
  it('restored is the same to the last bit, and the store goes on from there', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const before = await contentOf(db);
      expect(before.packets_default).toMatch(/^[1-9]/);
      const report = { tables: 0, rows: 0, dropped: 0 };
      const bytes = await collect(writeBackup(db, report));
      expect(report).toMatchObject({ tables: Object.keys(before).length, dropped: 0 });
      await withEmpty(db, async (empty) => {
        const { rows, migrated } = await restoreBackup(empty, chunksOf(bytes));
        expect(rows).toBe(report.rows);
        expect(migrated).toEqual([]);
        expect(await contentOf(empty)).toEqual(before);
        expect(await sequencesOf(empty)).toEqual(await sequencesOf(db));
        // Ids, partitions and places go on.
        const again = trafficBatch({ packets: 300, startMicros: START, sequence: 2 });
        expect(await ingest(empty, again)).toBe('duplicate');
        expect(await ingest(empty, { ...again, sequence: 10 })).toBe('stored');
        const [ids] = await empty.query(
          'SELECT count(*) - count(DISTINCT id) AS twice FROM raw_packets WHERE captured_at > $1',
          ['2000-01-01T00:00:00Z'],
        );
        expect(ids).toEqual({ twice: 0 });
      });
    });
  });

  it('is of one moment, while batches and retention go on beside it', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const before = await contentOf(db);
      const report = { tables: 0, rows: 0, dropped: 0 };
      const chunks: Uint8Array[] = [];
      let isFirst = true;
      for await (const chunk of writeBackup(db, report)) {
        chunks.push(chunk);
        if (!isFirst) continue;
        isFirst = false;
        // A new hour's partition locks the default one; the drop locks what it drops.
        const startMicros = START + 900 * HOUR;
        await ingest(db, trafficBatch({ packets: 50, startMicros, sequence: 20 }));
        await db.query('DELETE FROM lure_events');
      }
      await withEmpty(db, async (empty) => {
        await restoreBackup(empty, chunksOf(Buffer.concat(chunks)));
        expect(await contentOf(empty)).toEqual(before);
      });
    });
  });

  it('goes on where retention drops a partition before its turn, and counts it', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const report = { tables: 0, rows: 0, dropped: 0 };
      // The first table in line waits for this lock, so the drops come before the packets' turn.
      const holder = await db.pool.connect();
      await holder.query('BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE');
      const reading = collect(writeBackup(db, report));
      await until(
        async () => (await db.query('SELECT FROM pg_locks WHERE NOT granted')).length > 0,
      );
      await applyRetention(db, DEFAULT_RETENTION, new Date(Date.now() + 4 * 86_400_000));
      await holder.query('COMMIT');
      holder.release();
      const bytes = await reading;
      expect(report.dropped).toBeGreaterThanOrEqual(3);
      await withEmpty(db, async (empty) => {
        await restoreBackup(empty, chunksOf(bytes));
        expect(await empty.query('SELECT count(*) AS count FROM traffic_data')).toEqual([
          { count: 3 },
        ]);
      });
    });
  });

  it('leaves out what has expired and waits for the archive', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const later = new Date(Date.now() + 4 * 86_400_000);
      writeFileSync(join(folder, 'packets'), 'no folder');
      const { waiting } = await applyRetention(db, DEFAULT_RETENTION, later, {
        archive: folder,
      });
      expect(waiting).toBeGreaterThan(1);
      const bytes = await bytesOf(db);
      await withEmpty(db, async (empty) => {
        await restoreBackup(empty, chunksOf(bytes));
        expect(await empty.query('SELECT count(*) AS n FROM raw_packets')).toEqual([{ n: 0 }]);
        expect(await empty.query('SELECT count(*) AS n FROM traffic_data')).toEqual([{ n: 3 }]);
      });
    });
  });

  it('of an older version is brought up to this one', async () => {
    await withDatabase(async (db) => {
      await withEmpty(db, async (older) => {
        // As a version that knew the first five migrations made it.
        const migrations = await readMigrations();
        const first = migrations.filter(({ number }) => number <= 5);
        await older.transaction((tx) => applyMigrations(tx, first));
        const bytes = await bytesOf(older);
        await older.query('DROP SCHEMA public CASCADE');
        await older.query('CREATE SCHEMA public');
        const { migrated } = await restoreBackup(older, chunksOf(bytes));
        expect(migrated).toEqual(migrations.filter(({ number }) => number > 5));
      });
    });
  });
});

describe('restore refuses, and leaves the database as it was,', () => {
  it('a database that is not empty', async () => {
    await withDatabase(async (db) => {
      const bytes = await bytesOf(db);
      await expect(restoreBackup(db, chunksOf(bytes))).rejects.toMatchObject({ code: 'conflict' });
      await withEmpty(db, async (empty) => {
        await empty.query('CREATE TABLE somebody_elses (x int)');
        await expect(restoreBackup(empty, chunksOf(bytes))).rejects.toMatchObject({
          code: 'conflict',
        });
      });
    });
  });

  it('what is cut, changed, of a newer version, or no backup', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const bytes = await bytesOf(db);
      const plain = zstdDecompressSync(bytes);
      const changed = Buffer.from(plain);
      const at = changed.indexOf('DROP TABLE users');
      changed.write('KEEP', at);
      const newer = Buffer.from(
        plain.toString('latin1').replace('"version":1', '"version":2'),
        'latin1',
      );
      const wanted = new Map<string, Buffer>([
        ['cut in the compressed stream', bytes.subarray(0, bytes.length - 40)],
        ...[1, 4, 5].map((cut): [string, Buffer] => [
          `cut by its last ${cut} bytes`,
          bytes.subarray(0, bytes.length - cut),
        ]),
        ['with text behind it', Buffer.concat([bytes, Buffer.from('more')])],
        ['with zeros behind it', Buffer.concat([bytes, Buffer.alloc(4096)])],
        ['with another one behind it', Buffer.concat([bytes, bytes])],
        ['cut in the rows', zstdCompressSync(plain.subarray(0, plain.length / 2))],
        ['cut before the sum', zstdCompressSync(plain.subarray(0, plain.length - 37))],
        ['changed', zstdCompressSync(changed)],
        ['longer', zstdCompressSync(Buffer.concat([plain, Buffer.from('more')]))],
        ['newer', zstdCompressSync(newer)],
        ['text', Buffer.from('select 1')],
        ['compressed text', zstdCompressSync(Buffer.from('select 1 from nothing at all'))],
        ['empty', Buffer.alloc(0)],
      ]);
      for (const [name, content] of wanted) {
        await withEmpty(db, async (empty) => {
          const outcome = await restoreBackup(empty, chunksOf(content)).catch((error) => error);
          expect([name, outcome]).toMatchObject([name, { code: 'input_invalid' }]);
          expect([name, await isEmpty(empty)]).toEqual([name, true]);
        });
      }
    });
  });
});

describe.skipIf(!existsSync(OTHER_POSTGRES))(`between majors (needs ${OTHER_POSTGRES})`, () => {
  it('moves from PostgreSQL 15 to the embedded one and back', async () => {
    const log = { info() {}, warn() {} };
    const dataDir = join(folder, 'older');
    const server = await startEmbedded({ dataDir, log, binDir: OTHER_POSTGRES });
    const older = await openDatabase({ connection: server.connection });
    try {
      await migrate(older);
      await fill(older);
      const before = await contentOf(older);
      await withDatabase(async (db) => {
        await withEmpty(db, async (newer) => {
          await restoreBackup(newer, writeBackup(older, { tables: 0, rows: 0, dropped: 0 }));
          expect(await contentOf(newer)).toEqual(before);
          await withEmpty(older, async (back) => {
            await restoreBackup(back, writeBackup(newer, { tables: 0, rows: 0, dropped: 0 }));
            expect(await contentOf(back)).toEqual(before);
          });
        });
      });
    } finally {
      await older.close();
      await server.stop();
    }
    // The folder itself says what to do with it.
    await expect(startEmbedded({ dataDir, log })).rejects.toThrow('db backup --pg-bin');
  });
});
