/**
 * The HTTP application in process, over a real database of its own. Every reply is held to its schema.
 *
 * What `src/app` wires otherwise is here in its smallest real form: batches and decisions go into the
 * database, blocks are simulated, models are what the test gives.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Hono } from 'hono';
import pino from 'pino';
import { z } from 'zod';
import { AlertPackets } from '../../src/app/alert-packets.ts';
import { Judging } from '../../src/app/judging.ts';
import { ModelDesk } from '../../src/app/model-desk.ts';
import { PacketVerdicts } from '../../src/contract/analysis.ts';
import type { Role } from '../../src/contract/api.ts';
import type { Decision } from '../../src/contract/decision.ts';
import { DETECTION_DEFAULTS } from '../../src/core/detection/detection-limits.ts';
import { AppError } from '../../src/errors.ts';
import { hashPassword } from '../../src/http/auth/password.ts';
import { hashSecret, randomApiKey } from '../../src/http/auth/secret.ts';
import { LiveEvents } from '../../src/http/live-events.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { route } from '../../src/http/route.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { type AppOptions, createApp } from '../../src/http/server.ts';
import type { Services } from '../../src/http/services.ts';
import { createApiKey } from '../../src/store/api-keys.ts';
import type { Database } from '../../src/store/database.ts';
import { insertDecision, updateDecision } from '../../src/store/decisions.ts';
import { ingest } from '../../src/store/ingest.ts';
import { DEFAULT_RETENTION } from '../../src/store/retention.ts';
import { storageOutlook } from '../../src/store/storage-outlook.ts';
import { createUser } from '../../src/store/users.ts';
import { ModelRegistry } from '../../src/workshop/registry.ts';
import { withDatabase } from '../support/database.ts';

export interface CallOptions {
  readonly key?: string;
  readonly json?: unknown;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
}

export interface Harness {
  readonly app: Hono;
  readonly db: Database;
  readonly services: Services;
  readonly registry: ModelRegistry;
  readonly judging: Judging;
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** The secret of a new key; `name` is a sensor's id. */
  keyOf(role: Role, name?: string): Promise<string>;
  addUser(username: string, role: Role, password: string): Promise<void>;
  signIn(username: string, password: string): Promise<{ cookie: string; header: string }>;
  logged(): Record<string, unknown>[];
  /** The application with one more public route. */
  failing(path: string, handle: () => never): Hono;
}

export interface HarnessOptions extends Partial<AppOptions> {
  readonly predict?: Services['predict'];
  /** Folder above the rings of evidence; default: none are kept. */
  readonly evidenceDir?: string;
  readonly live?: LiveEvents;
}

export function withServer(
  body: (harness: Harness) => Promise<void>,
  { predict, evidenceDir, live = new LiveEvents(), ...changed }: HarnessOptions = {},
): Promise<void> {
  return withDatabase(async (db) => {
    const lines: string[] = [];
    const log = pino(
      { level: 'debug' },
      new Writable({
        write(line, _encoding, done) {
          lines.push(String(line));
          done();
        },
      }),
    );
    const alertPackets = new AlertPackets(evidenceDir ?? null);
    const modelFolder = mkdtempSync(join(tmpdir(), 'phantomnet-models-'));
    const registry = new ModelRegistry(db, modelFolder);
    const judging = new Judging({ registry, configured: null, falseAlarmsPerDay: 1, log });
    const services: Services = {
      db,
      log,
      live,
      metrics: createMetrics(live, { ofProcess: false }),
      ingest: (packets, place) =>
        ingest(db, {
          ...place,
          lostPackets: place.lostBefore ?? 0,
          packets,
          verdicts: new PacketVerdicts(packets.length),
          flows: [],
          windows: [],
          alerts: [],
          blocks: [],
        }),
      decisions: simulatedDecisions(db),
      models: new ModelDesk({
        registry,
        judging,
        configured: null,
        limits: DETECTION_DEFAULTS,
        falseAlarmsPerDay: 1,
        log,
      }),
      packetsOf: (alert) => alertPackets.read(alert),
      health: async () => ({
        status: 'ok',
        model_loaded: predict !== undefined,
        timestamp: new Date().toISOString(),
        version: '0.0.0',
        database: 'ok',
        capture: 'off',
        enforcer: 'simulated',
        reasons: [],
      }),
      storage: () => storageOutlook(db, DEFAULT_RETENTION, new Date()),
      predict: predict ?? (async () => null),
    };
    const options: AppOptions = {
      https: false,
      hostNames: [],
      webRoot: '/nonexistent/web',
      checkReplies: true,
      ...changed,
    };
    const app = createApp(services, options);
    const call = async (method: string, path: string, request: CallOptions = {}) =>
      app.request(path, requestInit(method, request));
    try {
      await body({
        app,
        db,
        services,
        registry,
        judging,
        call,
        async keyOf(role, name = `${role}-key`) {
          const secret = randomApiKey();
          await createApiKey(db, { name, role, secretHash: hashSecret(secret) });
          return secret;
        },
        async addUser(username, role, password) {
          await createUser(db, { username, role, passwordHash: await hashPassword(password) });
        },
        async signIn(username, password) {
          const response = await call('POST', '/api/v1/session', { json: { username, password } });
          if (response.status !== 200) throw new Error(`log-in: ${await response.text()}`);
          const header = response.headers.get('set-cookie') ?? '';
          return { header, cookie: header.split(';')[0] ?? '' };
        },
        logged: () => lines.map((line) => JSON.parse(line)),
        failing: (path, handle) =>
          createApp(services, options, [...ROUTES, failingRoute(path, handle)]),
      });
    } finally {
      live.close();
      rmSync(modelFolder, { recursive: true, force: true });
    }
  });
}

function requestInit(method: string, { key, json, body, headers }: CallOptions): RequestInit {
  return {
    method,
    headers: {
      host: 'localhost:8000',
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...(body !== undefined && { body }),
  };
}

function simulatedDecisions(db: Database): Services['decisions'] {
  return {
    async block(order, by) {
      const now = Date.now();
      const decision: Decision = {
        id: randomUUID(),
        action: 'BLOCK',
        ip: order.ip,
        reason: order.reason ?? 'by hand',
        alert_id: null,
        simulated: true,
        state: 'simulated',
        detail: null,
        created_at: new Date(now).toISOString(),
        expires_at: new Date(now + (order.duration_s ?? 3600) * 1000).toISOString(),
        created_by: by,
      };
      const held = await db.query('SELECT 1 FROM protected_networks WHERE cidr >>= $1::inet', [
        order.ip,
      ]);
      if (held.length > 0)
        throw new AppError('protected_address', `Cannot block ${order.ip}: it is protected`);
      await insertDecision(db, decision);
      return decision;
    },
    async unblock(id) {
      const decision = await updateDecision(db, id, { state: 'removed' });
      if (!decision) throw new AppError('not_found', `There is no decision ${id}`);
      return decision;
    },
  };
}

function failingRoute(path: string, handle: () => never) {
  return route({
    method: 'GET',
    path,
    access: 'public',
    summary: 'Fails',
    reply: z.object({}),
    handle: async () => handle(),
  });
}
