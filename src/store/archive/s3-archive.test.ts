/** Against an S3 server of other people's making, which knows its key (it does not verify signatures) and can be killed. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { withDatabase } from '../../../test/support/database.ts';
import { BUCKET, type S3Server, startS3 } from '../../../test/support/s3-server.ts';
import { trafficBatch } from '../../../test/support/traffic.ts';
import type { Database } from '../database.ts';
import { ingest } from '../ingest.ts';
import { applyRetention, DEFAULT_RETENTION, databaseBytes } from '../retention.ts';
import { archiveSummaries } from './archive-folder.ts';
import type { ArchiveTarget } from './archive-place.ts';
import { openArchive } from './archive-place.ts';
import { searchArchive } from './search-archive.ts';

const START = 1_699_963_200_000_000;
const HOUR = 3_600_000_000;
const DAY_MS = 86_400_000;
const EVERYTHING = {
  ...{ tier: 'packets' as const, equal: {}, limit: 100_000 },
  ...{ fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER },
};

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-s3-'));
let server: S3Server;

beforeAll(async () => {
  server = await startS3(folder);
});
afterEach(() => rmSync(join(folder, BUCKET, 'site-1'), { recursive: true, force: true }));
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function fill(db: Database, hours: number, packets = 500): Promise<void> {
  for (let sequence = 0; sequence < hours; sequence++) {
    const startMicros = START + sequence * HOUR + 1;
    await ingest(db, trafficBatch({ packets, startMicros, sequence, seed: sequence + 1 }));
  }
}

function expireAll(db: Database, archive: ArchiveTarget) {
  return applyRetention(db, DEFAULT_RETENTION, new Date(Date.now() + 15 * DAY_MS), { archive });
}

async function packetsOf(db: Database): Promise<number[]> {
  const rows = await db.query<{ id: number }>('SELECT id FROM raw_packets ORDER BY id');
  return rows.map(({ id }) => id);
}

const idsIn = async (archive: ArchiveTarget) =>
  (await searchArchive(archive, EVERYTHING)).rows.map(({ id }) => Number(id)).sort((a, b) => a - b);

describe('an archive in a bucket', () => {
  it('has every row before its partition is dropped, and is listed and searched as a folder is', async () => {
    await withDatabase(async (db) => {
      await fill(db, 3);
      const ids = await packetsOf(db);
      const report = await expireAll(db, server.target);
      expect(report).toMatchObject({ waiting: 0, archiveTrouble: null, unarchived: [] });
      expect(report.archived[0]).toMatch(
        new RegExp(`^s3://${BUCKET}/site-1/packets/2023-11-14/packets_\\d+-\\d+\\.parquet$`),
      );
      expect(await packetsOf(db)).toEqual([]);
      expect(await idsIn(server.target)).toEqual(ids);
      const summaries = [];
      for await (const each of archiveSummaries(server.target, 'packets')) summaries.push(each);
      expect(summaries.map(({ rows }) => rows)).toEqual([500, 500, 500]);
      const from = START + 2 * HOUR;
      const newest = await searchArchive(server.target, { ...EVERYTHING, fromMicros: from });
      expect(newest).toMatchObject({ files: 3, opened: 1 });
      expect(newest.rows).toHaveLength(500);
    });
  });

  it('that is away makes partitions wait, whole, until it is back', async () => {
    await withDatabase(async (db) => {
      await fill(db, 2);
      const ids = await packetsOf(db);
      await server.kill();
      try {
        const report = await expireAll(db, server.target);
        expect(report).toMatchObject({ waiting: 2, archived: [], unarchived: [] });
        expect(report.archiveTrouble).toMatch(
          /^Cannot write s3:\/\/\S+: http:\/\/127.0.0.1:\d+ does not answer: .*ECONNREFUSED/,
        );
        expect(report.archiveTrouble).not.toContain(server.target.secretKey);
        await expect(searchArchive(server.target, EVERYTHING)).rejects.toMatchObject({
          code: 'server_unavailable',
        });
      } finally {
        await server.start();
      }
      expect(await expireAll(db, server.target)).toMatchObject({ waiting: 0, unarchived: [] });
      expect(await idsIn(server.target)).toEqual(ids);
      expect(db.counters).toMatchObject({ partitionsArchived: 2, partitionsUnarchived: 0 });
    });
  });

  it('that is away does not keep the store from its budget', async () => {
    await withDatabase(async (db) => {
      await fill(db, 4, 4000);
      const maxBytes = (await databaseBytes(db)) - 1_500_000;
      await server.kill();
      try {
        const limits = { ...DEFAULT_RETENTION, maxBytes };
        const report = await applyRetention(db, limits, new Date(), { archive: server.target });
        expect(report.bytesAfter).toBeLessThanOrEqual(maxBytes);
        expect(report.unarchived).toContain('packets_2023111412');
      } finally {
        await server.start();
      }
    });
  });

  it('that refuses the keys, or has no such bucket, makes partitions wait and says why', async () => {
    await withDatabase(async (db) => {
      await fill(db, 1);
      const stranger = { ...server.target, accessKey: 'not-this-one' };
      const refused = await expireAll(db, stranger);
      expect(refused).toMatchObject({ waiting: 1, archived: [] });
      expect(refused.archiveTrouble).toMatch(/Access Key Id you provided does not exist/);
      const nowhere = await expireAll(db, { ...server.target, bucket: 'no-such-bucket' });
      expect(nowhere).toMatchObject({ waiting: 1, archived: [] });
      expect(nowhere.archiveTrouble).toMatch(/bucket does not exist/i);
      expect(existsSync(join(folder, 'no-such-bucket'))).toBe(false);
    });
  });

  it('takes files of many parts, and gives back the same bytes', async () => {
    const archive = openArchive(server.target);
    const piece = Buffer.alloc(1_000_003, 'packets');
    const hash = createHash('sha256');
    const chunks = async function* () {
      for (let count = 0; count < 40; count++) {
        hash.update(piece);
        yield piece;
      }
    };
    const bytes = await archive.write('packets/big.parquet', chunks());
    expect(bytes).toBe(40 * piece.length);
    const file = await archive.open('packets/big.parquet');
    expect(file.byteLength).toBe(bytes);
    const all = Buffer.from(await file.slice(0));
    expect(createHash('sha256').update(all).digest('hex')).toBe(hash.digest('hex'));
    expect(Buffer.from(await file.slice(-7))).toEqual(all.subarray(-7));
    expect(await archive.names('packets')).toEqual(['packets/big.parquet']);
  });

  it('does not count a file as written that comes back as something else', async () => {
    // A store that says yes to everything and loses the last byte.
    let kept = Buffer.alloc(0);
    const liar = createServer(async (request, response) => {
      if (request.method !== 'PUT') return response.end(kept);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      kept = Buffer.concat(chunks).subarray(0, -1);
      return response.setHeader('etag', '"x"').end();
    }).listen(0, '127.0.0.1');
    await once(liar, 'listening');
    try {
      const { port } = liar.address() as AddressInfo;
      const endpoint = `http://127.0.0.1:${port}`;
      await withDatabase(async (db) => {
        await fill(db, 1);
        const ids = await packetsOf(db);
        const report = await expireAll(db, { ...server.target, endpoint });
        expect(report).toMatchObject({ waiting: 1, archived: [] });
        expect(report.archiveTrouble).toContain('is not what was sent');
        await expireAll(db, server.target);
        expect(await idsIn(server.target)).toEqual(ids);
      });
    } finally {
      liar.close();
    }
    expect(readdirSync(folder)).toContain(BUCKET);
  });
});
