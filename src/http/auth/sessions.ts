/** Sessions of people: begun with a password, ended by hand, by time or by a new password. */
import type { Credentials, Session } from '../../contract/api.ts';
import type { Database } from '../../store/database.ts';
import { createSession, deleteOtherSessions, deleteSession } from '../../store/sessions.ts';
import { findUser, setPasswordHash } from '../../store/users.ts';
import { InvalidRequest } from '../invalid-request.ts';
import type { Caller } from './caller.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { hashSecret, randomToken } from './secret.ts';
import { SESSION_SECONDS } from './session-cookie.ts';

/** Null where name or password are wrong; which of the two is not said, nor told by the time taken. */
export async function signIn(
  db: Database,
  { username, password }: Credentials,
): Promise<{ token: string; session: Session } | null> {
  const user = await findUser(db, username);
  if (!(await verifyPassword(user?.passwordHash ?? null, password)) || !user) return null;
  const token = randomToken();
  const expiresAt = new Date(Date.now() + SESSION_SECONDS * 1000);
  await createSession(db, { tokenHash: hashSecret(token), username: user.username, expiresAt });
  return {
    token,
    session: { username: user.username, role: user.role, expires_at: expiresAt.toISOString() },
  };
}

export function signOut(db: Database, tokenHash: string): Promise<void> {
  return deleteSession(db, tokenHash);
}

/** The other sessions of the user end. @throws AppError invalid_request where `current` is wrong. */
export async function changePassword(
  db: Database,
  caller: Caller & { via: 'session' },
  { current, next }: { current: string; next: string },
): Promise<void> {
  const user = await findUser(db, caller.name);
  if (!(await verifyPassword(user?.passwordHash ?? null, current)))
    throw new InvalidRequest([{ pointer: '#/current', detail: 'This is not your password' }]);
  await setPasswordHash(db, caller.name, await hashPassword(next));
  await deleteOtherSessions(db, caller.name, caller.tokenHash);
}
