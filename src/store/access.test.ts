import { expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import type { Decision } from '../contract/decision.ts';
import { createApiKey, deleteApiKey, findApiKey, listApiKeys } from './api-keys.ts';
import {
  expireDecisions,
  getDecision,
  insertDecision,
  listDecisions,
  updateDecision,
} from './decisions.ts';
import { readPolicy, writePolicy } from './policy.ts';
import { addProtected, listProtected, removeProtected } from './protected.ts';
import { createSession, deleteOtherSessions, deleteSession, findSession } from './sessions.ts';
import { countUsers, createFirstUser, createUser, findUser, setPasswordHash } from './users.ts';

const admin = { username: 'admin', role: 'admin' as const, passwordHash: 'h1' };

it('of many first users at once one is made', async () => {
  await withDatabase(async (db) => {
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        createFirstUser(db, { ...admin, username: `admin${index}` }),
      ),
    );
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await countUsers(db)).toBe(1);
  });
});

it('users have one name each and a password that changes', async () => {
  await withDatabase(async (db) => {
    await createUser(db, admin);
    await expect(createUser(db, admin)).rejects.toMatchObject({ code: 'conflict' });
    await setPasswordHash(db, 'admin', 'h2');
    expect(await findUser(db, 'admin')).toEqual({ ...admin, passwordHash: 'h2' });
    expect(await findUser(db, 'Admin')).toBeNull();
    await expect(setPasswordHash(db, 'x', 'h')).rejects.toMatchObject({ code: 'not_found' });
  });
});

it('sessions end by hand, by time and with a new password', async () => {
  await withDatabase(async (db) => {
    await createUser(db, admin);
    const expiresAt = new Date(Date.now() + 60_000);
    for (const tokenHash of ['a', 'b', 'c']) {
      await createSession(db, { tokenHash, username: 'admin', expiresAt });
    }
    const past = new Date(Date.now() - 1);
    await createSession(db, { tokenHash: 'old', username: 'admin', expiresAt: past });
    expect(await findSession(db, 'old')).toBeNull();
    expect(await findSession(db, 'a')).toEqual({ username: 'admin', role: 'admin', expiresAt });
    await deleteSession(db, 'a');
    await deleteOtherSessions(db, 'admin', 'b');
    expect(await Promise.all(['a', 'b', 'c'].map((hash) => findSession(db, hash)))).toEqual([
      null,
      { username: 'admin', role: 'admin', expiresAt },
      null,
    ]);
  });
});

it('API keys are found by the hash of their secret alone', async () => {
  await withDatabase(async (db) => {
    const key = await createApiKey(db, { name: 'probe', role: 'sensor', secretHash: 'ff' });
    expect(key.last_used_at).toBeNull();
    expect(await findApiKey(db, 'fe')).toBeNull();
    expect(await findApiKey(db, 'ff')).toEqual(key);
    const [listed] = await listApiKeys(db);
    expect(listed?.last_used_at).not.toBeNull();
    await deleteApiKey(db, key.id);
    expect(await findApiKey(db, 'ff')).toBeNull();
    await expect(deleteApiKey(db, key.id)).rejects.toMatchObject({ code: 'not_found' });
  });
});

it('the policy is not armed until someone arms it', async () => {
  await withDatabase(async (db) => {
    const policy = await readPolicy(db);
    expect(policy).toEqual({
      armed: false,
      alert_threshold: 0.5,
      block_threshold: 0.8,
      block_seconds: 3600,
    });
    await writePolicy(db, { ...policy, armed: true, block_threshold: 0.9 });
    expect(await readPolicy(db)).toEqual({ ...policy, armed: true, block_threshold: 0.9 });
  });
});

it('the never-block list keeps what the system needs', async () => {
  await withDatabase(async (db) => {
    expect(await addProtected(db, { cidr: '192.0.2.7/24', reason: 'office' })).toEqual({
      cidr: '192.0.2.0/24',
      reason: 'office',
      removable: true,
    });
    await addProtected(db, { cidr: '10.0.0.1', reason: 'gateway', removable: false });
    await addProtected(db, { cidr: '10.0.0.1', reason: 'by hand' });
    await addProtected(db, { cidr: '2001:DB8::1', reason: 'v6' });
    expect(await listProtected(db)).toEqual([
      { cidr: '10.0.0.1/32', reason: 'by hand', removable: false },
      { cidr: '192.0.2.0/24', reason: 'office', removable: true },
      { cidr: '2001:db8::1/128', reason: 'v6', removable: true },
    ]);
    await removeProtected(db, '192.0.2.0/24');
    await expect(removeProtected(db, '192.0.2.0/24')).rejects.toMatchObject({ code: 'not_found' });
    await expect(removeProtected(db, '10.0.0.1')).rejects.toMatchObject({ code: 'conflict' });
  });
});

it('decisions change state, expire and are paged', async () => {
  await withDatabase(async (db) => {
    const decision: Decision = {
      id: 'd0',
      action: 'BLOCK',
      ip: '192.0.2.1',
      reason: 'scan',
      alert_id: 'a1',
      simulated: false,
      state: 'pending',
      detail: null,
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-01-01T01:00:00.000Z',
      created_by: 'policy',
    };
    for (let index = 0; index < 7; index++) {
      expect(await insertDecision(db, { ...decision, id: `d${index}` })).toBe(true);
    }
    expect(await insertDecision(db, { ...decision, ip: 'other' })).toBe(false);
    expect(await updateDecision(db, 'd0', { state: 'refused', detail: 'no nft' })).toEqual({
      ...decision,
      state: 'refused',
      detail: 'no nft',
    });
    await updateDecision(db, 'd1', { state: 'active', expires_at: null });
    expect(await getDecision(db, 'd1')).toMatchObject({ state: 'active', expires_at: null });
    expect(await updateDecision(db, 'none', { state: 'active' })).toBeNull();

    expect(await expireDecisions(db, new Date('2026-01-01T00:59:59Z'))).toEqual([]);
    const expired = await expireDecisions(db, new Date('2026-01-01T01:00:00Z'));
    expect(expired.map(({ id }) => id).sort()).toEqual(['d2', 'd3', 'd4', 'd5', 'd6']);

    const first = await listDecisions(db, { limit: 4 });
    const second = await listDecisions(db, { limit: 4, before: first.next ?? '' });
    expect([...first.decisions, ...second.decisions].map(({ id }) => id)).toEqual([
      'd6',
      'd5',
      'd4',
      'd3',
      'd2',
      'd1',
      'd0',
    ]);
    expect(second.next).toBeNull();
    expect((await listDecisions(db, { state: 'active', limit: 9 })).decisions).toHaveLength(1);
  });
});
