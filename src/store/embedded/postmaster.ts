/** A server process that is, or was, running on a cluster, as its `postmaster.pid` tells. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { commandOf, isRunning } from './process-identity.ts';

/** Only the socket's name depends on it: nothing listens on the network. */
export const SOCKET_PORT = 5432;
export const SUPERUSER = 'phantomnet';

/** How long each way of asking the server to end is given, ms: fast, immediate, kill. */
const STOP_STEPS: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 30_000],
  ['SIGQUIT', 10_000],
  ['SIGKILL', 5_000],
];
const POLL_MS = 20;

export interface Postmaster {
  readonly pid: number;
  readonly socketDir: string;
}

/** The living server of `cluster`, or null: there is none, or it has not got as far as opening its socket. */
export async function findPostmaster(cluster: string): Promise<Postmaster | null> {
  const content = await readFile(lockFile(cluster), 'utf8').catch(() => '');
  const lines = content.split('\n');
  const pid = Number(lines[0]);
  const socketDir = lines[4] ?? '';
  return socketDir !== '' && (await isServer(pid)) ? { pid, socketDir } : null;
}

/**
 * Removes the lock that a dead server left. Its number may have gone to another program since, and PostgreSQL
 * itself would refuse to start then. Only for the owner, before it starts one: a lock just being
 * written looks like a stale one.
 */
export async function removeStaleLock(cluster: string): Promise<void> {
  const content = await readFile(lockFile(cluster), 'utf8').catch(() => '');
  if (!(await isServer(Number(content.split('\n')[0]))))
    await rm(lockFile(cluster), { force: true });
}

/** Whether that process runs, and is a PostgreSQL. */
export async function isServer(pid: number): Promise<boolean> {
  return (await isRunning(pid)) && /postgres/.test(await commandOf(pid));
}

function lockFile(cluster: string): string {
  return join(cluster, 'postmaster.pid');
}

/** Whether the server answers `SELECT 1`, and from this cluster. */
export async function answers(socketDir: string, cluster: string): Promise<boolean> {
  const client = new pg.Client({
    host: socketDir,
    port: SOCKET_PORT,
    user: SUPERUSER,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('data_directory') AS dir");
    return rows[0]?.dir === cluster;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Ends the server: committed work stays, open transactions are rolled back. Resolves when it is gone. */
export async function stopPostmaster(pid: number): Promise<void> {
  for (const [signal, waitMs] of STOP_STEPS) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (let waited = 0; waited < waitMs; waited += POLL_MS) {
      if (!(await isServer(pid))) return;
      await sleep(POLL_MS);
    }
  }
}
