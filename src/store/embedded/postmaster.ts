/** A server process that is, or was, running on a cluster, as its `postmaster.pid` tells. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { commandOf, isAlive } from './process-identity.ts';

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

/** The living server of `cluster`, or null; a lock left by a dead one is removed. */
export async function findPostmaster(cluster: string): Promise<Postmaster | null> {
  const file = join(cluster, 'postmaster.pid');
  const content = await readFile(file, 'utf8').catch(() => null);
  if (content === null) return null;
  const lines = content.split('\n');
  const pid = Number(lines[0]);
  // The number may have gone to another program since: PostgreSQL itself would refuse to start then.
  if (isAlive(pid) && /postgres/.test(await commandOf(pid))) {
    return { pid, socketDir: lines[4] ?? '' };
  }
  await rm(file, { force: true });
  return null;
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
      if (!isAlive(pid)) return;
      await sleep(POLL_MS);
    }
  }
}
