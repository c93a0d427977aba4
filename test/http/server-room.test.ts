/** The rules that hold for every route: who may, how large, how errors look. */
import type { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { Problem, Role } from '../../src/contract/api.ts';
import { allows } from '../../src/http/auth/roles.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { withServer } from './harness.ts';

/** A path that the route takes, whatever stands in it. */
function samplePath(path: string): string {
  return path
    .replace('{count}', '5')
    .replace('{cidr}', '192.0.2.0%2F24')
    .replaceAll(/\{\w+\}/g, 'x');
}

describe('every route', () => {
  it('but /health and log-in asks who it is, before it looks at anything else', () =>
    withServer(async ({ call }) => {
      const open: string[] = [];
      for (const { method, path } of ROUTES) {
        const response = await call(method, samplePath(path), {
          headers: { 'content-type': 'application/json' },
          ...(method !== 'GET' && { body: '{' }),
        });
        if (response.status !== 401) open.push(`${method} ${path} ${response.status}`);
        else expect(response.headers.get('content-type')).toBe('application/problem+json');
      }
      expect(open).toEqual(['POST /api/v1/session 400', 'GET /health 200']);
    }));

  it('asks for the role it names', () =>
    withServer(async ({ call, keyOf }) => {
      const wrong: string[] = [];
      for (const role of Role.options) {
        const key = await keyOf(role);
        for (const { method, path, access } of ROUTES) {
          if (access === 'public') continue;
          const response = await call(method, samplePath(path), { key });
          if ((response.status !== 403) !== allows(access, role))
            wrong.push(`${role} ${method} ${path} ${response.status}`);
          await response.body?.cancel();
        }
      }
      expect(wrong).toEqual([]);
    }));

  it('lets a sensor do nothing but deliver', () => {
    const allowed = ROUTES.filter(({ access }) => access !== 'public' && allows(access, 'sensor'));
    expect(allowed.map(({ path }) => path)).toEqual(['/ingest_packets']);
  });

  it('sends the security headers, with problems too', () =>
    withServer(async ({ call }) => {
      for (const path of ['/health', '/api/v1/alerts', '/nothing-here']) {
        const { headers } = await call('GET', path);
        expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
        expect(headers.get('content-security-policy')).toContain("script-src 'self';");
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('access-control-allow-origin')).toBeNull();
      }
    }));

  it('answers HEAD without a body and leaves no live stream behind', () =>
    withServer(async ({ call, keyOf, services }) => {
      const key = await keyOf('viewer');
      const response = await call('HEAD', '/api/v1/events', { key });
      expect([response.status, await response.text()]).toEqual([200, '']);
      expect(services.live.clients).toBe(0);
    }));
});

describe('a bad request', () => {
  it('is told which parameter is wrong', () =>
    withServer(async ({ call, keyOf }) => {
      const key = await keyOf('viewer');
      for (const [path, pointer] of [
        ['/api/v1/alerts?limit=0', '?limit'],
        ['/api/v1/alerts?severity=Awful', '?severity'],
        ['/api/v1/alerts?serverity=High', '?serverity'],
        ['/api/v1/alerts?limit=5&limit=6', '?limit'],
        ['/api/v1/alerts?before=%00', '?before'],
        ['/api/v1/packets?src_ip=10.0.0.999', '?src_ip'],
        ['/api/v1/overview?minutes=soon', '?minutes'],
        ['/api/raw_packets/last/none', '{count}'],
        ['/api/features?window_size=7', '?window_size'],
      ] as const) {
        const response = await call('GET', path, { key });
        const problem = Problem.parse(await response.json());
        expect([path, response.status, problem.errors?.map((error) => error.pointer)]).toEqual([
          path,
          400,
          [pointer],
        ]);
        expect(problem.detail).toContain(pointer);
        expect(problem.type).toBe('urn:phantomnet:error:invalid_request');
      }
    }));

  it('is told which field is wrong', () =>
    withServer(async ({ call, keyOf }) => {
      const key = await keyOf('analyst');
      for (const [json, pointer] of [
        [{ ip: 'nowhere' }, '#/ip'],
        [{}, '#/ip'],
        [[], '#'],
        [{ ip: '192.0.2.1', duration_s: 0 }, '#/duration_s'],
        [{ ip: '192.0.2.1', forever: true }, '#/forever'],
        [{ ip: '192.0.2.1', reason: 'a\0b' }, '#/reason'],
      ] as const) {
        const response = await call('POST', '/block-ip', { key, json });
        const problem = Problem.parse(await response.json());
        expect([json, response.status, problem.errors?.[0]?.pointer]).toEqual([json, 400, pointer]);
      }
    }));

  it('is told that it is no JSON', () =>
    withServer(async ({ call, keyOf }) => {
      const key = await keyOf('analyst');
      const headers = { 'content-type': 'application/json' };
      const notUtf8 = Uint8Array.of(0x22, 0xff, 0x22);
      for (const body of ['{', '', 'nul', '{"ip":"192.0.2.1"} x', notUtf8]) {
        const response = await call('POST', '/block-ip', { key, headers, body });
        expect(response.status).toBe(400);
        expect((await response.json()).detail).toMatch(/^Cannot read the body as JSON/);
      }
    }));

  it('is told which Content-Type is read', () =>
    withServer(async ({ call, keyOf }) => {
      const response = await call('POST', '/block-ip', {
        key: await keyOf('analyst'),
        headers: { 'content-type': 'text/plain' },
        body: '{"ip":"192.0.2.1"}',
      });
      expect([response.status, (await response.json()).detail]).toEqual([
        400,
        expect.stringContaining('expected application/json'),
      ]);
    }));

  it('with a body above 64 KiB is told so, whether it declares its length or not', () =>
    withServer(async ({ call, keyOf }) => {
      const key = await keyOf('analyst');
      const body = JSON.stringify({ ip: '192.0.2.1', reason: 'x'.repeat(70_000) });
      for (const headers of [{}, { 'content-length': String(body.length) }]) {
        const response = await call('POST', '/block-ip', {
          key,
          headers: { 'content-type': 'application/json', ...headers },
          body,
        });
        expect(response.status).toBe(413);
        expect(Problem.parse(await response.json()).title).toBe('The body is larger than allowed');
      }
    }));

  it('for what is not there gets a problem, also under a method that is not there', () =>
    withServer(async ({ call }) => {
      for (const [method, path] of [
        ['GET', '/api/v1/nothing'],
        ['DELETE', '/health'],
        ['POST', '/'],
      ] as const) {
        const response = await call(method, path);
        expect(response.status).toBe(404);
        expect(Problem.parse(await response.json()).detail).toContain(path);
      }
    }));

  it('by a host name that is not ours is refused', () =>
    withServer(async ({ call }) => {
      const response = await call('GET', '/health', { headers: { host: 'evil.example' } });
      expect([response.status, (await response.json()).detail]).toEqual([
        400,
        expect.stringContaining('evil.example'),
      ]);
    }));
});

describe('a bug', () => {
  it('answers 500 with a number that is in the log, and nothing of its insides', () =>
    withServer(async ({ services, logged, failing }) => {
      const app: Hono = failing('/fails', () => {
        throw new TypeError('secret detail of the inside');
      });
      const response = await app.request('/fails', { headers: { host: 'localhost' } });
      const text = await response.text();
      expect(response.status).toBe(500);
      expect(text).not.toContain('secret');
      const { instance } = Problem.parse(JSON.parse(text));
      const entries = logged().filter((entry) => entry.instance === instance);
      expect(entries).toHaveLength(1);
      expect(JSON.stringify(entries[0])).toContain('secret detail of the inside');
      expect(await services.metrics.registry.metrics()).toContain(
        'phantomnet_http_requests_total{method="GET",route="/fails",status="500"} 1',
      );
    }));
});
