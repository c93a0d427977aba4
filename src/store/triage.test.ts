import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, trafficBatch } from '../../test/support/traffic.ts';
import type { Alert } from '../contract/alert.ts';
import { actOnAlerts, listActions, undoAction } from './alert-actions.ts';
import { upsertAlerts } from './alert-upsert.ts';
import { getAlert, listAlerts } from './alerts.ts';
import type { Database } from './database.ts';
import { suppressionOf } from './hidden-alerts.ts';
import { ingest } from './ingest.ts';
import { overview } from './overview.ts';
import { addSuppression, listSuppressions, removeSuppression } from './suppressions.ts';
import { createUser } from './users.ts';

let sequence = 0;

async function raise(db: Database, ...alerts: (Partial<Alert> & { id: string })[]): Promise<void> {
  const batch = trafficBatch({ packets: 1, startMicros: Date.now() * 1000, sequence: sequence++ });
  await ingest(db, {
    ...batch,
    alerts: alerts.map((alert) => alertOf({ ...seenNow(), ...alert })),
  });
}

const seenNow = () => ({ first_seen: Date.now() / 1000, last_seen: Date.now() / 1000 });

async function listed(db: Database, suppressed?: 'with' | 'only'): Promise<string[]> {
  const { alerts } = await listAlerts(db, { limit: 100, suppressed });
  return alerts.map(({ id }) => id).sort();
}

async function fates(db: Database, ids: readonly string[]) {
  return Promise.all(ids.map(async (id) => (await getAlert(db, id))?.status));
}

describe('triage', () => {
  it('is recorded: who, when, what, before and after', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' });
      await createUser(db, { username: 'ada', role: 'analyst', passwordHash: '-' });
      const change = { status: 'resolved', assignee: 'ada', comment: 'a drill' } as const;
      const { action_id } = await actOnAlerts(db, { ids: ['a'], ...change }, 'bob');
      const alert = await getAlert(db, 'a');
      expect(alert).toMatchObject({ status: 'resolved', assignee: 'ada' });
      expect(await listActions(db, 'a')).toEqual([
        {
          action_id,
          alert_id: 'a',
          at: expect.any(String),
          by: 'bob',
          before: { status: 'open', resolved_at: null, assignee: null },
          after: { status: 'resolved', resolved_at: alert?.resolved_at, assignee: 'ada' },
          comment: 'a drill',
          undoes: null,
          undone_by: null,
        },
      ]);
    }));

  it('of what is so already changes and records nothing', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' }, { id: 'b' });
      await actOnAlerts(db, { ids: ['a'], status: 'acknowledged' }, 'ada');
      const result = await actOnAlerts(
        db,
        { ids: ['a', 'b', 'gone'], status: 'acknowledged' },
        'ada',
      );
      expect(result).toMatchObject({ changed: 1, unchanged: 1, missing: ['gone'], ids: ['b'] });
      expect(await listActions(db, 'a')).toHaveLength(1);
    }));

  it('assigns to users only, and knows no alert that is not there', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' });
      await expect(actOnAlerts(db, { ids: ['a'], assignee: 'eve' }, 'ada')).rejects.toMatchObject({
        code: 'invalid_request',
      });
      await expect(
        actOnAlerts(db, { ids: ['gone'], status: 'resolved' }, 'ada'),
      ).rejects.toMatchObject({ code: 'not_found' });
    }));

  it('takes what a filter selects, and not what is hidden', () =>
    withDatabase(async (db) => {
      await raise(
        db,
        { id: 'a' },
        { id: 'b', source_ip: '203.0.113.1' },
        { id: 'c', alert_type: 'Brute_Force' },
      );
      await addSuppression(db, { source: '203.0.113.1', reason: 'ours', duration_s: 60 }, 'ada');
      const filter = { alert_type: 'Port_Scan', status: 'open' } as const;
      const result = await actOnAlerts(db, { filter, status: 'false_positive' }, 'ada');
      expect(result).toMatchObject({ changed: 1, is_cut: false, ids: ['a'] });
      expect(await fates(db, ['a', 'b', 'c'])).toEqual(['false_positive', 'open', 'open']);
    }));

  it('changes at most 1,000 alerts of a filter, the newest, and says that there are more', () =>
    withDatabase(async (db) => {
      const alerts = Array.from({ length: 1001 }, (_, index) => ({
        id: `a${index}`,
        last_seen: 1000 + index,
      }));
      await raise(db, ...alerts);
      const result = await actOnAlerts(db, { filter: {}, status: 'acknowledged' }, 'ada');
      expect(result).toMatchObject({ changed: 1000, is_cut: true });
      expect(await fates(db, ['a0', 'a1'])).toEqual(['open', 'acknowledged']);
      const undone = await undoAction(db, result.action_id ?? '', 'ada');
      expect(undone).toMatchObject({ changed: 1000, skipped: [] });
    }));
});

describe('undo', () => {
  const act = async (db: Database, status: Alert['status'], ids = ['a']) =>
    (await actOnAlerts(db, { ids, status }, 'ada')).action_id ?? '';

  it('gives back what was changed, and is undone itself', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' });
      await act(db, 'resolved');
      const before = await getAlert(db, 'a');
      const reopened = await act(db, 'open');
      const undone = await undoAction(db, reopened, 'bob');
      expect(await getAlert(db, 'a')).toEqual(before);
      const [undo, action] = await listActions(db, 'a');
      expect(undo).toMatchObject({ by: 'bob', undoes: reopened, after: { status: 'resolved' } });
      expect(action).toMatchObject({ undone_by: undone.action_id });
      await undoAction(db, undone.action_id ?? '', 'bob');
      expect(await fates(db, ['a'])).toEqual(['open']);
    }));

  it('leaves what somebody has changed since, and says who', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' }, { id: 'b' });
      const both = await act(db, 'acknowledged', ['a', 'b']);
      await actOnAlerts(db, { ids: ['a'], status: 'open' }, 'bob');
      await actOnAlerts(db, { ids: ['a'], status: 'acknowledged' }, 'bob');
      const result = await undoAction(db, both, 'ada');
      expect(result).toMatchObject({
        changed: 1,
        skipped: [{ alert_id: 'a', reason: expect.stringContaining('bob has changed') }],
      });
      expect(await fates(db, ['a', 'b'])).toEqual(['acknowledged', 'open']);
      await expect(undoAction(db, both, 'ada')).rejects.toMatchObject({ code: 'conflict' });
    }));

  it('of two actions goes back both, the later one first', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' });
      const first = await act(db, 'acknowledged');
      const second = await act(db, 'resolved');
      await expect(undoAction(db, first, 'ada')).rejects.toMatchObject({ code: 'conflict' });
      await undoAction(db, second, 'ada');
      await undoAction(db, first, 'ada');
      expect(await getAlert(db, 'a')).toMatchObject({ status: 'open', resolved_at: null });
    }));

  it('is not hindered by a change of something else', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' });
      await createUser(db, { username: 'ada', role: 'analyst', passwordHash: '-' });
      const resolved = await act(db, 'resolved');
      await actOnAlerts(db, { ids: ['a'], assignee: 'ada', comment: 'mine' }, 'ada');
      await undoAction(db, resolved, 'ada');
      expect(await getAlert(db, 'a')).toMatchObject({ status: 'open', assignee: 'ada' });
    }));
});

describe('a suppression', () => {
  const scanner = { source: '198.51.100.7', reason: 'our scanner', duration_s: 3600 };

  it('hides what is stored and what comes, from lists and counts, and says how much', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' }, { id: 'other', source_ip: '203.0.113.9' });
      const { id } = await addSuppression(db, scanner, 'ada');
      await raise(db, { id: 'b', last_seen: 2_000_000_000 });
      expect(await listed(db)).toEqual(['other']);
      expect(await listed(db, 'only')).toEqual(['a', 'b']);
      expect(await listed(db, 'with')).toEqual(['a', 'b', 'other']);
      expect(await getAlert(db, 'a')).toMatchObject({ suppressed_by: id });
      expect((await overview(db, 60)).open_alerts).toBe(1);
      expect((await overview(db, 60)).alert_types).toEqual([{ alert_type: 'Port_Scan', count: 1 }]);
      expect(await listSuppressions(db, false)).toMatchObject([
        { source: '198.51.100.7', hit_count: 2, last_hit: 2_000_000_000, created_by: 'ada' },
      ]);
    }));

  it('that is removed or has run out lets alerts be seen again, and stays on record', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' });
      const { id } = await addSuppression(db, scanner, 'ada');
      expect(await suppressionOf(db, 'a')).toBe(id);
      await removeSuppression(db, id, 'bob');
      expect(await listed(db)).toEqual(['a']);
      expect(await suppressionOf(db, 'a')).toBeNull();
      await expect(removeSuppression(db, id, 'bob')).rejects.toMatchObject({ code: 'conflict' });
      const again = await addSuppression(db, scanner, 'ada');
      expect(await listed(db)).toEqual([]);
      await db.query('UPDATE suppressions SET expires_at = now() WHERE id = $1', [again.id]);
      expect(await listed(db)).toEqual(['a']);
      expect(await getAlert(db, 'a')).toMatchObject({ suppressed_by: null });
      expect(await listSuppressions(db, false)).toEqual([]);
      expect(await listSuppressions(db, true)).toMatchObject([
        { id: again.id, in_force: false, removed_by: null },
        { id, in_force: false, removed_by: 'bob' },
      ]);
    }));

  it('no longer hides an attack that grows out of it', () =>
    withDatabase(async (db) => {
      await addSuppression(db, { ...scanner, port: 443 }, 'ada');
      await raise(db, { id: 'a', destination_port: 443 });
      expect(await listed(db)).toEqual([]);
      await raise(db, { id: 'a', destination_port: null });
      expect(await listed(db)).toEqual(['a']);
    }));

  it('hides also what is being written when it is made', () =>
    withDatabase(async (db) => {
      let made: Promise<unknown> = Promise.resolve();
      await db.transaction(async (tx) => {
        await upsertAlerts(tx, [alertOf({ id: 'a' })]);
        made = addSuppression(db, scanner, 'ada');
        await db.query('SELECT pg_sleep(0.3)');
      });
      await made;
      expect(await listed(db)).toEqual([]);
    }));

  it('that is removed leaves what another one hides', () =>
    withDatabase(async (db) => {
      await raise(db, { id: 'a' }, { id: 'b', alert_type: 'Web_Scan' });
      await addSuppression(db, { alert_type: 'Port_Scan', reason: 'x', duration_s: 60 }, 'ada');
      const { id } = await addSuppression(db, scanner, 'ada');
      await removeSuppression(db, id, 'ada');
      expect(await listed(db)).toEqual(['b']);
    }));

  it('hides what comes by a network, and nothing beside it', () =>
    withDatabase(async (db) => {
      const order = {
        source: '10.20.0.0/16',
        target: '2001:db8::/32',
        reason: 'x',
        duration_s: 60,
      };
      await addSuppression(db, order, 'ada');
      await raise(
        db,
        { id: 'in', source_ip: '10.20.30.40', destination_ip: '2001:db8::1' },
        { id: 'other target', source_ip: '10.20.30.40', destination_ip: '2001:db9::1' },
        { id: 'other source', source_ip: '10.21.0.1', destination_ip: '2001:db8::1' },
        { id: 'no source', source_ip: null, destination_ip: '2001:db8::1' },
      );
      expect(await listed(db)).toEqual(['no source', 'other source', 'other target']);
    }));

  it('is refused for half the world, and when there are too many', () =>
    withDatabase(async (db) => {
      for (const source of ['0.0.0.0/1', '::/0', '2000::/3'])
        await expect(
          addSuppression(db, { source, reason: 'x', duration_s: 60 }, 'ada'),
        ).rejects.toMatchObject({ code: 'invalid_request' });
      await db.query(
        `INSERT INTO suppressions (id, port, reason, created_by, expires_at)
         SELECT i::text, i, 'x', 'ada', now() + interval '1 day' FROM generate_series(1, 500) AS i`,
      );
      await expect(addSuppression(db, scanner, 'ada')).rejects.toMatchObject({ code: 'conflict' });
    }));
});
