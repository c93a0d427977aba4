import { describe, expect, it } from 'vitest';
import { type TestDatabase, withDatabases, withShards } from '../../../test/support/database.ts';
import { trafficBatch } from '../../../test/support/traffic.ts';
import { type Database, openDatabase } from '../database.ts';
import { ingest } from '../ingest.ts';
import { openShards } from './open-shards.ts';

const START = 1_700_000_000_000_000;

/** Opens a store of these, home first, and closes it again. */
async function opened(
  databases: readonly (TestDatabase | undefined)[],
  body: (db: Database) => Promise<void> = async () => {},
): Promise<void> {
  const [first, ...others] = databases as TestDatabase[];
  const home = await openDatabase(first as TestDatabase);
  try {
    const { db, close } = await openShards(home, others, {});
    await body(db).finally(close);
  } finally {
    await home.close();
  }
}

const fill = (db: Database) =>
  ingest(db, trafficBatch({ packets: 3, startMicros: START })).then(() => {});

describe('a store of several databases', () => {
  it('is set up once, and opened again as it is', () =>
    withDatabases(3, async (databases) => {
      await opened(databases);
      await opened(databases, async (db) => {
        expect(db.shards?.map(({ place }) => place)).toEqual([
          { number: 0, count: 3, away: null },
          { number: 1, count: 3, away: null },
          { number: 2, count: 3, away: null },
        ]);
      });
    }));

  it('is not opened with two of them swapped, one too many, one too few, or one of another', () =>
    withDatabases(5, async ([a, b, c, d, e]) => {
      await opened([a, b, c]);
      await expect(opened([a, c, b])).rejects.toThrow(
        'Cannot use database.shards[0] as shard 1 of 3: it is shard 2: give the databases in the order',
      );
      await expect(opened([b, a, c])).rejects.toThrow(
        'database.url as shard 0 of 3: it is shard 1',
      );
      await expect(opened([a, b])).rejects.toThrow(
        'the store was set up with 3 databases, and that cannot be changed: the configuration names 2',
      );
      await expect(opened([a])).rejects.toThrow('the configuration names 1');
      await expect(opened([a, b, c, d])).rejects.toThrow('set up with 3 databases');
      await opened([d, e]);
      await expect(opened([a, e, c])).rejects.toThrow('it is shard 1 of another store');
    }));

  it('is not opened where an empty database stands for one that had data', () =>
    withDatabases(3, async ([a, b, empty]) => {
      await opened([a, b]);
      await expect(opened([a, empty])).rejects.toThrow(
        'database.shards[0] as shard 1 of 2: it is empty',
      );
    }));

  it('is not made of one that has data, nor of the same one twice', () =>
    withDatabases(3, async ([a, b, c]) => {
      await opened([a], fill);
      await expect(opened([a, b])).rejects.toThrow('set up with 1 database,');
      await opened([c], fill);
      await expect(opened([b, c])).rejects.toThrow('it has data, and only empty databases');
    }));

  it('is not made of the same database twice', () =>
    withDatabases(1, async ([a]) => {
      await expect(opened([a, a])).rejects.toThrow('it is shard 0');
    }));

  it('is not set up while one is away, and set up by the next start', () =>
    withDatabases(2, async ([a, b]) => {
      await b?.setAway(true);
      await expect(opened([a, b])).rejects.toMatchObject({ code: 'database_unavailable' });
      await b?.setAway(false);
      await opened([a, b]);
    }));

  it('goes on with a set-up that was cut off', () =>
    withDatabases(2, async ([a, b]) => {
      await opened([a, b]);
      const [home, shard] = [await openDatabase(a!), await openDatabase(b!)];
      await home.query('UPDATE shard_identity SET is_complete = false');
      await shard.query('DELETE FROM shard_identity');
      await Promise.all([home.close(), shard.close()]);
      await opened([a, b]);
    }));

  it('gives no number twice that pages are sorted by', () =>
    withShards(async (home) => {
      const numbers: number[] = [];
      for (const shard of home.shards ?? [])
        for (let sequence = 0; sequence < 3; sequence++) {
          await ingest(shard, trafficBatch({ packets: 2, startMicros: START, sequence }));
          const rows = await shard.query<{ id: number }>('SELECT id FROM raw_packets');
          numbers.push(...rows.map(({ id }) => id));
        }
      const blocks = new Set(numbers.map((id) => Math.floor(id / 65_536)));
      expect([...blocks].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    }));

  it('goes on so where one was restored from its backup, which counts by ones', () =>
    withDatabases(2, async ([a, b]) => {
      await opened([a, b], async (db) => {
        for (const shard of db.shards ?? []) await fill(shard);
        for (const shard of db.shards ?? [])
          await shard.query('ALTER SEQUENCE packet_block INCREMENT BY 65536 RESTART WITH 131072');
      });
      await opened([a, b], async (db) => {
        const blocks: number[] = [];
        for (const shard of db.shards ?? []) {
          await ingest(shard, trafficBatch({ packets: 1, startMicros: START, sequence: 1 }));
          const [row] = await shard.query<{ id: number }>('SELECT max(id) AS id FROM raw_packets');
          blocks.push(Math.floor((row?.id ?? 0) / 65_536));
        }
        expect(blocks.map((block) => block % 2)).toEqual([0, 1]);
        expect(Math.min(...blocks)).toBeGreaterThanOrEqual(2);
      });
    }));

  it('starts and goes on without one that is away, and takes it back', () =>
    withDatabases(2, async ([a, b]) => {
      await opened([a, b]);
      await b?.setAway(true);
      const home = await openDatabase(a!);
      const { db, look, close } = await openShards(home, [b!], {});
      const shard = db.shards?.[1] as Database;
      try {
        await expect(shard.query('SELECT 1')).rejects.toThrow(/^Shard 1 of 2 cannot be reached: /);
        await b?.setAway(false);
        await expect(shard.query('SELECT 1')).rejects.toMatchObject({
          code: 'database_unavailable',
        });
        await look();
        await fill(shard);
        await b?.setAway(true);
        await expect(fill(shard)).rejects.toMatchObject({ code: 'database_unavailable' });
        expect(shard.place?.away).not.toBeNull();
        await b?.setAway(false);
        await look();
        expect(await shard.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      } finally {
        await close();
        await home.close();
      }
    }));
});
