/** Triage over HTTP: who may, what is refused and how it is said, and what other dashboards hear. */
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/contract/alert.ts';
import { LiveEvents } from '../../src/http/live-events.ts';
import { ingest } from '../../src/store/ingest.ts';
import { alertOf, trafficBatch } from '../support/traffic.ts';
import { type Harness, withServer } from './harness.ts';

const ALERTS = '/api/v1/alerts';
const ACTIONS = '/api/v1/alert-actions';
const SUPPRESSIONS = '/api/v1/suppressions';

async function raise({ db }: Harness, ...ids: string[]): Promise<void> {
  const alerts = ids.map((id) => alertOf({ id }));
  await ingest(db, { ...trafficBatch({ packets: 1, startMicros: 1e15 }), alerts });
}

async function refusalOf(response: Response): Promise<[number, string[]]> {
  const { errors = [] } = await response.json();
  return [response.status, errors.map(({ pointer }: { pointer: string }) => pointer)];
}

describe('triage', () => {
  it('is for analysts: a viewer may read the record and change nothing', () =>
    withServer(async (server) => {
      const { call, keyOf } = server;
      await raise(server, 'a');
      const key = await keyOf('viewer');
      for (const [method, path, json] of [
        ['PATCH', `${ALERTS}/a`, { status: 'resolved' }],
        ['POST', ACTIONS, { ids: ['a'], status: 'resolved' }],
        ['POST', `${ACTIONS}/x/undo`, {}],
        ['POST', SUPPRESSIONS, { port: 22, reason: 'x' }],
        ['DELETE', `${SUPPRESSIONS}/x`, undefined],
      ] as const)
        expect([path, (await call(method, path, { key, json })).status]).toEqual([path, 403]);
      expect((await call('GET', `${ALERTS}/a/actions`, { key })).status).toBe(200);
      expect((await call('GET', SUPPRESSIONS, { key })).status).toBe(200);
    }));

  it('bears the name of who did it, and is told to other dashboards', () => {
    const live = new LiveEvents();
    return withServer(
      async (server) => {
        const { call, addUser, signIn } = server;
        await raise(server, 'a');
        await addUser('ada', 'analyst', 'correct horse battery');
        const { cookie } = await signIn('ada', 'correct horse battery');
        const headers = { cookie, origin: 'http://localhost:8000' };
        const before = live.published;
        const json = { status: 'acknowledged', comment: 'on it' };
        const patched = await call('PATCH', `${ALERTS}/a`, { headers, json });
        expect((await patched.json()) as Alert).toMatchObject({ status: 'acknowledged' });
        expect(live.published).toBe(before + 1);
        const record = await (await call('GET', `${ALERTS}/a/actions`, { headers })).json();
        expect(record.actions).toMatchObject([{ by: 'ada', comment: 'on it' }]);
      },
      { live },
    );
  });

  it('says what is wrong with an order', () =>
    withServer(async ({ call, keyOf }) => {
      const key = await keyOf('analyst');
      const post = async (path: string, json: unknown) =>
        refusalOf(await call('POST', path, { key, json }));
      expect(await post(ACTIONS, { ids: ['a'] })).toEqual([400, ['#']]);
      expect(await post(ACTIONS, { status: 'resolved' })).toEqual([400, ['#']]);
      expect(await post(ACTIONS, { ids: [], status: 'resolved' })).toEqual([400, ['#/ids']]);
      expect(await post(ACTIONS, { filter: { typo: 1 }, status: 'resolved' })).toEqual([
        400,
        ['#/filter/typo'],
      ]);
      expect(await post(SUPPRESSIONS, { reason: 'x' })).toEqual([400, ['#']]);
      expect(await post(SUPPRESSIONS, { port: 22 })).toEqual([400, ['#/reason']]);
      expect(await post(SUPPRESSIONS, { port: 22, reason: '  ' })).toEqual([400, ['#/reason']]);
      expect(await post(SUPPRESSIONS, { port: 22, reason: 'x', duration_s: 1e9 })).toEqual([
        400,
        ['#/duration_s'],
      ]);
      expect(await post(SUPPRESSIONS, { port: 22, sources: '10.0.0.1', reason: 'x' })).toEqual([
        400,
        ['#/sources'],
      ]);
    }));
});
