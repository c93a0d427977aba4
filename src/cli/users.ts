/**
 * `phantomnet users password`: a new password for somebody who has lost theirs, straight in the database and
 * also while the platform runs. Who may read the data folder may do this; nobody else.
 */
import type { Config } from '../app/config.ts';
import { randomPassword } from '../http/auth/first-run.ts';
import { hashPassword } from '../http/auth/password.ts';
import { deleteSessions } from '../store/sessions.ts';
import { setPasswordHash } from '../store/users.ts';
import { withDatabase } from './with-database.ts';

export interface PasswordOptions {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

/** Prints the new password alone on `out`. @throws AppError `not_found`, `database_unavailable` */
export async function resetPassword(
  config: Config,
  username: string,
  { out, err }: PasswordOptions,
): Promise<void> {
  const password = randomPassword();
  await withDatabase(
    config,
    async (db) => {
      await setPasswordHash(db, username, await hashPassword(password));
      await deleteSessions(db, username);
    },
    { migrates: true },
  );
  err.write(`The new password of ${username}; all sessions of ${username} have ended:\n`);
  out.write(`${password}\n`);
}
