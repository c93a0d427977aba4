/** The OpenAPI document lists what is mounted, and what is mounted answers as it says. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SHIPPED_MODEL } from '../../src/app/package-paths.ts';
import { ALERT_KIND_NAMES } from '../../src/contract/alert-kinds.ts';
import { WINDOW_FEATURES } from '../../src/contract/features.ts';
import { decodeModels, encodeModels } from '../../src/core/models/model-file.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { EvidenceRing } from '../../src/sensor/evidence/evidence-ring.ts';
import { feeding, frameOf } from '../../src/sensor/evidence/made-frames.suite.ts';
import { ringFolder } from '../../src/sensor/evidence/ring-folders.ts';
import { ingest } from '../../src/store/ingest.ts';
import { insertLureEvents } from '../../src/store/lures.ts';
import { writeQuiet } from '../support/quiet-capture.ts';
import { alertOf, flowRecord, trafficBatch, windowRow } from '../support/traffic.ts';
import { type CallOptions, type Harness, withServer } from './harness.ts';

const evidenceDir = mkdtempSync(join(tmpdir(), 'phantomnet-open-api-'));
afterAll(() => rmSync(evidenceDir, { recursive: true, force: true }));

const START_MICROS = 1_700_000_000_000_000;

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; responses: object }>>;
  components: { schemas: Record<string, object> };
}

async function documentOf({ call, keyOf }: Harness): Promise<Document> {
  const response = await call('GET', '/api/v1/openapi.json', { key: await keyOf('viewer') });
  return response.json();
}

async function fill({ db }: Harness): Promise<void> {
  const batch = trafficBatch({ packets: 300, startMicros: START_MICROS, sensorId: 'lab' });
  batch.verdicts.attackKind.fill(ALERT_KIND_NAMES.indexOf('SYN_Flood'), 0, 20);
  await ingest(db, {
    ...batch,
    flows: [flowRecord({ id: 1 }), flowRecord({ id: 2 })],
    windows: [windowRow(), windowRow({ entity: '*', scope: 'network' })],
    alerts: [
      alertOf({ id: 'alert-1', packets: [KEPT] }),
      alertOf({ id: 'alert-2', alert_type: 'SYN_Flood' }),
    ],
  });
  await insertLureEvents(db, [
    {
      id: 'event-1',
      session_id: 'visit-1',
      at: new Date().toISOString(),
      service: 'ssh',
      source_ip: '198.51.100.7',
      source_port: 4711,
      local_port: 2222,
      kind: 'login',
      username: 'root',
      password: 'toor',
      text: null,
      bytes: null,
      sha256: null,
    },
  ]);
}

/** Two packets of one conversation, kept where `callEveryRoute` asks for them. */
const KEPT = {
  ...{ sensor_id: 'lab', first: 1e9, last: 1e9 + 1 },
  ...{ src_ip: '10.0.0.1', dst_ip: '10.0.0.2', dst_port: null, protocol: 'TCP' },
};

async function keepPackets(dir: string): Promise<void> {
  const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0) });
  const feed = feeding(ring);
  const packet = { srcPort: 1000, dstPort: 80, protocol: 'TCP' as const, payload: 5 };
  feed(frameOf({ ...packet, tsMicros: 1e15, src: 1, dst: 2 }));
  feed(frameOf({ ...packet, tsMicros: 1e15 + 1, src: 2, dst: 1 }));
  await ring.close();
}

const VECTOR = Object.fromEntries(WINDOW_FEATURES.map(({ name }) => [name, 1]));

describe('the OpenAPI document', () => {
  it('has every mounted route, and no other, under a name of its own', () =>
    withServer(async (server) => {
      const document = await documentOf(server);
      expect(document.openapi).toBe('3.1.0');
      const listed = Object.entries(document.paths).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
      );
      expect(listed.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
      const mounted = server.app.routes.map(({ method, path }) => `${method} ${path}`);
      const inHono = listed.map((line) => line.replaceAll(/\{(\w+)\}/g, ':$1'));
      expect(mounted.filter((line) => line !== 'ALL /*').sort()).toEqual(inHono.sort());
      const names = Object.values(document.paths).flatMap((operations) =>
        Object.values(operations).map(({ operationId }) => operationId),
      );
      expect(new Set(names).size).toBe(names.length);
    }));

  it('refers only to schemas that it has', () =>
    withServer(async (server) => {
      const document = await documentOf(server);
      const names = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
        (match) => match[1] ?? '',
      );
      expect(names.length).toBeGreaterThan(ROUTES.length);
      const missing = names.filter(
        (name) => !(name.replace('#/components/schemas/', '') in document.components.schemas),
      );
      expect(missing).toEqual([]);
    }));

  it('describes parameters, bodies and replies', () =>
    withServer(async (server) => {
      const { paths, components } = await documentOf(server);
      expect(paths['/api/v1/alerts']?.get).toMatchObject({
        operationId: 'getApiV1Alerts',
        parameters: expect.arrayContaining([
          {
            name: 'limit',
            in: 'query',
            required: false,
            schema: expect.objectContaining({ type: 'integer', minimum: 1, maximum: 1000 }),
          },
        ]),
        responses: {
          200: {
            content: { 'application/json': { schema: { $ref: '#/components/schemas/AlertPage' } } },
          },
          default: { content: { 'application/problem+json': {} } },
        },
      });
      expect(paths['/ingest_packets']?.post).toMatchObject({
        requestBody: {
          content: {
            'application/json': { schema: { type: 'array' } },
            'application/vnd.apache.arrow.stream': { schema: { format: 'binary' } },
          },
        },
      });
      expect(components.schemas.AlertPage).toMatchObject({
        properties: { alerts: { items: { $ref: '#/components/schemas/Alert' } } },
      });
    }));

  it('is kept by every route: each answers a good request with the reply it promises', () =>
    withServer(
      async (server) => {
        await fill(server);
        await keepPackets(evidenceDir);
        const answered = await callEveryRoute(server);
        expect(answered.sort()).toEqual(
          ROUTES.map(({ method, path }) => `${method} ${path}`).sort(),
        );
      },
      {
        evidenceDir,
        predict: async (vectors) =>
          vectors.map(() => ({ label: 'Benign', confidence: 0.9, threatScore: 0.1 })),
      },
    ));
});

type Good = (line: string, path: string, options?: CallOptions) => Promise<Response>;

/** A model as good as the one that ships is added, judges, and is taken back. */
async function callChangesOfModels({ registry }: Harness, good: Good, key: string): Promise<void> {
  const { models } = decodeModels(readFileSync(SHIPPED_MODEL));
  const body = new Uint8Array(encodeModels(models.map((model) => ({ ...model, seed: 1 }))));
  const headers = { 'content-type': 'application/octet-stream' };
  const added = await good('POST /api/v1/models', '/api/v1/models', { key, body, headers });
  const { model } = await added.json();
  const quiet = join(evidenceDir, 'quiet.pcap');
  await writeQuiet(quiet);
  await registry.pin([quiet]);
  await good('POST /api/v1/models/{hash}/promote', `/api/v1/models/${model}/promote`, { key });
  await good('POST /api/v1/models/rollback', '/api/v1/models/rollback', { key });
}

/** The routes that answered as they should; replies are checked against their schemas by the server. */
async function callEveryRoute(server: Harness): Promise<string[]> {
  const { call, keyOf, addUser, signIn, db } = server;
  const answered: string[] = [];
  const admin = await keyOf('admin');
  await addUser('ada', 'admin', 'correct horse battery');
  const { cookie } = await signIn('ada', 'correct horse battery');
  const good = async (line: string, path: string, options: CallOptions = { key: admin }) => {
    const [method = ''] = line.split(' ');
    const response = await call(method, path, options);
    const wanted =
      method === 'POST' && (options.json ?? options.body) !== undefined ? [200, 201] : [200, 204];
    if (!wanted.includes(response.status))
      throw new Error(`${line}: ${response.status} ${await response.text()}`);
    answered.push(line);
    return response;
  };
  const get = (path: string, query = '') => good(`GET ${path}`, path + query);

  const login = { username: 'ada', password: 'correct horse battery' };
  await good('POST /api/v1/session', '/api/v1/session', { json: login });
  await good('GET /api/v1/session', '/api/v1/session', { headers: { cookie } });
  await good('PUT /api/v1/session/password', '/api/v1/session/password', {
    headers: { cookie },
    json: { current: 'correct horse battery', next: 'battery staple horse' },
  });
  await good('DELETE /api/v1/session', '/api/v1/session', { headers: { cookie } });

  const overview = await (await get('/api/v1/overview', '?minutes=30')).json();
  expect(overview.total_packets).toBe(300);
  const alerts = await (await get('/api/v1/alerts', '?limit=1&status=open')).json();
  expect([alerts.alerts.length, alerts.next]).toEqual([1, expect.any(String)]);
  await good('GET /api/v1/alerts/{id}', '/api/v1/alerts/alert-1');
  const kept = await good(
    'GET /api/v1/alerts/{id}/packets.pcapng',
    '/api/v1/alerts/alert-1/packets.pcapng',
  );
  expect(kept.headers.get('phantomnet-packets')).toBe('2');
  await kept.body?.cancel();
  const changed = await good('PATCH /api/v1/alerts/{id}', '/api/v1/alerts/alert-1', {
    key: admin,
    json: { status: 'false_positive' },
  });
  expect((await changed.json()).resolved_at).toEqual(expect.any(String));
  await good('GET /api/v1/alerts/{id}/actions', '/api/v1/alerts/alert-1/actions');
  const acted = await good('POST /api/v1/alert-actions', '/api/v1/alert-actions', {
    key: admin,
    json: { ids: ['alert-2'], assignee: 'ada', comment: 'looks real' },
  });
  const { action_id: actionId } = await acted.json();
  await good('POST /api/v1/alert-actions/{id}/undo', `/api/v1/alert-actions/${actionId}/undo`, {
    key: admin,
    json: {},
  });
  await good('GET /api/v1/sources/{ip}/story', '/api/v1/sources/198.51.100.7/story?days=365');
  const preview = await good('POST /api/v1/suppressions/preview', '/api/v1/suppressions/preview', {
    key: admin,
    json: { alert_type: 'SYN_Flood', source: '198.51.100.0/24' },
  });
  expect((await preview.json()).hidden.count).toBe(1);
  const suppressed = await good('POST /api/v1/suppressions', '/api/v1/suppressions', {
    key: admin,
    json: { alert_type: 'SYN_Flood', source: '198.51.100.0/24', reason: 'a load test' },
  });
  const suppression = await suppressed.json();
  expect([suppression.hit_count, suppression.in_force]).toEqual([1, true]);
  expect((await (await get('/api/v1/suppressions')).json()).suppressions).toHaveLength(1);
  await good('DELETE /api/v1/suppressions/{id}', `/api/v1/suppressions/${suppression.id}`);
  const packets = await (await get('/api/v1/packets', '?protocol=TCP&limit=3')).json();
  expect(packets.packets).toHaveLength(3);
  expect((await (await get('/api/v1/flows')).json()).flows).toHaveLength(2);
  expect((await (await get('/api/v1/windows', '?scope=network')).json()).windows).toHaveLength(1);

  const { models } = await (await get('/api/v1/models')).json();
  await good('GET /api/v1/models/{hash}', `/api/v1/models/${models[0].hash}`);
  await callChangesOfModels(server, good, admin);

  const visits = await (await get('/api/v1/lures/sessions', '?service=ssh')).json();
  expect(visits.sessions).toHaveLength(1);
  await good('GET /api/v1/lures/sessions/{id}', '/api/v1/lures/sessions/visit-1');
  expect((await (await get('/api/events')).json()).events).toHaveLength(1);

  const block = await good('POST /api/v1/decisions', '/api/v1/decisions', {
    key: admin,
    json: { ip: '203.0.113.9', duration_s: 60 },
  });
  const { id } = await block.json();
  await get('/api/v1/decisions', '?state=simulated');
  await good('DELETE /api/v1/decisions/{id}', `/api/v1/decisions/${id}`);
  await good('POST /block-ip', '/block-ip', { key: admin, json: { ip: '203.0.113.10' } });

  const policy = await (await get('/api/v1/policy')).json();
  await good('POST /api/v1/policy/preview', '/api/v1/policy/preview', {
    key: admin,
    json: { alert_threshold: 0.7 },
  });
  await good('PUT /api/v1/policy', '/api/v1/policy', {
    key: admin,
    json: { ...policy, block_threshold: 0.9 },
  });
  expect((await (await call('GET', '/api/v1/policy', { key: admin })).json()).block_threshold).toBe(
    0.9,
  );
  await good('POST /api/v1/protected', '/api/v1/protected', {
    key: admin,
    json: { cidr: '192.0.2.0/24', reason: 'the lab' },
  });
  const refused = await call('POST', '/block-ip', { key: admin, json: { ip: '192.0.2.5' } });
  expect(refused.status).toBe(409);
  expect((await (await get('/api/v1/protected')).json()).networks).toHaveLength(1);
  await good('DELETE /api/v1/protected/{cidr}', '/api/v1/protected/192.0.2.0%2F24');

  await get('/api/v1/sensors');
  await get('/api/v1/quarantine');
  expect((await (await get('/api/v1/storage')).json()).tiers).toHaveLength(5);
  const made = await good('POST /api/v1/keys', '/api/v1/keys', {
    key: admin,
    json: { name: `k-${randomUUID()}`, role: 'viewer' },
  });
  await get('/api/v1/keys');
  const { key } = await made.json();
  await good('DELETE /api/v1/keys/{id}', `/api/v1/keys/${key.id}`);
  await (await get('/api/v1/events')).body?.cancel();
  await get('/api/v1/openapi.json');

  for (const path of ['/analyze-traffic', '/api/last10', '/api/alltraffic', '/api/alerts'])
    await get(path);
  expect((await (await get('/traffic-stats')).json()).total).toBe(300);
  const last = await good('GET /api/raw_packets/last/{count}', '/api/raw_packets/last/7');
  expect((await last.json()).packets).toHaveLength(7);
  await get('/api/features', '?window_size=5');
  await get('/api/analytics/summary');
  const attacks = await (await get('/api/analytics/attack-types')).json();
  expect(attacks.history).toEqual([
    expect.objectContaining({ attack_type: 'SYN_Flood', packets: 20 }),
  ]);
  const top = await (await get('/api/analytics/top-attackers')).json();
  expect(top.top_attackers.length).toBeGreaterThan(0);
  await get('/api/analytics/protocols');
  await good('POST /predict', '/predict', { key: admin, json: VECTOR });
  const judged = await call('POST', '/predict', { key: admin, json: [VECTOR, VECTOR] });
  expect(await judged.json()).toHaveLength(2);
  await good('POST /ingest_packets', '/ingest_packets', {
    key: admin,
    json: [{ timestamp: START_MICROS / 1e6 }],
  });
  await get('/health');
  expect(await (await get('/metrics')).text()).toContain('phantomnet_http_requests_total');
  expect(await db.query('SELECT 1 FROM api_keys WHERE last_used_at IS NOT NULL')).not.toEqual([]);
  return answered;
}

describe('POST /predict', () => {
  it('without a model says so', () =>
    withServer(async ({ call, keyOf }) => {
      const response = await call('POST', '/predict', { key: await keyOf('viewer'), json: VECTOR });
      expect([response.status, (await response.json()).type]).toEqual([
        503,
        'urn:phantomnet:error:model_unavailable',
      ]);
    }));

  it('names the feature that is missing or that does not exist', () =>
    withServer(async ({ call, keyOf }) => {
      const key = await keyOf('viewer');
      const { total_packets: _, ...short } = VECTOR;
      for (const [json, pointer] of [
        [short, '#/total_packets'],
        [[VECTOR, short], '#/1/total_packets'],
        [{ ...VECTOR, extra: 1 }, '#/extra'],
      ] as const) {
        const response = await call('POST', '/predict', { key, json });
        expect([response.status, (await response.json()).errors?.[0]?.pointer]).toEqual([
          400,
          pointer,
        ]);
      }
    }));
});
