import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, flowRecord, trafficBatch, windowRow } from '../../test/support/traffic.ts';
import { listAlerts } from './alerts.ts';
import { encodeCursor } from './cursor.ts';
import type { Database } from './database.ts';
import { activeDecisions, insertDecision } from './decisions.ts';
import { listFlows } from './flows.ts';
import { ingest } from './ingest.ts';
import { getLureSession, insertLureEvents, listLureEvents, listLureSessions } from './lures.ts';
import { overview } from './overview.ts';
import { listPackets } from './packets.ts';
import { trafficStats } from './traffic-stats.ts';
import { latestWindows } from './windows.ts';

const START = 1_700_000_000_000_000;
const HOUR = 3_600_000_000;

/** 20 hours of packets, 50 each, many at the very same time. */
async function fill(db: Database): Promise<void> {
  for (let sequence = 0; sequence < 20; sequence++) {
    const batch = trafficBatch({
      packets: 50,
      startMicros: START + sequence * HOUR,
      gapMicros: sequence % 2,
      sequence,
      seed: sequence + 1,
    });
    batch.verdicts.attackKind.fill(6, 0, 3);
    await ingest(db, batch);
  }
}

/** All pages, `limit` at a time. */
async function walk<Item>(
  read: (before: string | undefined) => Promise<{ items: Item[]; next: string | null }>,
): Promise<Item[]> {
  const all: Item[] = [];
  let before: string | undefined;
  for (;;) {
    const { items, next } = await read(before);
    all.push(...items);
    if (next === null) return all;
    expect(next.length).toBeLessThanOrEqual(64);
    before = next;
  }
}

describe('packets', () => {
  it('are paged newest first, each once, over all partitions', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const all = await walk(async (before) => {
        const page = await listPackets(db, { limit: 70, before });
        return { items: page.packets, next: page.next };
      });
      const truth = await db.query<{ id: number }>(
        'SELECT id FROM raw_packets ORDER BY captured_at DESC, id DESC',
      );
      expect(all.map(({ id }) => id)).toEqual(truth.map(({ id }) => String(id)));
      expect(all).toHaveLength(1000);
    });
  });

  it('are filtered as SQL would', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const [common] = await db.query<{ src_ip: string }>(
        'SELECT src_ip FROM raw_packets WHERE src_ip IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1',
      );
      for (const [query, where] of [
        [{ src_ip: common!.src_ip }, `src_ip = '${common!.src_ip}'`],
        [
          { dst_ip: '10.0.0.7', protocol: 'TCP' as const },
          `dst_ip = '10.0.0.7' AND protocol = 'TCP'`,
        ],
        [{ malicious: true }, 'is_malicious'],
        [{ malicious: false }, 'is_malicious IS NOT TRUE'],
        [{ attack_type: 'Port_Scan' as const }, `attack_type = 'Port_Scan'`],
      ] as const) {
        const all = await walk(async (before) => {
          const page = await listPackets(db, { ...query, limit: 9, before });
          return { items: page.packets, next: page.next };
        });
        const truth = await db.query<{ id: number }>(
          `SELECT id FROM raw_packets WHERE ${where} ORDER BY captured_at DESC, id DESC`,
        );
        expect(truth.length).toBeGreaterThan(0);
        expect(all.map(({ id }) => id)).toEqual(truth.map(({ id }) => String(id)));
      }
    });
  });

  it('are found by any spelling of an IPv6 address', async () => {
    await withDatabase(async (db) => {
      const batch = trafficBatch({ packets: 1, startMicros: START });
      batch.packets.ipVersion[0] = 6;
      batch.packets.src.set([0x20010db8, 0, 0, 1]);
      await ingest(db, batch);
      const page = await listPackets(db, { src_ip: '2001:0DB8:0::1', limit: 5 });
      expect(page.packets).toMatchObject([{ src_ip: '2001:db8::1', timestamp: 1_700_000_000 }]);
    });
  });

  it('of the last page open two partitions, not all', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const rows = await db.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT id FROM raw_packets WHERE captured_at >= '2023-11-15 16:00Z'
         ORDER BY captured_at DESC, id DESC LIMIT 51`,
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan.match(/Scan.* on packets_\d+/g)).toHaveLength(2);
    });
  });
});

it('a cursor that is not ours is a bad request', async () => {
  await withDatabase(async (db) => {
    const foreign = ['x', '', encodeCursor({ key: Number.NaN, tie: 1 }), 'MTox:', btoa('1:2;DROP')];
    for (const before of foreign) {
      const invalid = { code: 'invalid_request' };
      await expect(listPackets(db, { limit: 1, before })).rejects.toMatchObject(invalid);
      await expect(listAlerts(db, { limit: 1, before })).rejects.toMatchObject(invalid);
      await expect(listFlows(db, { limit: 1, before })).rejects.toMatchObject(invalid);
    }
  });
});

it('a cursor of absurd numbers ends the list and is no failure of the server', async () => {
  await withDatabase(async (db) => {
    const before = encodeCursor({ key: Number.MAX_SAFE_INTEGER, tie: Number.MAX_SAFE_INTEGER });
    expect((await listPackets(db, { limit: 1, before })).packets).toEqual([]);
    const huge = Buffer.from('1e300:1').toString('base64url');
    await expect(listPackets(db, { limit: 1, before: huge })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

it('alerts of the same second are paged each once, and filtered', async () => {
  await withDatabase(async (db) => {
    const alerts = Array.from({ length: 25 }, (_, index) =>
      alertOf({
        id: `alert-${index}`,
        last_seen: 1_700_000_000 + Math.floor(index / 10) + 0.123_456_7,
        severity: index % 5 === 0 ? 'High' : 'Low',
      }),
    );
    await ingest(db, { ...trafficBatch({ packets: 0, startMicros: START }), alerts });
    const all = await walk(async (before) => {
      const page = await listAlerts(db, { limit: 4, before });
      return { items: page.alerts, next: page.next };
    });
    expect(new Set(all.map(({ id }) => id)).size).toBe(25);
    expect(all.map(({ last_seen }) => last_seen)).toEqual(
      alerts.map(({ last_seen }) => last_seen).sort((a, b) => b - a),
    );
    const high = await listAlerts(db, { limit: 100, severity: 'High', status: 'open' });
    expect(high.alerts).toHaveLength(5);
    expect((await listAlerts(db, { limit: 100, source_ip: '192.0.2.1' })).alerts).toEqual([]);
  });
});

it('flows and windows come newest first', async () => {
  await withDatabase(async (db) => {
    const day = 86_400_000_000;
    const flows = Array.from({ length: 30 }, (_, index) =>
      flowRecord({
        id: index,
        lastSeenMicros: START + Math.floor(index / 3) * day,
        service: index % 2 ? 'ssh' : 'dns',
      }),
    );
    const windows = Array.from({ length: 30 }, (_, index) =>
      windowRow({ startMicros: START + index * day, scope: index % 2 ? 'source' : 'target' }),
    );
    await ingest(db, { ...trafficBatch({ packets: 0, startMicros: START }), flows, windows });
    const all = await walk(async (before) => {
      const page = await listFlows(db, { limit: 4, before });
      return { items: page.flows, next: page.next };
    });
    expect(all.map(({ id_num }) => Number(id_num))).toEqual(
      flows.map(({ id }) => id).sort((a, b) => b - a),
    );
    const ssh = await listFlows(db, { limit: 100, service: 'ssh', src_ip: '198.51.100.7' });
    expect(ssh.flows).toHaveLength(15);
    const latest = await latestWindows(db, { window_size: 5, limit: 20, scope: 'source' });
    expect(latest.map(({ window_start }) => window_start)).toEqual(
      Array.from({ length: 15 }, (_, index) => 1_700_000_000 + (29 - 2 * index) * 86_400),
    );
  });
});

it('the overview of an old capture shows that capture', async () => {
  await withDatabase(async (db) => {
    const batch = trafficBatch({ packets: 600, startMicros: START, gapMicros: 1_000_000 });
    batch.verdicts.attackKind.fill(0, 0, 100);
    const alert = alertOf({ id: 'a', last_seen: 1_700_000_500 });
    const flows = [flowRecord({ id: 1 })];
    await ingest(db, { ...batch, flows, alerts: [alert, alertOf({ id: 'b', last_seen: 5 })] });
    // A sensor whose clock is broken does not push it out of sight.
    await ingest(db, trafficBatch({ packets: 5, startMicros: 4e15, sensorId: 's2' }));

    const page = await overview(db, 60);
    expect(page).toMatchObject({
      total_packets: 600,
      malicious_packets: 100,
      flows: 1,
      open_alerts: 2,
      alert_types: [{ alert_type: 'Port_Scan', count: 1 }],
    });
    expect(page.traffic).toHaveLength(60);
    expect(page.traffic.reduce((sum, { packets }) => sum + packets, 0)).toBe(600);
    expect(page.traffic.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(page.total_bytes);
    expect(page.protocols.reduce((sum, { packets }) => sum + packets, 0)).toBe(600);
    expect(page.top_sources).toHaveLength(10);
    const week = await overview(db, 10_080);
    expect(week.traffic.length).toBeLessThanOrEqual(240);
    expect(week.traffic.reduce((sum, { packets }) => sum + packets, 0)).toBe(600);

    const stats = await trafficStats(db);
    expect(stats).toMatchObject({ total: 605, malicious: 100 });
    expect(stats.history.at(0)?.timestamp).toBe('2023-11-14T22:13:00.000Z');
  });
});

it('an empty database has an overview too', async () => {
  await withDatabase(async (db) => {
    const page = await overview(db, 30);
    expect(page).toMatchObject({ total_packets: 0, top_sources: [], open_alerts: 0 });
    expect(page.traffic).toHaveLength(30);
    expect(await trafficStats(db)).toEqual({ total: 0, malicious: 0, history: [] });
  });
});

it('lure events are added up to sessions once, whatever was typed', async () => {
  await withDatabase(async (db) => {
    const event = {
      session_id: 's1',
      at: '2026-01-02T03:04:05.678Z',
      service: 'ssh' as const,
      source_ip: '8.8.8.8',
      source_port: 4000,
      local_port: 2222,
      username: null,
      password: null,
      text: null,
      bytes: null,
      sha256: null,
    };
    const events = [
      { ...event, id: '1', kind: 'connect' as const },
      { ...event, id: '2', kind: 'login' as const, username: 'ro\0ot', password: '\udc00' },
      { ...event, id: '3', kind: 'command' as const, text: 'id', at: '2026-01-02T03:04:09.000Z' },
    ];
    await insertLureEvents(db, events.slice(0, 2));
    await insertLureEvents(db, events);
    const page = await listLureSessions(db, { limit: 5 });
    expect(page).toEqual({
      sessions: [
        {
          session_id: 's1',
          service: 'ssh',
          source_ip: '8.8.8.8',
          country: 'US',
          started_at: '2026-01-02T03:04:05.678Z',
          last_at: '2026-01-02T03:04:09.000Z',
          logins: 1,
          commands: 1,
          uploads: 0,
        },
      ],
      next: null,
    });
    const detail = await getLureSession(db, 's1');
    expect(detail?.events).toEqual([
      events[0],
      { ...events[1], username: 'ro\ufffdot', password: '\ufffd' },
      events[2],
    ]);
    expect((await listLureEvents(db, 1)).map(({ id }) => id)).toEqual(['3']);
    expect(await getLureSession(db, 'none')).toBeNull();
  });
});

it('the overview counts blocks that are in force', async () => {
  await withDatabase(async (db) => {
    const decision = {
      id: 'd1',
      action: 'BLOCK' as const,
      ip: '192.0.2.1',
      reason: 'scan',
      alert_id: null,
      simulated: false,
      state: 'active' as const,
      detail: null,
      created_at: new Date().toISOString(),
      expires_at: null,
      created_by: 'test',
    };
    const past = new Date(Date.now() - 1000).toISOString();
    await insertDecision(db, decision);
    await insertDecision(db, { ...decision, id: 'd2', state: 'simulated', simulated: true });
    await insertDecision(db, { ...decision, id: 'd3', expires_at: past });
    expect(await overview(db, 5)).toMatchObject({ active_blocks: 1, simulated_blocks: 1 });
    const active = await activeDecisions(db, new Date());
    expect(active.map(({ id }) => id)).toEqual(['d1', 'd2']);
  });
});
