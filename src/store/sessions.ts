/** Sessions of signed-in people. Only the hash of a session's token is stored. */
import type { Role } from '../contract/api.ts';
import type { Queryable } from './database.ts';

export interface StoredSession {
  readonly username: string;
  readonly role: Role;
  readonly expiresAt: Date;
}

/** Sweeps the expired ones out on the way. @param session.tokenHash SHA-256 in hexadecimal. */
export async function createSession(
  db: Queryable,
  session: { tokenHash: string; username: string; expiresAt: Date },
): Promise<void> {
  await db.query('DELETE FROM sessions WHERE expires_at <= now()');
  await db.query('INSERT INTO sessions (token_hash, username, expires_at) VALUES ($1, $2, $3)', [
    session.tokenHash,
    session.username,
    session.expiresAt,
  ]);
}

/** Null where there is none or it has expired. */
export async function findSession(db: Queryable, tokenHash: string): Promise<StoredSession | null> {
  const [session] = await db.query<{ username: string; role: Role; expiresAt: Date }>(
    `SELECT s.username, u.role, s.expires_at AS "expiresAt" FROM sessions AS s JOIN users AS u USING (username)
     WHERE s.token_hash = $1 AND s.expires_at > now()`,
    [tokenHash],
  );
  return session ?? null;
}

export async function deleteSession(db: Queryable, tokenHash: string): Promise<void> {
  await db.query('DELETE FROM sessions WHERE token_hash = $1', [tokenHash]);
}

/** Ends all sessions of the user but the one given. */
export async function deleteOtherSessions(
  db: Queryable,
  username: string,
  keptTokenHash: string,
): Promise<void> {
  await db.query('DELETE FROM sessions WHERE username = $1 AND token_hash <> $2', [
    username,
    keptTokenHash,
  ]);
}

/** Ends all sessions of the user. */
export async function deleteSessions(db: Queryable, username: string): Promise<void> {
  await db.query('DELETE FROM sessions WHERE username = $1', [username]);
}
