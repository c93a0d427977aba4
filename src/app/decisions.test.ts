import { describe, expect, it } from 'vitest';
import { type TestDatabase, withDatabase, withDatabases } from '../../test/support/database.ts';
import { alertOf, trafficBatch } from '../../test/support/traffic.ts';
import type { Decision } from '../contract/decision.ts';
import { AppError } from '../errors.ts';
import { Enforcer } from '../firewall/enforcer.ts';
import { RecordingFirewall } from '../firewall/recording.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { listDecisions } from '../store/decisions.ts';
import { ingest } from '../store/ingest.ts';
import { readPolicy, writePolicy } from '../store/policy.ts';
import { addProtected } from '../store/protected.ts';
import { addSuppression, removeSuppression } from '../store/suppressions.ts';
import { Decisions } from './decisions.ts';
import { createLog } from './log.ts';

const IP = '198.51.100.9';

async function armedOn(db: Database) {
  await writePolicy(db, { ...(await readPolicy(db)), armed: true });
  const firewall = new RecordingFirewall();
  const enforcer = new Enforcer({ firewall });
  await enforcer.open();
  const link = { isUp: true };
  /** The enforcer's process, which can go away. */
  const enforcement = new Proxy(enforcer, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]) => {
        if (!link.isUp) throw new AppError('firewall_unavailable', 'no enforcer');
        return value.apply(target, given);
      };
    },
  });
  const decisions = new Decisions({
    db,
    enforcement,
    enforcementReason: null,
    log: createLog('silent'),
    onChange() {},
  });
  const all = async (): Promise<Decision[]> =>
    (await listDecisions(db, { limit: 100 })).decisions.reverse();
  const blocked = async () => (await enforcer.list()).map(({ ip }) => ip);
  return { decisions, link, all, blocked };
}

const request = (alertId: string, atMs = Date.now()) => ({
  ip: IP,
  alertId,
  reason: 'because',
  atMicros: atMs * 1000,
});

describe('Decisions', () => {
  it.each(['comes back', 'stays away'])(
    'wait for a database that is away, where told to, until it %s',
    (what) =>
      withDatabases(1, async ([only]) => {
        const { setAway } = only as TestDatabase;
        const db = await openDatabase(only as TestDatabase);
        const giveUp = new AbortController();
        const decisions = new Decisions({
          db,
          enforcement: null,
          enforcementReason: null,
          isElsewhere: true,
          keepAsking: giveUp.signal,
          log: createLog('silent'),
          onChange() {},
        });
        try {
          await setAway(true);
          const asked = [decisions.blockFor(request('a')), decisions.blockOnce(request('b'))];
          const isMade = await Promise.race([
            asked[0],
            new Promise((r) => setTimeout(r, 100, 'no')),
          ]);
          expect(isMade).toBe('no');
          if (what === 'stays away') giveUp.abort();
          else await setAway(false);
          await Promise.all(asked);
          await setAway(false);
          const { decisions: made } = await listDecisions(db, { limit: 10 });
          expect(made).toMatchObject(what === 'stays away' ? [] : [{ alert_id: 'a', ip: IP }]);
        } finally {
          await db.close();
        }
      }),
  );

  it('counts what is asked for while too many wait, and makes what waited', () =>
    withDatabases(1, async ([only]) => {
      const { setAway } = only as TestDatabase;
      const db = await openDatabase(only as TestDatabase);
      const decisions = new Decisions({
        ...{ db, enforcement: null, enforcementReason: null, isElsewhere: true },
        keepAsking: new AbortController().signal,
        maxWaiting: 2,
        log: createLog('silent'),
        onChange() {},
      });
      try {
        await setAway(true);
        const asked = ['a', 'b', 'c', 'd'].map((id, at) =>
          decisions.blockFor({ ...request(id), ip: `198.51.100.${at + 1}` }),
        );
        expect(decisions.dropped).toBe(2);
        await setAway(false);
        await Promise.all(asked);
        const { decisions: made } = await listDecisions(db, { limit: 10 });
        expect(made.map(({ alert_id }) => alert_id).sort()).toEqual(['a', 'b']);
        await decisions.blockFor({ ...request('e'), ip: '198.51.100.9' });
        expect(decisions.dropped).toBe(2);
      } finally {
        await db.close();
      }
    }));

  it('makes one decision of several alerts on one source at once', () =>
    withDatabase(async (db) => {
      const { decisions, all, blocked } = await armedOn(db);
      await Promise.all(['a', 'b', 'c'].map((id) => decisions.blockFor(request(id))));
      expect(await all()).toMatchObject([{ ip: IP, state: 'active', alert_id: 'a' }]);
      expect(await blocked()).toEqual([IP]);
    }));

  it('decides on an alert no second time after a restart, whatever became of the first', () =>
    withDatabase(async (db) => {
      const { decisions, all } = await armedOn(db);
      await decisions.blockOnce(request('a'));
      await decisions.unblock((await all())[0]?.id ?? '', 'admin');
      await decisions.blockOnce(request('a'));
      expect((await all()).map(({ state }) => state)).toEqual(['removed']);
      await decisions.blockOnce(request('b'));
      expect((await all()).map(({ state }) => state)).toEqual(['removed', 'active']);
    }));

  it('has one decision in force for an address, and lifting it lifts the block', () =>
    withDatabase(async (db) => {
      const { decisions, all, blocked } = await armedOn(db);
      await decisions.block({ ip: IP, duration_s: 1000 }, 'admin');
      const second = await decisions.block({ ip: IP, duration_s: 60 }, 'admin');
      expect((await all()).map(({ state }) => state)).toEqual(['removed', 'active']);
      await decisions.unblock(second.id, 'admin');
      expect(await blocked()).toEqual([]);
      expect((await all()).map(({ state }) => state)).toEqual(['removed', 'removed']);
    }));

  it('carries out what waited for the enforcer when it is there again', () =>
    withDatabase(async (db) => {
      const { decisions, link, all, blocked } = await armedOn(db);
      link.isUp = false;
      await decisions.blockFor(request('a'));
      expect(await all()).toMatchObject([{ state: 'pending', detail: 'no enforcer' }]);
      await decisions.restore();
      link.isUp = true;
      await decisions.restore();
      expect(await all()).toMatchObject([{ state: 'active', detail: null }]);
      expect(await blocked()).toEqual([IP]);
    }));

  it('tells a person at once that the enforcer is away', () =>
    withDatabase(async (db) => {
      const { decisions, link, all } = await armedOn(db);
      link.isUp = false;
      await expect(decisions.block({ ip: IP }, 'admin')).rejects.toMatchObject({
        code: 'firewall_unavailable',
      });
      expect(await all()).toMatchObject([{ state: 'refused' }]);
    }));

  it('blocks for what is left of the time since it was seen, and nothing of long ago', () =>
    withDatabase(async (db) => {
      const { decisions, all, blocked } = await armedOn(db);
      const { block_seconds } = await readPolicy(db);
      await decisions.blockFor(request('old', Date.now() - 1000 * block_seconds - 1000));
      expect(await all()).toMatchObject([{ simulated: true, state: 'simulated' }]);
      expect(await blocked()).toEqual([]);
      await decisions.blockFor(request('half', Date.now() - 500 * block_seconds));
      const decision = (await all())[1];
      expect(decision).toMatchObject({ simulated: false, state: 'active' });
      const seconds = (Date.parse(decision?.expires_at ?? '') - Date.now()) / 1000;
      expect(seconds).toBeLessThanOrEqual(block_seconds / 2 + 1);
    }));

  it('lifts the block on an address that is protected afterwards', () =>
    withDatabase(async (db) => {
      const { decisions, all, blocked } = await armedOn(db);
      await decisions.block({ ip: IP }, 'admin');
      await decisions.block({ ip: '198.51.100.10' }, 'admin');
      await addProtected(db, { cidr: `${IP}/32`, reason: 'colleague' });
      await decisions.liftProtected();
      expect(await blocked()).toEqual(['198.51.100.10']);
      expect((await all())[0]).toMatchObject({ state: 'removed', detail: 'colleague' });
    }));

  it('makes none for an alert that is suppressed, until the suppression is over', () =>
    withDatabase(async (db) => {
      const { decisions, all, blocked } = await armedOn(db);
      const batch = trafficBatch({ packets: 1, startMicros: 1e15 });
      const alerts = [alertOf({ id: 'a', source_ip: IP, decision: 'BLOCK' })];
      await ingest(db, { ...batch, alerts });
      const order = { source: IP, reason: 'our load test', duration_s: 60 };
      const { id } = await addSuppression(db, order, 'ada');
      await decisions.blockFor(request('a'));
      await decisions.blockOnce(request('a'));
      expect(await all()).toEqual([]);
      expect(await blocked()).toEqual([]);
      await removeSuppression(db, id, 'ada');
      await decisions.blockFor(request('a'));
      expect(await all()).toMatchObject([{ state: 'active', alert_id: 'a' }]);
    }));

  it('only records what is not for real', () =>
    withDatabase(async (db) => {
      const { decisions, all, blocked } = await armedOn(db);
      await decisions.blockFor(request('demo'), false);
      expect(await all()).toMatchObject([{ simulated: true, state: 'simulated' }]);
      expect(await blocked()).toEqual([]);
    }));

  it('are left pending where the firewall is elsewhere, and carried out there', () =>
    withDatabase(async (db) => {
      const { decisions, all, blocked } = await armedOn(db);
      const worker = new Decisions({
        db,
        enforcement: null,
        enforcementReason: null,
        isElsewhere: true,
        log: createLog('silent'),
        onChange() {},
      });
      await worker.blockFor(request('a'));
      await worker.blockFor(request('b'));
      expect(await all()).toMatchObject([{ alert_id: 'a', state: 'pending', simulated: false }]);
      expect(await blocked()).toEqual([]);
      await decisions.carryOutPending();
      expect(await all()).toMatchObject([{ alert_id: 'a', state: 'active' }]);
      expect(await blocked()).toEqual([IP]);
    }));
});
