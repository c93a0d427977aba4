/** Log-in, session, password and keys, as a browser and as a script. */
import { describe, expect, it } from 'vitest';
import { ApiKeyCreated, ApiKeyList, Session } from '../../src/contract/api.ts';
import { ensureAdministrator } from '../../src/http/auth/first-run.ts';
import { withServer } from './harness.ts';

const PASSWORD = 'correct horse battery';

describe('first run', () => {
  it('makes one administrator with a password of its own, once', () =>
    withServer(async ({ db, call }) => {
      const first = await ensureAdministrator(db);
      expect(first?.username).toBe('admin');
      expect(first?.password).toMatch(/^[a-zA-Z2-9]{20}$/);
      expect(await ensureAdministrator(db)).toBeNull();
      const response = await call('POST', '/api/v1/session', { json: first });
      expect(Session.parse(await response.json())).toMatchObject({
        username: 'admin',
        role: 'admin',
      });
    }));
});

describe('a session', () => {
  it('begins with the password and ends with the sign-out', () =>
    withServer(async ({ call, addUser, signIn }) => {
      await addUser('ada', 'analyst', PASSWORD);
      const { cookie, header } = await signIn('ada', PASSWORD);
      expect(header).toMatch(/HttpOnly/);
      expect(header).toMatch(/SameSite=Strict/);
      expect(header).toMatch(/Max-Age=43200/);
      const session = await call('GET', '/api/v1/session', { headers: { cookie } });
      expect(Session.parse(await session.json())).toMatchObject({
        username: 'ada',
        role: 'analyst',
      });
      const out = await call('DELETE', '/api/v1/session', { headers: { cookie } });
      expect(out.status).toBe(204);
      expect(out.headers.get('set-cookie')).toMatch(/Max-Age=0/);
      expect((await call('GET', '/api/v1/session', { headers: { cookie } })).status).toBe(401);
    }));

  it('over https has a cookie for this host and https alone', () =>
    withServer(
      async ({ addUser, signIn }) => {
        await addUser('ada', 'viewer', PASSWORD);
        const { header } = await signIn('ada', PASSWORD);
        expect(header).toMatch(/^__Host-phantomnet_session=/);
        expect(header).toMatch(/Secure/);
      },
      { https: true },
    ));

  it('is over after twelve hours', () =>
    withServer(async ({ call, db, addUser, signIn }) => {
      await addUser('ada', 'viewer', PASSWORD);
      const { cookie } = await signIn('ada', PASSWORD);
      await db.query("UPDATE sessions SET expires_at = expires_at - interval '12 hours 1 second'");
      expect((await call('GET', '/api/v1/session', { headers: { cookie } })).status).toBe(401);
    }));

  it('cannot be used by a page of another site', () =>
    withServer(async ({ call, addUser, signIn }) => {
      await addUser('ada', 'analyst', PASSWORD);
      const { cookie } = await signIn('ada', PASSWORD);
      for (const forged of [
        { 'sec-fetch-site': 'cross-site' },
        { origin: 'http://evil.example' },
      ]) {
        const response = await call('POST', '/block-ip', {
          json: { ip: '192.0.2.66' },
          headers: { cookie, ...forged },
        });
        expect(response.status).toBe(403);
        const login = await call('POST', '/api/v1/session', {
          json: { username: 'ada', password: PASSWORD },
          headers: forged,
        });
        expect(login.status).toBe(403);
      }
    }));

  it('answers a wrong name and a wrong password alike', () =>
    withServer(async ({ call, addUser }) => {
      await addUser('ada', 'viewer', PASSWORD);
      const answers = await Promise.all(
        [
          { username: 'ada', password: 'wrong' },
          { username: 'nobody', password: 'wrong' },
        ].map(async (json) => {
          const response = await call('POST', '/api/v1/session', { json });
          return { status: response.status, text: await response.text() };
        }),
      );
      expect(answers[0]?.status).toBe(401);
      expect(answers[0]).toEqual(answers[1]);
    }));

  it('may be tried five times in a row, then has to wait', () =>
    withServer(async ({ call, addUser }) => {
      await addUser('ada', 'viewer', PASSWORD);
      const statuses: number[] = [];
      for (let guess = 0; guess < 6; guess++) {
        const json = { username: 'ada', password: `guess ${guess}` };
        const response = await call('POST', '/api/v1/session', { json });
        statuses.push(response.status);
        if (response.status === 429)
          expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(800);
      }
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
      const right = await call('POST', '/api/v1/session', {
        json: { username: 'ada', password: PASSWORD },
      });
      expect(right.status).toBe(429);
    }));

  it('ends everywhere else when the password changes', () =>
    withServer(async ({ call, addUser, signIn }) => {
      await addUser('ada', 'viewer', PASSWORD);
      const here = await signIn('ada', PASSWORD);
      const elsewhere = await signIn('ada', PASSWORD);
      const put = (current: string, next: string) =>
        call('PUT', '/api/v1/session/password', {
          json: { current, next },
          headers: { cookie: here.cookie },
        });
      expect((await put('wrong', 'another long password')).status).toBe(400);
      expect((await put(PASSWORD, 'short')).status).toBe(400);
      expect((await put(PASSWORD, 'another long password')).status).toBe(204);
      const status = async (cookie: string) =>
        (await call('GET', '/api/v1/session', { headers: { cookie } })).status;
      expect([await status(here.cookie), await status(elsewhere.cookie)]).toEqual([200, 401]);
      await signIn('ada', 'another long password');
    }));
});

describe('an API key', () => {
  it('is made, used, listed without its secret, and revoked', () =>
    withServer(async ({ call, keyOf }) => {
      const admin = await keyOf('admin');
      const made = await call('POST', '/api/v1/keys', {
        key: admin,
        json: { name: 'report script', role: 'viewer' },
      });
      const { key, secret } = ApiKeyCreated.parse(await made.json());
      expect(secret).toMatch(/^pn_[A-Za-z0-9_-]{43}$/);
      expect((await call('GET', '/api/v1/alerts', { key: secret })).status).toBe(200);
      expect((await call('GET', '/api/v1/keys', { key: secret })).status).toBe(403);
      const listed = await (await call('GET', '/api/v1/keys', { key: admin })).text();
      expect(listed).not.toContain(secret);
      expect(ApiKeyList.parse(JSON.parse(listed)).keys.map(({ id }) => id)).toContain(key.id);
      const gone = await call('DELETE', `/api/v1/keys/${key.id}`, { key: admin });
      expect(gone.status).toBe(204);
      expect((await call('GET', '/api/v1/alerts', { key: secret })).status).toBe(401);
      expect((await call('DELETE', `/api/v1/keys/${key.id}`, { key: admin })).status).toBe(404);
    }));

  it('that is wrong is not made good by a cookie', () =>
    withServer(async ({ call, addUser, signIn }) => {
      await addUser('ada', 'viewer', PASSWORD);
      const { cookie } = await signIn('ada', PASSWORD);
      for (const authorization of [`Bearer pn_${'A'.repeat(43)}`, 'Bearer x', 'Basic YTpi', ''])
        expect(
          (await call('GET', '/api/v1/alerts', { headers: { cookie, authorization } })).status,
        ).toBe(401);
    }));

  it('has no session', () =>
    withServer(async ({ call, keyOf }) => {
      const key = await keyOf('viewer');
      expect((await call('GET', '/api/v1/session', { key })).status).toBe(404);
    }));

  it("of a sensor bears a sensor's id", () =>
    withServer(async ({ call, keyOf }) => {
      const response = await call('POST', '/api/v1/keys', {
        key: await keyOf('admin'),
        json: { name: 'not an id!', role: 'sensor' },
      });
      expect([response.status, (await response.json()).errors[0].pointer]).toEqual([400, '#/name']);
    }));
});
