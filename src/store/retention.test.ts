import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, flowRecord, trafficBatch, windowRow } from '../../test/support/traffic.ts';
import type { Database } from './database.ts';
import { ingest } from './ingest.ts';
import { listPackets } from './packets.ts';
import { countQuarantined, quarantine } from './quarantine.ts';
import { applyRetention, DEFAULT_RETENTION, databaseBytes } from './retention.ts';

const HOUR = 3_600_000_000;
/** A noon, so that a few hours are one day. */
const START = 1_699_963_200_000_000;
const DAY_MS = 86_400_000;

async function count(db: Database, table: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
  return row?.count ?? 0;
}

async function fill(db: Database, hours: number, packets: number): Promise<void> {
  for (let sequence = 0; sequence < hours; sequence++) {
    const startMicros = START + sequence * HOUR;
    await ingest(db, {
      ...trafficBatch({ packets, startMicros, sequence }),
      flows: [flowRecord({ id: sequence, lastSeenMicros: startMicros })],
      windows: [5, 30, 180].map((size) => windowRow({ size: size as 5, startMicros })),
      alerts: [alertOf({ id: `a${sequence}`, last_seen: startMicros / 1e6 })],
    });
  }
}

it('drops the oldest hours of packets first, until the bytes fit, and nothing else', async () => {
  await withDatabase(async (db) => {
    await fill(db, 10, 2000);
    const bytes = await databaseBytes(db);
    const limits = { ...DEFAULT_RETENTION, maxBytes: bytes - 2_000_000 };
    const report = await applyRetention(db, limits, new Date());
    expect(report.bytesBefore).toBeGreaterThan(limits.maxBytes);
    expect(report.bytesAfter).toBeLessThanOrEqual(limits.maxBytes);
    expect(report.dropped.every(({ tier }) => tier === 'packets')).toBe(true);
    const gone = report.dropped.length;
    expect(gone).toBeGreaterThan(0);
    expect(gone).toBeLessThan(9);
    expect(await count(db, 'raw_packets')).toBe((10 - gone) * 2000);
    const [oldest] = await db.query<{ timestamp: number }>(
      'SELECT min(timestamp) AS timestamp FROM raw_packets',
    );
    expect(oldest?.timestamp).toBe((START + gone * HOUR) / 1e6);
    expect(await count(db, 'traffic_data')).toBe(10);
    expect(await count(db, 'aggregated_features')).toBe(30);

    // The store goes on: the dropped hour may come again.
    await ingest(db, trafficBatch({ packets: 3, startMicros: START, sequence: 99 }));
    expect(await count(db, 'packets_default')).toBe(0);
  });
});

it('keeps the partition that is being written, and gives up alerts last', async () => {
  await withDatabase(async (db) => {
    await fill(db, 3, 50);
    const report = await applyRetention(db, { ...DEFAULT_RETENTION, maxBytes: 1 }, new Date());
    expect([...new Set(report.dropped.map(({ tier }) => tier))]).toEqual(['packets', 'alerts']);
    expect(await count(db, 'raw_packets')).toBe(50);
    expect((await listPackets(db, { limit: 1 })).packets).toHaveLength(1);
    expect(await count(db, 'aggregated_features')).toBe(9);
    expect(await count(db, 'detected_alerts')).toBe(0);
  });
});

it('ages by when a replayed capture was stored, tier by tier', async () => {
  await withDatabase(async (db) => {
    await fill(db, 3, 50);
    const now = Date.now();
    const after = (days: number) =>
      applyRetention(db, DEFAULT_RETENTION, new Date(now + days * DAY_MS));
    expect((await after(0)).dropped).toEqual([]);
    const tiers = async (days: number) => [
      ...new Set((await after(days)).dropped.map(({ tier }) => tier)),
    ];
    expect(await tiers(3.5)).toEqual(['packets', 'windows_5s']);
    expect(await tiers(15)).toEqual(['flows', 'windows_30s']);
    expect(await tiers(91)).toEqual(['windows_180s']);
    expect(await count(db, 'detected_alerts')).toBe(3);
    expect(await tiers(366)).toEqual(['alerts']);
    for (const table of ['raw_packets', 'traffic_data', 'aggregated_features', 'detected_alerts']) {
      expect(await count(db, table)).toBe(0);
    }
  });
});

it('makes fewer than 200 partitions whatever times come, and ages the rest out too', async () => {
  await withDatabase(async (db) => {
    const batch = trafficBatch({ packets: 400, startMicros: START, gapMicros: HOUR });
    await ingest(db, batch);
    const hours = await count(db, `store_partitions WHERE parent = 'packets'`);
    expect(hours).toBe(121);
    expect(await count(db, 'raw_packets')).toBe(400);
    expect(await count(db, 'packets_default')).toBe(280);
    expect(db.counters.partitionsRefused).toBe(280);
    // The clock's own hour is made all the same.
    const now = Date.now() * 1000;
    await ingest(db, trafficBatch({ packets: 2, startMicros: now, gapMicros: 0, sequence: 1 }));
    expect(await count(db, 'packets_default')).toBe(280);
    const later = new Date(Date.now() + 5 * DAY_MS);
    await applyRetention(db, DEFAULT_RETENTION, later);
    expect(await count(db, 'raw_packets')).toBe(0);
  });
});

/** `batches` of 8 MiB each that nothing can compress. */
async function fillQuarantine(db: Database, batches: number): Promise<void> {
  for (let position = 0; position < batches; position++)
    await quarantine(db, {
      ...{ meta: null, partition: 0, position, packets: null, reason: 'it breaks off' },
      bytes: randomBytes(8 << 20),
    });
}

/** Those of which the bytes are still there, by their positions. */
async function inQuarantine(db: Database): Promise<number[]> {
  const rows = await db.query<{ position: number }>(
    'SELECT position FROM quarantined_batches WHERE batch IS NOT NULL ORDER BY position',
  );
  return rows.map(({ position }) => position);
}

it('the quarantine lets the bytes of its oldest batches go and keeps their reasons', async () => {
  await withDatabase(async (db) => {
    await fillQuarantine(db, 10);
    expect(await inQuarantine(db)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await countQuarantined(db)).toBe(10);
    // A small store keeps a hundredth of itself.
    const limits = { ...DEFAULT_RETENTION, maxBytes: 2_000_000_000 };
    const { dropped } = await applyRetention(db, limits, new Date());
    expect(dropped).toMatchObject([{ tier: 'quarantine', bytes: 6 * (8 << 20) }]);
    expect(await inQuarantine(db)).toEqual([8, 9]);
    expect(db.counters.quarantinedEmptied).toBe(6);
  });
});

it('gives up what is in quarantine before any alert', async () => {
  await withDatabase(async (db) => {
    await fill(db, 3, 50);
    const maxBytes = (await databaseBytes(db)) + 4_000_000;
    await fillQuarantine(db, 4);
    const report = await applyRetention(db, { ...DEFAULT_RETENTION, maxBytes }, new Date());
    expect(report.bytesAfter).toBeLessThanOrEqual(maxBytes);
    expect(await count(db, 'detected_alerts')).toBe(3);
    expect(report.dropped.map(({ tier }) => tier)).toEqual(['quarantine']);
  });
});
