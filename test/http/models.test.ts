/** The models over HTTP: seen by all, changed by administrators alone, and taken over by what judges. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHIPPED_MODEL } from '../../src/app/package-paths.ts';
import type { ModelDetail, ModelList } from '../../src/contract/model.ts';
import { decodeModels, encodeModels } from '../../src/core/models/model-file.ts';
import { writeQuiet } from '../support/quiet-capture.ts';
import { type Harness, withServer } from './harness.ts';

const PATH = '/api/v1/models';
const folder = mkdtempSync(join(tmpdir(), 'phantomnet-models-http-'));
const quiet = join(folder, 'quiet.pcap');
const shipped = decodeModels(readFileSync(SHIPPED_MODEL));

/** As good as the one that ships: only its seed is another. */
const twin = encodeModels(shipped.models.map((model) => ({ ...model, seed: 1 })));
/** Takes everything for an attack. */
const alarmist = encodeModels(
  shipped.models.map((model) => ({
    ...model,
    references: {},
    calibrations: { malicious: { kind: 'platt', slope: 0, intercept: 6 } },
  })),
);

beforeAll(() => writeQuiet(quiet), 30_000);
afterAll(() => rmSync(folder, { recursive: true }));

const upload = (server: Harness, key: string, body: Uint8Array) =>
  server.call('POST', PATH, {
    key,
    body: new Uint8Array(body),
    headers: { 'content-type': 'application/octet-stream' },
  });

async function added(server: Harness, key: string, body: Uint8Array): Promise<string> {
  const response = await upload(server, key, body);
  expect(response.status).toBe(201);
  return (await response.json()).model;
}

async function list({ call }: Harness, key: string): Promise<ModelList> {
  return (await call('GET', PATH, { key })).json();
}

describe('models over HTTP', { timeout: 60_000 }, () => {
  it('shows the one that ships, with what it is bad at', () =>
    withServer(async (server) => {
      const key = await server.keyOf('viewer');
      const { models, history } = await list(server, key);
      expect(history).toEqual([]);
      expect(models).toEqual([
        expect.objectContaining({ hash: shipped.hash, state: 'champion', is_shipped: true }),
      ]);
      const response = await server.call('GET', `${PATH}/${shipped.hash}`, { key });
      const { cards }: ModelDetail = await response.json();
      expect(cards.map(({ name }) => name)).toEqual(shipped.models.map(({ name }) => name));
      expect(cards[1]?.weaknesses.join()).toMatch(/Low recall of C2_Beacon/);
      expect((await server.call('GET', `${PATH}/${'0'.repeat(64)}`, { key })).status).toBe(404);
    }));

  it('lets nobody but an administrator change anything', () =>
    withServer(async (server) => {
      for (const role of ['viewer', 'analyst', 'sensor'] as const) {
        const key = await server.keyOf(role);
        const answers = [
          await upload(server, key, twin),
          await server.call('POST', `${PATH}/${shipped.hash}/promote`, { key }),
          await server.call('POST', `${PATH}/rollback`, { key }),
        ];
        expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
      }
      expect((await server.call('GET', PATH)).status).toBe(401);
    }));

  it('promotes what a pinned capture lets pass, judges by it at once, and takes it back', () =>
    withServer(async (server) => {
      const key = await server.keyOf('admin', 'ann');
      const { judging, registry } = server;
      await judging.refresh();
      const hash = await added(server, key, twin);
      const promote = () => server.call('POST', `${PATH}/${hash}/promote`, { key });
      expect((await promote()).status).toBe(400);
      await registry.pin([quiet]);

      const promoted = await promote();
      expect(await promoted.json()).toMatchObject({ action: 'promote', model: hash, by: 'ann' });
      expect(judging.judge?.hash).toBe(hash);
      expect(await list(server, key)).toMatchObject({
        judging: hash,
        models: [
          { hash, state: 'champion' },
          { hash: shipped.hash, state: 'kept' },
        ],
        history: [
          { action: 'promote', gate: [{ capture: quiet }] },
          { action: 'add', by: 'ann' },
        ],
      });
      expect(server.logged()).toContainEqual(
        expect.objectContaining({ msg: 'models changed', by: 'ann', action: 'promote' }),
      );

      expect((await server.call('POST', `${PATH}/rollback`, { key })).status).toBe(200);
      expect(judging.judge?.hash).toBe(shipped.hash);
      expect((await server.call('POST', `${PATH}/rollback`, { key })).status).toBe(409);
    }));

  it('does not promote what takes ordinary traffic for attacks, and says so', () =>
    withServer(async (server) => {
      const key = await server.keyOf('admin');
      await server.judging.refresh();
      await server.registry.pin([quiet]);
      const hash = await added(server, key, alarmist);
      const refused = await server.call('POST', `${PATH}/${hash}/promote`, { key });
      expect(refused.status).toBe(409);
      expect((await refused.json()).detail).toMatch(/Cannot promote/);
      expect(server.judging.judge?.hash).toBe(shipped.hash);
      expect((await list(server, key)).history[0]).toMatchObject({ action: 'refuse', model: hash });
    }));

  it('refuses the model that judges already as its own challenger', () =>
    withServer(async (server) => {
      const key = await server.keyOf('admin');
      const refused = await upload(server, key, readFileSync(SHIPPED_MODEL));
      expect(refused.status).toBe(409);
      expect((await refused.json()).detail).toMatch(/it is the champion/);
      expect((await list(server, key)).history).toEqual([]);
    }));

  it('takes the file of a champion that was lost, and judges by it at once', () =>
    withServer(async (server) => {
      const key = await server.keyOf('admin');
      const { judging, registry } = server;
      const hash = await added(server, key, twin);
      const counts = { champion: 0, challenger: 0, champion_rows: 0, challenger_rows: 0 };
      const gate = [{ capture: 'a', rows: 1, ...counts }];
      await registry.promote(hash, gate, { against: null, by: 'ann' });
      rmSync(registry.pathOf(hash));
      await judging.refresh();
      expect(judging.judge?.hash).toBe(shipped.hash);
      await added(server, key, twin);
      expect(judging.judge?.hash).toBe(hash);
    }));

  it('answers for a model whose file is gone', () =>
    withServer(async (server) => {
      const key = await server.keyOf('admin');
      await server.judging.refresh();
      await server.registry.pin([quiet]);
      const hash = await added(server, key, twin);
      rmSync(server.registry.pathOf(hash));
      const refused = await server.call('POST', `${PATH}/${hash}/promote`, { key });
      expect(refused.status).toBe(400);
      expect((await refused.json()).detail).toMatch(/there is no such file/);
    }));

  it('refuses what is no model', () =>
    withServer(async (server) => {
      const key = await server.keyOf('admin');
      const damaged = twin.slice();
      damaged[damaged.length >> 1]! ^= 1;
      for (const body of [new Uint8Array([1, 2, 3]), damaged])
        expect((await upload(server, key, body)).status).toBe(400);
    }));
});
