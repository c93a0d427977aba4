/** Finds out who makes a request: an API key in `Authorization`, or a session's cookie. */
import { findApiKey } from '../../store/api-keys.ts';
import type { Database } from '../../store/database.ts';
import { findSession } from '../../store/sessions.ts';
import { type Caller, NOBODY } from './caller.ts';
import { hashSecret, isApiKey, isToken } from './secret.ts';

const BEARER = /^Bearer +(\S{1,128})$/i;

/** Where the header is there, it alone counts: a wrong key is not made good by a cookie. */
export async function authenticate(
  db: Database,
  authorization: string | undefined,
  cookie: string | undefined,
): Promise<Caller> {
  if (authorization !== undefined) return callerOfKey(db, BEARER.exec(authorization)?.[1] ?? '');
  return cookie === undefined ? NOBODY : callerOfSession(db, cookie);
}

async function callerOfKey(db: Database, secret: string): Promise<Caller> {
  if (!isApiKey(secret)) return NOBODY;
  const key = await findApiKey(db, hashSecret(secret));
  return key ? { via: 'key', name: key.name, role: key.role } : NOBODY;
}

async function callerOfSession(db: Database, token: string): Promise<Caller> {
  if (!isToken(token)) return NOBODY;
  const tokenHash = hashSecret(token);
  const session = await findSession(db, tokenHash);
  if (!session || session.expiresAt.getTime() <= Date.now()) return NOBODY;
  const { username, role, expiresAt } = session;
  return { via: 'session', name: username, role, tokenHash, expiresAt };
}
