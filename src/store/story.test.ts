import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, flowRecord, trafficBatch } from '../../test/support/traffic.ts';
import type { Alert } from '../contract/alert.ts';
import type { Decision } from '../contract/decision.ts';
import type { Database } from './database.ts';
import { insertDecision } from './decisions.ts';
import { ingest } from './ingest.ts';
import { insertLureEvents } from './lures.ts';
import { storyOf } from './story.ts';
import { addSuppression } from './suppressions.ts';

const IP = '203.0.113.66';
/** Whole seconds, two hours ago. */
const BEGIN_S = Math.floor(Date.now() / 1000) - 7200;
const at = (seconds: number) => BEGIN_S + seconds;
const iso = (seconds: number) => new Date(at(seconds) * 1000).toISOString();

async function fill(
  db: Database,
  flows: readonly [from: number, to: number][],
  alerts: readonly (Partial<Alert> & { id: string })[] = [],
) {
  await ingest(db, {
    ...trafficBatch({ packets: 1, startMicros: at(0) * 1e6 }),
    flows: flows.map(([from, to], index) =>
      flowRecord({
        ...{ id: index + 1, srcIp: IP },
        ...{ firstSeenMicros: at(from) * 1e6, lastSeenMicros: at(to) * 1e6 },
      }),
    ),
    alerts: alerts.map((alert) => alertOf({ source_ip: IP, ...alert })),
  });
}

async function block(db: Database, change: Partial<Decision> & { from: number; to: number }) {
  const { from, to, ...rest } = change;
  await insertDecision(db, {
    ...{ id: `d${from}`, action: 'BLOCK', ip: IP, reason: 'brute force', alert_id: null },
    ...{ simulated: false, state: 'expired', detail: null, created_by: 'analysis' },
    ...{ created_at: iso(from), expires_at: iso(to) },
    ...rest,
  });
}

const told = async (db: Database) =>
  (await storyOf(db, IP, 30)).entries.map(({ at: time, kind }) => [
    kind,
    Date.parse(time) / 1000 - BEGIN_S,
  ]);

describe('the story of an address', () => {
  it('goes from first contact over scan, brute force and lure to the block and the return', () =>
    withDatabase(async (db) => {
      await fill(
        db,
        [
          [0, 5],
          [200, 205],
          [2000, 2010],
          [2500, 2510],
        ],
        [
          { id: 'scan', first_seen: at(10), last_seen: at(60) },
          { id: 'force', alert_type: 'Brute_Force', first_seen: at(100), last_seen: at(250) },
        ],
      );
      await insertLureEvents(db, [
        {
          ...{ id: 'e', session_id: 'visit', at: iso(220), service: 'ssh', source_ip: IP },
          ...{ source_port: 4711, local_port: 2222, kind: 'login', username: 'root' },
          ...{ password: 'toor', text: null, bytes: null, sha256: null },
        },
      ]);
      await block(db, { from: 250, to: 1000 });
      expect(await told(db)).toEqual([
        ['first_contact', 0],
        ['alert', 10],
        ['alert', 100],
        ['lure', 220],
        ['block', 250],
        ['return', 2000],
      ]);
      const story = await storyOf(db, IP, 30);
      expect(story).toMatchObject({ ip: IP, is_cut: false, last_contact: iso(2510) });
      expect(story.entries[2]).toMatchObject({
        text: expect.any(String),
        alert: { id: 'force', alert_type: 'Brute_Force' },
        until: iso(250),
      });
    }));

  it('says where it goes on in spite of a block, not of what was on its way', () =>
    withDatabase(async (db) => {
      await fill(db, [
        [0, 5],
        [110, 115],
        [400, 405],
      ]);
      await block(db, { from: 100, to: 1000, simulated: true, state: 'expired' });
      expect(await told(db)).toEqual([
        ['first_contact', 0],
        ['block', 100],
        ['persistence', 400],
      ]);
      expect((await storyOf(db, IP, 30)).entries[2]?.text).toContain('simulated');
    }));

  it('counts a block from its removal as over, and a refused one not at all', () =>
    withDatabase(async (db) => {
      await fill(db, [
        [0, 5],
        [200, 205],
        [400, 405],
      ]);
      await block(db, { from: 50, to: 9000, state: 'refused' });
      await block(db, { from: 100, to: 9000, state: 'removed', detail: 'by ada' });
      await db.query('UPDATE decisions SET ended_at = $1', [iso(300)]);
      expect(await told(db)).toEqual([
        ['first_contact', 0],
        ['block', 100],
        ['persistence', 200],
        ['return', 400],
      ]);
    }));

  it('has what a suppression hides too, and says so', () =>
    withDatabase(async (db) => {
      await fill(db, [], [{ id: 'scan', first_seen: at(10), last_seen: at(60) }]);
      await addSuppression(db, { source: IP, reason: 'x', duration_s: 60 }, 'ada');
      const { entries } = await storyOf(db, IP, 30);
      expect(entries).toMatchObject([
        { kind: 'first_contact' },
        { kind: 'alert', is_suppressed: true },
      ]);
    }));

  it('of a stranger is empty', () =>
    withDatabase(async (db) => {
      expect(await storyOf(db, '2001:DB8::1', 30)).toEqual({
        ...{ ip: '2001:db8::1', days: 30, entries: [], is_cut: false, last_contact: null },
      });
    }));

  it('shows the newest 200 alerts and says that there are older ones', () =>
    withDatabase(async (db) => {
      const alerts = Array.from({ length: 201 }, (_, index) => ({
        ...{ id: `a${index}`, first_seen: at(index), last_seen: at(index) },
      }));
      await fill(db, [], alerts);
      const { entries, is_cut: isCut } = await storyOf(db, IP, 30);
      const shown = entries.filter(({ kind }) => kind === 'alert');
      expect([shown.length, shown[0]?.alert?.id, isCut]).toEqual([200, 'a1', true]);
    }));
});
