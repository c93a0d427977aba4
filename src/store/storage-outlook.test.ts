import { expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { flowRecord, trafficBatch } from '../../test/support/traffic.ts';
import { ingest } from './ingest.ts';
import { DEFAULT_RETENTION, databaseBytes } from './retention.ts';
import { outlook, storageOutlook } from './storage-outlook.ts';

const HOUR_MS = 3_600_000;
const GB = 1e9;

const tiers = (packetsPerDay: number, flowsPerDay: number) => [
  { tier: 'packets' as const, bytes: 2 * GB, bytes_per_day: packetsPerDay, keep_days: 3 },
  { tier: 'flows' as const, bytes: 1 * GB, bytes_per_day: flowsPerDay, keep_days: 14 },
];

it('where the days end first, it settles below the budget and never fills', () => {
  // 0.5 GB beside the tiers, 3 days of 2 GB, 14 of 0.1 GB.
  expect(outlook(3.5 * GB, 20 * GB, tiers(2 * GB, 0.1 * GB))).toEqual({
    bytes_per_day: 2.1 * GB,
    settles_at_bytes: 7.9 * GB,
    days_until_full: null,
    packet_hours_within_budget: 72,
  });
});

it('where the bytes end first, it says when, and how many hours of packets fit from then on', () => {
  const { days_until_full, packet_hours_within_budget } = outlook(
    ...([3.5 * GB, 20 * GB, tiers(10 * GB, 0.5 * GB)] as const),
  );
  expect(days_until_full).toBeCloseTo(16.5 / 10.5);
  // 20 less 0.5 beside and 7 of flows: 12.5 GB of packets at 10 a day.
  expect(packet_hours_within_budget).toBeCloseTo(30);
});

it('what is over the budget already is full now; without traffic nothing grows', () => {
  expect(outlook(21 * GB, 20 * GB, tiers(10 * GB, 0)).days_until_full).toBe(0);
  expect(outlook(3.5 * GB, 20 * GB, tiers(0, 0))).toMatchObject({
    days_until_full: null,
    packet_hours_within_budget: 72,
  });
  // The other tiers alone are more than there is: no packets at all.
  expect(outlook(3.5 * GB, 2 * GB, tiers(1 * GB, 1 * GB)).packet_hours_within_budget).toBe(0);
});

it('measures a real store: its tiers, its rate by its age, and not what is older than a day', async () => {
  await withDatabase(async (db) => {
    const flows = [flowRecord({ id: 1 })];
    await ingest(db, { ...trafficBatch({ packets: 5000, startMicros: 1.7e15 }), flows });
    const soon = new Date(Date.now() + HOUR_MS / 2);
    const young = await storageOutlook(db, DEFAULT_RETENTION, soon);
    expect(young.bytes).toBe(await databaseBytes(db));
    const [packets] = young.tiers;
    expect(packets?.bytes).toBeGreaterThan(1_000_000);
    const shared = await db.query<{ bytes: number }>(
      `SELECT pg_total_relation_size('packets_default') AS bytes`,
    );
    const recent = (packets?.bytes ?? 0) - (shared[0]?.bytes ?? 0);
    // Both of them were made within the day; a store younger than an hour counts as an hour old.
    expect(packets?.bytes_per_day).toBeGreaterThanOrEqual(24 * recent);
    expect(young.tiers.map(({ keep_days }) => keep_days)).toEqual([3, 14, 3, 14, 90]);
    const later = await storageOutlook(db, DEFAULT_RETENTION, new Date(Date.now() + 25 * HOUR_MS));
    expect(later).toMatchObject({ bytes_per_day: 0, days_until_full: null });
  });
});
