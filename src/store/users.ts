/** People who may sign in. Passwords come and go as hashes. */
import type { Role } from '../contract/api.ts';
import { AppError } from '../errors.ts';
import type { Database, Queryable } from './database.ts';

export interface User {
  readonly username: string;
  readonly role: Role;
  readonly passwordHash: string;
}

/** @throws AppError `conflict` where the name is taken. */
export async function createUser(db: Queryable, user: User): Promise<void> {
  const rows = await db.query(
    `INSERT INTO users (username, role, password_hash) VALUES ($1, $2, $3)
     ON CONFLICT (username) DO NOTHING RETURNING username`,
    [user.username, user.role, user.passwordHash],
  );
  if (rows.length === 0) {
    throw new AppError('conflict', `Cannot add user ${user.username}: the name is taken`);
  }
}

/** Makes `user` if there is no user at all, and says whether it did; of several callers at once one wins. */
export async function createFirstUser(db: Database, user: User): Promise<boolean> {
  return db.transaction(async (tx) => {
    await tx.query('LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE');
    if (await hasUsers(tx)) return false;
    await createUser(tx, user);
    return true;
  });
}

export async function findUser(db: Queryable, username: string): Promise<User | null> {
  const [user] = await db.query<User & Record<string, string>>(
    'SELECT username, role, password_hash AS "passwordHash" FROM users WHERE username = $1',
    [username],
  );
  return user ?? null;
}

export async function countUsers(db: Queryable): Promise<number> {
  const [row] = await db.query<{ count: number }>('SELECT count(*) AS count FROM users');
  return row?.count ?? 0;
}

export async function hasUsers(db: Queryable): Promise<boolean> {
  return (await countUsers(db)) > 0;
}

/** @throws AppError `not_found` */
export async function setPasswordHash(
  db: Queryable,
  username: string,
  passwordHash: string,
): Promise<void> {
  const rows = await db.query(
    'UPDATE users SET password_hash = $2 WHERE username = $1 RETURNING username',
    [username, passwordHash],
  );
  if (rows.length === 0) throw new AppError('not_found', `There is no user ${username}`);
}
