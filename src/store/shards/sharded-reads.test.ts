/** What people read of a store of two databases is what they read of one that has the same batches. */
import { describe, expect, it } from 'vitest';
import { type TestDatabase, withDatabase, withShards } from '../../../test/support/database.ts';
import { alertOf, flowRecord, trafficBatch, windowRow } from '../../../test/support/traffic.ts';
import type { AnalysedBatch } from '../../contract/analysis.ts';
import { attackHistory } from '../../http/attack-history.ts';
import { actOnAlerts, listActions, undoAction } from '../alert-actions.ts';
import { getAlert, listAlerts, visibleAlerts } from '../alerts.ts';
import type { Database } from '../database.ts';
import { listFlows } from '../flows.ts';
import { suppressionOf } from '../hidden-alerts.ts';
import { ingest } from '../ingest.ts';
import { overview } from '../overview.ts';
import { lastPackets, listPackets } from '../packets.ts';
import { previewPolicy, previewSuppression } from '../previews.ts';
import { DEFAULT_RETENTION } from '../retention.ts';
import { listSensors } from '../sensors.ts';
import { storageOutlook } from '../storage-outlook.ts';
import { storyOf } from '../story.ts';
import { addSuppression, listSuppressions, removeSuppression } from '../suppressions.ts';
import { trafficStats } from '../traffic-stats.ts';
import { latestWindows } from '../windows.ts';
import { copySuppressions } from './copy-suppressions.ts';
import { withMissingShards } from './missing-shards.ts';
import type { OpenShards } from './open-shards.ts';

const START = 1_700_000_000_000_000;
const HOUR = 3_600_000_000;
const SENSORS = ['sensor.0', 'sensor.1', 'sensor.2'];

/** Sensors 0 and 2 on the home, 1 on the shard: so each has something that the other has not. */
async function fill(db: Database): Promise<void> {
  for (let sequence = 0; sequence < 6; sequence++)
    for (const [index, sensorId] of SENSORS.entries())
      await ingest(databaseOf(db, index), batchOf(sensorId, index, sequence));
}

function databaseOf(db: Database, sensor: number): Database {
  return db.shards?.[sensor % db.shards.length] ?? db;
}

function batchOf(sensorId: string, sensor: number, sequence: number): AnalysedBatch {
  const startMicros = START + sequence * HOUR + sensor * 60_000_000;
  const batch = trafficBatch({
    packets: 60,
    startMicros,
    gapMicros: 7,
    sequence,
    seed: 3 + sequence,
  });
  batch.verdicts.attackKind.fill(6, 0, 3 + sensor);
  const id = 10 * sequence + sensor;
  const seen = { first_seen: startMicros / 1e6, last_seen: startMicros / 1e6 + 1 };
  return {
    ...batch,
    sensorId,
    flows: [
      flowRecord({ id, firstSeenMicros: startMicros, lastSeenMicros: startMicros + 5_000_000 }),
    ],
    windows: [windowRow({ startMicros: Math.floor(startMicros / 5e6) * 5e6, entity: sensorId })],
    alerts: [
      alertOf({ id: `alert.${id}`, sensor_id: sensorId, source_ip: `10.0.0.${sensor}`, ...seen }),
    ],
  };
}

/** All pages of it, without what the database numbers by itself. */
async function paged<Item>(
  read: (before: string | undefined) => Promise<{ items: readonly Item[]; next: string | null }>,
): Promise<Item[]> {
  const all: Item[] = [];
  let before: string | undefined;
  do {
    const { items, next } = await read(before);
    all.push(...items);
    before = next ?? undefined;
  } while (before !== undefined);
  return all;
}

const READS: Record<string, (db: Database) => Promise<unknown>> = {
  'alerts, page by page': async (db) =>
    (
      await paged(async (before) => {
        const { alerts: items, next } = await listAlerts(db, { limit: 4, before });
        return { items, next };
      })
    ).map(({ created_at: _, ...alert }) => alert),
  'alerts of a filter': async (db) =>
    (await listAlerts(db, { limit: 50, source_ip: '10.0.0.1' })).alerts.map(({ id }) => id),
  'flows, page by page': (db) =>
    paged(async (before) => {
      const { flows: items, next } = await listFlows(db, { limit: 5, before });
      return { items, next };
    }),
  'packets, page by page': async (db) =>
    (
      await paged(async (before) => {
        const { packets: items, next } = await listPackets(db, { limit: 50, before });
        return { items, next };
      })
    ).map(({ id: _, ...packet }) => packet),
  'the last packets': (db) => lastPackets(db, 100),
  windows: (db) => latestWindows(db, { window_size: 5, limit: 10 }),
  sensors: async (db) => (await listSensors(db)).map(({ last_seen: _, ...sensor }) => sensor),
  'the front page': (db) => overview(db, 600),
  'the front page of an hour': (db) => overview(db, 60),
  'traffic statistics': (db) => trafficStats(db),
  attacks: (db) => attackHistory(db, 600),
  'a story': async (db) => {
    const { entries, last_contact } = await storyOf(db, '10.0.0.1', 9_999);
    return { entries, last_contact };
  },
  'a preview of a policy': (db) => previewPolicy(db, { block_threshold: 0.95 }, 9_999),
  'a preview of a suppression': (db) => previewSuppression(db, { source: '10.0.0.0/24' }, 9_999),
};

describe('of two databases as of one', () => {
  it('everything is read', () =>
    withDatabase((one) =>
      withShards(async (two) => {
        await fill(one);
        await fill(two);
        for (const [name, read] of Object.entries(READS)) {
          const expected = await read(one);
          expect(JSON.stringify(expected).length, name).toBeGreaterThan(50);
          expect(await read(two), name).toEqual(expected);
        }
      }),
    ));

  it('the store is as large as its parts', () =>
    withShards(async (db) => {
      await fill(db);
      const { bytes, max_bytes } = await storageOutlook(db, DEFAULT_RETENTION, new Date());
      const parts = await Promise.all(
        (db.shards ?? []).map((shard) =>
          shard.query<{ bytes: number }>('SELECT pg_database_size(current_database()) AS bytes'),
        ),
      );
      expect(bytes).toBe(parts.flat().reduce((sum, part) => sum + part.bytes, 0));
      expect(max_bytes).toBe(2 * DEFAULT_RETENTION.maxBytes);
    }));
});

describe('an alert of the second database', () => {
  it('is found, changed, and the change undone', () =>
    withShards(async (db) => {
      await fill(db);
      const order = { ids: ['alert.1', 'alert.2', 'gone'], status: 'resolved' as const };
      const done = await actOnAlerts(db, { ...order, comment: 'a drill' }, 'ada');
      expect(done).toMatchObject({ changed: 2, unchanged: 0, missing: ['gone'] });
      for (const id of ['alert.1', 'alert.2']) {
        expect(await getAlert(db, id)).toMatchObject({ id, status: 'resolved' });
        expect(await listActions(db, id)).toMatchObject([{ action_id: done.action_id, by: 'ada' }]);
      }
      const undone = await undoAction(db, done.action_id ?? '', 'bob');
      expect(undone).toMatchObject({ changed: 2, skipped: [] });
      expect(await getAlert(db, 'alert.1')).toMatchObject({ status: 'open' });
      await expect(undoAction(db, done.action_id ?? '', 'bob')).rejects.toThrow('undone already');
      await expect(undoAction(db, 'nothing', 'bob')).rejects.toMatchObject({ code: 'not_found' });
      await expect(actOnAlerts(db, { ids: ['x'], status: 'open' }, 'a')).rejects.toMatchObject({
        code: 'not_found',
      });
    }));

  it('is among those that a filter selects', () =>
    withShards(async (db) => {
      await fill(db);
      const order = { filter: { source_ip: '10.0.0.1' }, status: 'acknowledged' } as const;
      expect(await actOnAlerts(db, order, 'ada')).toMatchObject({ changed: 6 });
      expect((await overview(db, 60)).open_alerts).toBe(12);
      const all = await actOnAlerts(db, { filter: {}, status: 'resolved' }, 'ada');
      expect(all).toMatchObject({ changed: 18, is_cut: false });
    }));

  it('is hidden by a suppression, counted, and seen again', () =>
    withShards(async (db) => {
      await fill(db);
      const before = await overview(db, 600);
      const days = { reason: 'a drill', duration_s: 3600 };
      // What is stored is hidden where it was stored in the last days, which is now.
      const { id } = await addSuppression(db, { source: '10.0.0.1', ...days }, 'ada');
      expect(await suppressionOf(db, 'alert.1')).toBe(id);
      expect(await visibleAlerts(db, ['alert.1', 'alert.2'])).toMatchObject([{ id: 'alert.2' }]);
      expect(await listSuppressions(db, false)).toMatchObject([{ id, hit_count: 6 }]);
      expect((await overview(db, 600)).open_alerts).toBe(before.open_alerts - 6);
      // And what comes is.
      await ingest(databaseOf(db, 1), batchOf('sensor.1', 1, 7));
      expect(await suppressionOf(db, 'alert.71')).toBe(id);
      expect(await removeSuppression(db, id, 'ada')).toMatchObject({ hit_count: 7 });
      expect(await suppressionOf(db, 'alert.1')).toBeNull();
    }));
});

describe('while the second database is away', () => {
  it('answers have what the other has, and say that something is missing', () =>
    away(async (db) => {
      const { ids, missing } = await withMissingShards(async (numbers) => ({
        ids: (await listAlerts(db, { limit: 50 })).alerts.map(({ id }) => id),
        missing: numbers,
      }));
      expect(ids).toHaveLength(12);
      expect([...missing]).toEqual([1]);
      for (const [name, read] of Object.entries(READS)) {
        const numbers = await withMissingShards((set) => read(db).then(() => set));
        expect([...numbers], name).toEqual([1]);
      }
    }));

  it('an alert that is not found is not said to be nowhere', () =>
    away(async (db) => {
      expect(await getAlert(db, 'alert.2')).toMatchObject({ id: 'alert.2' });
      await expect(getAlert(db, 'alert.1')).rejects.toThrow('Shard 1 of 2 cannot be reached');
      const order = { ids: ['alert.1', 'alert.2'], status: 'resolved' as const };
      await expect(actOnAlerts(db, order, 'ada')).rejects.toThrow('Shard 1 of 2');
      expect(await getAlert(db, 'alert.2')).toMatchObject({ status: 'open' });
      const done = await actOnAlerts(db, { ids: ['alert.2'], status: 'resolved' }, 'ada');
      expect(done).toMatchObject({ changed: 1 });
      await expect(undoAction(db, done.action_id ?? '', 'ada')).rejects.toThrow('Shard 1 of 2');
    }));

  it('suppressions change, and it learns of them when it is back', () =>
    away(async (db, { setAway, look }) => {
      const days = { reason: 'a drill', duration_s: 3600 };
      const one = await addSuppression(db, { source: '10.0.0.1', ...days }, 'ada');
      const other = await addSuppression(db, { source: '10.0.0.2', ...days }, 'ada');
      await removeSuppression(db, other.id, 'ada');
      await setAway(false);
      await look();
      expect(await suppressionOf(db, 'alert.1')).toBeNull();
      await copySuppressions(db);
      expect(await suppressionOf(db, 'alert.1')).toBe(one.id);
      expect(await listSuppressions(db, true)).toMatchObject([{ hit_count: 6 }, { hit_count: 6 }]);
      const copies = await db.shards?.[1]?.query('SELECT id FROM suppressions');
      expect(copies).toHaveLength(2);
    }));

  /** A filled store whose second database has gone. */
  async function away(
    body: (db: Database, shard: TestDatabase & OpenShards) => Promise<void>,
  ): Promise<void> {
    await withShards(async (db, shard) => {
      await fill(db);
      await shard.setAway(true);
      try {
        await body(db, shard);
      } finally {
        await shard.setAway(false);
      }
    });
  }
});
