import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { trafficBatch } from '../../test/support/traffic.ts';
import { type Database, openDatabase } from './database.ts';
import { ingest } from './ingest.ts';
import { applyMigrations, migrate, readMigrations } from './migrate.ts';
import { attachPartition } from './partitions.ts';

const HOUR = 3_600_000_000;
/** An hour's first microsecond. */
const START = 1_699_999_200_000_000;
const LAST_OF_THE_OLDER = 10;

type Row = Record<string, unknown>;

it('what an older version stored is shown as it was, in its hours, pinned or waiting for the archive', async () => {
  await withDatabase(async (db) => {
    for (let sequence = 0; sequence < 3; sequence++)
      await ingest(db, batchOf(sequence, START + sequence * HOUR));
    const rows = await shown(db, 'raw_packets');
    await withOlder(db, async (older) => {
      await fill(older, rows);
      const lines: string[] = [];
      await migrate(older, (line) => lines.push(line));
      expect(lines.length).toBeGreaterThanOrEqual(2);

      const expired = (hour: number) => hour === 2;
      expect(await shown(older, 'raw_packets')).toEqual(
        rows.filter((row) => !expired(hourOf(row))),
      );
      const waiting = await older.query<{ rows: number }>('SELECT count(*) AS rows FROM expired_1');
      expect(waiting).toEqual([{ rows: rows.filter((row) => expired(hourOf(row))).length }]);
      expect(
        await older.query(
          `SELECT name, is_pinned, written_at < now() - interval '1 day' AS is_old FROM store_partitions
           WHERE parent LIKE '%packets%' ORDER BY name`,
        ),
      ).toEqual([
        { name: 'packets_2023111422', is_pinned: false, is_old: true },
        { name: 'packets_2023111423', is_pinned: true, is_old: true },
        { name: 'packets_default', is_pinned: false, is_old: false },
      ]);
      expect(await older.query(`SELECT to_regclass('raw_packets_older') AS left`)).toEqual([
        { left: null },
      ]);
      // And goes on from there.
      expect(await ingest(older, batchOf(9, START))).toBe('stored');
      expect(await migrate(older)).toEqual([]);
    });
  });
});

it('a worker of an older version waits, as without a database', async () => {
  await withDatabase(async (db) => {
    const writing = db.transaction(async ({ client }) => {
      const copy = client.query(
        copyFrom('COPY raw_packets (captured_at, id, length, protocol, sensor_id) FROM STDIN'),
      );
      copy.end('2023-11-14T22:00:00Z\t1\t60\tTCP\told\n');
      await finished(copy);
    });
    await expect(writing).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});

/** All that is hard to pack: high ports and sequence numbers, every flag, IPv6, none at all. */
function batchOf(sequence: number, startMicros: number) {
  const batch = trafficBatch({ packets: 600, startMicros, sequence, seed: sequence + 1 });
  const { packets, verdicts } = batch;
  for (let row = 0; row < 300; row++) {
    packets.tcpFlags[row] = row % 256;
    packets.seq[row] = 0xffffffff - row;
    packets.ack[row] = 0x7fffffff + row;
    packets.srcPort[row] = 65_535 - row;
    packets.dstPort[row] = 32_767 + (row % 2);
    verdicts.flowId[row] = row;
    verdicts.threatScore[row] = (row % 11) / 10;
  }
  return batch;
}

function hourOf(row: Row): number {
  return Math.floor((Number(row.timestamp) * 1e6 - START) / HOUR);
}

async function shown(db: Database, table: string): Promise<Row[]> {
  const rows = await db.query<{ row: Row }>(
    `SELECT to_jsonb(p) AS row FROM ${table} AS p ORDER BY captured_at, id`,
  );
  return rows.map(({ row }) => row);
}

/** The store as migration 010 had it: an hour, a pinned one, one that waits for the archive, one without a partition. */
async function fill(older: Database, rows: readonly Row[]): Promise<void> {
  const migrations = await readMigrations();
  await older.transaction(async (tx) => {
    await applyMigrations(
      tx,
      migrations.filter(({ number }) => number <= LAST_OF_THE_OLDER),
    );
    for (const hour of [22, 23]) {
      const name = `raw_packets_20231114${hour}`;
      const lower = `2023-11-14T${hour}:00:00Z`;
      const upper = hour === 23 ? '2023-11-15T00:00:00Z' : '2023-11-14T23:00:00Z';
      await attachPartition(tx, { parent: 'raw_packets', name, lower, upper });
      await tx.query(
        `INSERT INTO store_partitions (parent, name, lower, upper, written_at, is_pinned)
         VALUES ('raw_packets', $1, $2, $3, now() - interval '2 days', $4)`,
        [name, lower, upper, hour === 23],
      );
    }
    await tx.query(
      'INSERT INTO raw_packets SELECT * FROM jsonb_populate_recordset(NULL::raw_packets, $1)',
      [JSON.stringify(rows)],
    );
    await tx.query('CREATE TABLE expired_1 (LIKE raw_packets)');
    await tx.query(
      `WITH gone AS (DELETE FROM raw_packets_default RETURNING *) INSERT INTO expired_1 SELECT * FROM gone`,
    );
    await tx.query(
      `INSERT INTO expired_partitions (parent, partition, lower, upper)
       VALUES ('raw_packets', 'raw_packets_2023111500', '2023-11-15T00:00:00Z', '2023-11-15T01:00:00Z')`,
    );
  });
}

/** An empty database of the same server. */
async function withOlder(db: Database, body: (older: Database) => Promise<void>): Promise<void> {
  const name = `older_${process.pid}_${Date.now()}`;
  await db.query(`CREATE DATABASE ${name}`);
  const older = await openDatabase({
    connection: { ...(db.pool.options as pg.PoolConfig), database: name },
  });
  try {
    await body(older);
  } finally {
    await older.close();
    await db.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
}
