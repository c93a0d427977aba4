/** The first administrator. Nothing is open before there is one, and nobody has a known password. */
import { randomInt } from 'node:crypto';
import type { Database } from '../../store/database.ts';
import { createFirstUser, hasUsers } from '../../store/users.ts';
import { hashPassword } from './password.ts';

/** Without the characters that are read wrongly: 0 O 1 l I. */
const LETTERS = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** 20 characters of 57 are 116 bits. */
const LENGTH = 20;

/** Where there is no user yet, makes `admin` and returns the password, which is shown this once. */
export async function ensureAdministrator(
  db: Database,
): Promise<{ username: string; password: string } | null> {
  if (await hasUsers(db)) return null;
  const [username, password] = ['admin', randomPassword()];
  const user = { username, role: 'admin', passwordHash: await hashPassword(password) } as const;
  return (await createFirstUser(db, user)) ? { username, password } : null;
}

export function randomPassword(): string {
  return Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}
