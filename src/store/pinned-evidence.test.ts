import { expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, trafficBatch } from '../../test/support/traffic.ts';
import { actOnAlerts } from './alert-actions.ts';
import type { Database } from './database.ts';
import { ingest } from './ingest.ts';
import { listPackets } from './packets.ts';
import { applyRetention, DEFAULT_RETENTION } from './retention.ts';

const START = 1_699_963_200_000_000;
const HOUR = 3_600_000_000;
const DAY_MS = 86_400_000;
const SOURCE = '198.51.100.20';

/** Hours of packets; an open alert on one source in the first ones. */
async function fill(db: Database, hours: number, alerts: number): Promise<void> {
  for (let sequence = 0; sequence < hours; sequence++) {
    const startMicros = START + sequence * HOUR;
    const first = startMicros / 1e6;
    const reference = {
      ...{ sensor_id: 'sensor-1', first, last: first + 100, src_ip: SOURCE, dst_ip: null },
      ...{ dst_port: null, protocol: 'TCP' },
    };
    await ingest(db, {
      ...trafficBatch({ packets: 2000, startMicros, sequence, seed: sequence + 1 }),
      alerts:
        sequence < alerts
          ? [alertOf({ id: `a${sequence}`, last_seen: first + 100, packets: [reference] })]
          : [],
    });
  }
}

function expire(db: Database, pinnedBytes = DEFAULT_RETENTION.pinnedBytes) {
  const limits = { ...DEFAULT_RETENTION, pinnedBytes };
  return applyRetention(db, limits, new Date(Date.now() + 4 * DAY_MS));
}

async function ids(db: Database, where = 'true'): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `SELECT id FROM raw_packets WHERE ${where} ORDER BY captured_at DESC, id DESC`,
  );
  return rows.map(({ id }) => id);
}

it('of an expired hour the packets of open alerts stay, where they were, until the alert is closed', async () => {
  await withDatabase(async (db) => {
    await fill(db, 3, 2);
    const evidence = await ids(
      db,
      `src_ip = '${SOURCE}' AND protocol = 'TCP' AND captured_at < to_timestamp(${(START + 2 * HOUR) / 1e6})`,
    );
    expect(evidence.length).toBeGreaterThan(5);
    const report = await expire(db);
    expect(report.dropped.filter(({ tier }) => tier === 'packets')).toHaveLength(3);
    expect(await ids(db)).toEqual(evidence);
    const page = await listPackets(db, { src_ip: SOURCE, limit: 100 });
    expect(page.packets.map(({ id }) => Number(id))).toEqual(evidence);
    expect(db.counters).toMatchObject({ partitionsPinned: 2, partitionsUnpinned: 0 });
    // Nothing changes while they are open, acknowledged ones included.
    await actOnAlerts(db, { ids: ['a1'], status: 'acknowledged' }, 'analyst');
    await expire(db);
    expect(await ids(db)).toEqual(evidence);

    await actOnAlerts(db, { ids: ['a0'], status: 'resolved' }, 'analyst');
    await expire(db);
    const [left] = await db.query('SELECT count(*) AS n FROM store_partitions WHERE is_pinned');
    expect(left).toEqual({ n: 1 });
    await actOnAlerts(db, { ids: ['a1'], status: 'false_positive' }, 'analyst');
    await expire(db);
    expect(await ids(db)).toEqual([]);
    expect(db.counters.partitionsUnpinned).toBe(0);
  });
});

it('all of it together stays under its own cap, the oldest goes first, and is counted', async () => {
  await withDatabase(async (db) => {
    await fill(db, 4, 4);
    await expire(db);
    const [pinned] = await db.query<{ bytes: number; n: number }>(
      'SELECT sum(pg_total_relation_size(name::regclass)) AS bytes, count(*) AS n FROM store_partitions WHERE is_pinned',
    );
    expect(pinned?.n).toBe(4);
    await expire(db, (pinned?.bytes ?? 0) - 1);
    const left = await db.query<{ name: string }>(
      'SELECT name FROM store_partitions WHERE is_pinned ORDER BY name',
    );
    expect(left.map(({ name }) => name)).toEqual([
      'packets_2023111413',
      'packets_2023111414',
      'packets_2023111415',
    ]);
    expect(db.counters.partitionsUnpinned).toBe(1);
  });
});

it('without room for any, nothing is pinned and the hour goes', async () => {
  await withDatabase(async (db) => {
    await fill(db, 1, 1);
    await expire(db, 0);
    expect(await ids(db)).toEqual([]);
    expect(db.counters.partitionsPinned).toBe(0);
  });
});

it('an hour that is written again is one like any other, evidence and all', async () => {
  await withDatabase(async (db) => {
    await fill(db, 1, 1);
    await expire(db);
    const evidence = await ids(db);
    await ingest(
      db,
      trafficBatch({ packets: 100, startMicros: START, sequence: 7, sensorId: 's2' }),
    );
    expect(await ids(db)).toHaveLength(evidence.length + 100);
    const [row] = await db.query('SELECT count(*) AS n FROM store_partitions WHERE is_pinned');
    expect(row).toEqual({ n: 0 });
    await expire(db);
    expect(await ids(db)).toEqual(evidence);
  });
});
