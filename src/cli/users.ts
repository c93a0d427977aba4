/**
 * `phantomnet users password`: a new password for somebody who has lost theirs, straight in the database and
 * also while the platform runs. Who may read the data folder may do this; nobody else.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../app/config.ts';
import { AppError } from '../errors.ts';
import { randomPassword } from '../http/auth/first-run.ts';
import { hashPassword } from '../http/auth/password.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { deleteSessions } from '../store/sessions.ts';
import { setPasswordHash } from '../store/users.ts';

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
  await withDatabase(config, async (db) => {
    await setPasswordHash(db, username, await hashPassword(password));
    await deleteSessions(db, username);
  });
  err.write(`The new password of ${username}; all sessions of ${username} have ended:\n`);
  out.write(`${password}\n`);
}

async function withDatabase(
  { database, data_dir: folder }: Config,
  work: (db: Database) => Promise<void>,
): Promise<void> {
  if (database.url !== null) return await inDatabase({ url: database.url }, work);
  const dataDir = join(folder, 'postgres');
  if (!existsSync(dataDir))
    throw new AppError(
      'not_found',
      `There is no database below ${folder}: give --data-dir or --config`,
    );
  const embedded = await startEmbedded({ dataDir, log: { info() {}, warn() {} } });
  try {
    await inDatabase({ connection: embedded.connection }, work);
  } finally {
    await embedded.stop();
  }
}

async function inDatabase(
  target: Parameters<typeof openDatabase>[0],
  work: (db: Database) => Promise<void>,
): Promise<void> {
  const db = await openDatabase(target);
  try {
    await work(db);
  } finally {
    await db.close();
  }
}
