/**
 * A real PostgreSQL under our own supervision, so that one command brings the whole platform up.
 *
 *   dataDir/cluster   the data, made by initdb on the first start
 *   dataDir/run       the Unix socket (in the temporary folder where the path is too long for one)
 *   dataDir/log       what the server says
 *   dataDir/owner     which of our processes looks after it
 *
 * Nothing listens on the network: whoever may enter the socket's folder (mode 700) may log in. The
 * server is a process group of its own, so that Ctrl-C reaches us first and we stop it last. If we are
 * killed it lives on as an orphan, and the next start adopts it. If it is killed, `revive` starts it again.
 */
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, chown, mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { AppError } from '../errors.ts';
import { type Account, chooseAccount, spawnAs } from './embedded/account.ts';
import { type Binaries, locateBinaries } from './embedded/binaries.ts';
import { makeFolders } from './embedded/make-folders.ts';
import { claimOwnership, hasLivingOwner, releaseOwnership } from './embedded/owner.ts';
import {
  answers,
  findPostmaster,
  isServer,
  removeStaleLock,
  SOCKET_PORT,
  SUPERUSER,
  stopPostmaster,
} from './embedded/postmaster.ts';

const DATABASE = 'phantomnet';
/** sun_path holds 108 bytes on Linux and 104 on macOS; the socket's name takes 16 of them. */
const MAX_SOCKET_DIR_BYTES = 86;
const MAX_LOG_BYTES = 4 * 1024 * 1024;
const POLL_MS = 10;
/** Recovery after a crash replays at most `max_wal_size`; it took 0.6 s, slow disks get this. */
const START_TIMEOUT_MS = 120_000;
/** An orphan is up already; one that is shutting down answers no more. */
const ADOPT_TIMEOUT_MS = 30_000;

/** Sized so that the whole platform stays under 700 MB resident; durability is never traded. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  shared_buffers: '64MB',
  work_mem: '8MB',
  maintenance_work_mem: '32MB',
  autovacuum_max_workers: '2',
  max_parallel_workers_per_gather: '0',
  max_wal_size: '512MB',
  min_wal_size: '64MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  checkpoint_timeout: '10min',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Statements carry what attackers sent: keep them out of the log.
  log_min_error_statement: 'panic',
};

export interface EmbeddedLog {
  info(message: string): void;
  warn(message: string): void;
}

export interface EmbeddedPostgres {
  /** For `openDatabase`. */
  readonly connection: pg.PoolConfig;
  /** `borrowed`: another living process of ours looks after the server, and `stop` leaves it alone. */
  readonly origin: 'started' | 'adopted' | 'borrowed';
  /** Process id of the server. */
  readonly pid: number;
  /**
   * Starts the server again, at the same socket, where it has gone; true: it had. A borrowed one is its
   * owner's business. To be called every now and then, one call at a time.
   * @throws AppError `database_unavailable` when it does not start
   */
  revive(): Promise<boolean>;
  /** Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts the server of `dataDir`, making the cluster on the first start, and resolves once it answers.
 * @throws AppError `database_unavailable`, one line naming the directory.
 */
export async function startEmbedded(options: {
  dataDir: string;
  log: EmbeddedLog;
  /** A folder with `postgres` and `initdb`, 15 or newer; absent: the npm package of this platform. */
  binDir?: string;
  /** Default 32: more than one process of ours takes. */
  maxConnections?: number;
}): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const { log } = options;
  const cluster = join(dataDir, 'cluster');
  await prepareDataDir(dataDir);

  while (!(await claimOwnership(dataDir))) {
    const isOrphaned = async () => !(await hasLivingOwner(dataDir));
    const borrowed = await awaitServer(cluster, START_TIMEOUT_MS, isOrphaned);
    if (borrowed) {
      const running = { ...borrowed, origin: 'borrowed' } as const;
      return embedded(running, { revive: async () => false, end: async () => {} });
    }
    // The owner has ended meanwhile: then the server is ours to start.
    if (!(await isOrphaned())) {
      throw unavailable(dataDir, 'another process holds it and its server is silent');
    }
  }

  const relaunch = (socketDir: string | null) => launch(dataDir, cluster, options, log, socketDir);
  try {
    const orphan = await findPostmaster(cluster);
    const isDead = async () => orphan === null || !(await isServer(orphan.pid));
    if (orphan && (await awaitServer(cluster, ADOPT_TIMEOUT_MS, isDead))) {
      log.info(`adopted the running PostgreSQL of ${dataDir}, process ${orphan.pid}`);
      return await ready({ ...orphan, origin: 'adopted' }, dataDir, relaunch);
    }
    // It was shutting down, or hangs: only a new server helps.
    if (orphan) await stopPostmaster(orphan.pid);
    const started = await relaunch(null);
    return await ready({ ...started, origin: 'started' }, dataDir, relaunch);
  } catch (error) {
    await releaseOwnership(dataDir);
    throw error;
  }
}

interface Running {
  pid: number;
  readonly socketDir: string;
  readonly origin: EmbeddedPostgres['origin'];
}

async function ready(
  running: Running,
  dataDir: string,
  relaunch: (socketDir: string) => Promise<{ pid: number }>,
): Promise<EmbeddedPostgres> {
  await ensureDatabase(running.socketDir);
  return embedded(running, {
    async revive() {
      if (await isServer(running.pid)) return false;
      running.pid = (await relaunch(running.socketDir)).pid;
      return true;
    },
    async end() {
      await stopPostmaster(running.pid);
      if (!running.socketDir.startsWith(dataDir)) {
        await rm(running.socketDir, { recursive: true, force: true });
      }
      await releaseOwnership(dataDir);
    },
  });
}

function embedded(
  running: Running,
  { revive, end }: { revive: () => Promise<boolean>; end: () => Promise<void> },
): EmbeddedPostgres {
  let stopping: Promise<void> | undefined;
  return {
    origin: running.origin,
    get pid() {
      return running.pid;
    },
    async revive() {
      return stopping === undefined && (await revive());
    },
    connection: {
      host: running.socketDir,
      port: SOCKET_PORT,
      user: SUPERUSER,
      database: DATABASE,
    },
    stop() {
      stopping ??= end();
      return stopping;
    },
  };
}

async function prepareDataDir(dataDir: string): Promise<void> {
  try {
    // Others may pass through, so that the server's user reaches its own folders below; they are closed.
    await makeFolders(dataDir, 0o711);
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw unavailable(dataDir, `it cannot be written (${code})`, error);
  }
}

async function launch(
  dataDir: string,
  cluster: string,
  { binDir, maxConnections = 32 }: { binDir?: string; maxConnections?: number },
  log: EmbeddedLog,
  oldSocketDir: string | null,
): Promise<{ pid: number; socketDir: string }> {
  const binaries = await locateBinaries({ binDir, linkDir: join(dataDir, 'lib') });
  const made = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => null);
  const account = await chooseAccount({
    postgres: binaries.postgres,
    env: binaries.env,
    dataDir,
    cluster: made === null ? null : cluster,
  });
  if (made === null) {
    log.info(`making a PostgreSQL ${binaries.major} cluster in ${dataDir}, ${account.description}`);
    await initialise(dataDir, cluster, binaries, account);
  } else if (Number(made) !== binaries.major) {
    throw unavailable(
      dataDir,
      `it was made by PostgreSQL ${made.trim()} and these binaries are ${binaries.major}; ` +
        `db backup --pg-bin with binaries of ${made.trim()}, then db restore into a new folder, moves it`,
    );
  }
  await removeStaleLock(cluster);
  const socketDir = await prepareSocketDir(oldSocketDir ?? join(dataDir, 'run'), account);
  const pid = await spawnServer(dataDir, cluster, binaries, account, {
    max_connections: String(maxConnections),
    unix_socket_directories: socketDir,
  });
  log.info(`PostgreSQL ${binaries.major} runs ${account.description}, process ${pid}`);
  return { pid, socketDir };
}

/** initdb into a folder beside it, then a rename: an interrupted first start leaves nothing half made. */
async function initialise(
  dataDir: string,
  cluster: string,
  binaries: Binaries,
  account: Account,
): Promise<void> {
  const draft = `${cluster}.new`;
  await rm(draft, { recursive: true, force: true });
  await ownedFolder(draft, account);
  const child = spawnAs(
    account,
    binaries.initdb,
    ['-D', draft, '-U', SUPERUSER, '--auth=trust', '--encoding=UTF8', '--no-locale'],
    { env: binaries.env, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw unavailable(dataDir, `initdb failed: ${complaintIn(complaint)}`);
  await rename(draft, cluster);
}

async function spawnServer(
  dataDir: string,
  cluster: string,
  binaries: Binaries,
  account: Account,
  own: Readonly<Record<string, string>>,
): Promise<number> {
  const logFile = join(dataDir, 'log');
  const size = await stat(logFile).then(
    (file) => file.size,
    () => 0,
  );
  const output = await open(logFile, size > MAX_LOG_BYTES ? 'w' : 'a', 0o600);
  const settings = { ...SETTINGS, ...own };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let isGone = false;
  try {
    const child = spawnAs(
      account,
      binaries.postgres,
      ['-D', cluster, '-p', String(SOCKET_PORT), ...args],
      { env: binaries.env, cwd: '/', detached: true, stdio: ['ignore', output.fd, output.fd] },
    );
    child.once('exit', () => {
      isGone = true;
    });
    await once(child, 'spawn');
    child.unref();
    const server = await awaitServer(cluster, START_TIMEOUT_MS, () => isGone);
    if (server) return server.pid;
    if (child.pid !== undefined && !isGone) await stopPostmaster(child.pid);
  } finally {
    await output.close();
  }
  const said = lastLine(await readFile(logFile, 'utf8').catch(() => ''));
  throw unavailable(dataDir, `PostgreSQL does not start: ${said}`);
}

/** Polls until the server of `cluster` answers; null when the time is over or it has gone. */
async function awaitServer(
  cluster: string,
  timeoutMs: number,
  isGone: () => boolean | Promise<boolean>,
): Promise<{ pid: number; socketDir: string } | null> {
  const end = performance.now() + timeoutMs;
  do {
    const server = await findPostmaster(cluster);
    if (server && (await answers(server.socketDir, cluster))) return server;
    await sleep(POLL_MS);
  } while (performance.now() < end && !(await isGone()));
  return null;
}

async function prepareSocketDir(wanted: string, account: Account): Promise<string> {
  if (Buffer.byteLength(wanted) > MAX_SOCKET_DIR_BYTES) {
    const elsewhere = await mkdtemp(join(tmpdir(), 'phantomnet-'));
    if (account.ids) await chown(elsewhere, account.ids.uid, account.ids.gid);
    return elsewhere;
  }
  // Sockets and their locks of a server that was killed: no server runs on this cluster now.
  await rm(wanted, { recursive: true, force: true });
  await ownedFolder(wanted, account);
  return wanted;
}

async function ownedFolder(path: string, account: Account): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  if (account.ids) await chown(path, account.ids.uid, account.ids.gid);
}

async function ensureDatabase(socketDir: string): Promise<void> {
  const client = new pg.Client({
    host: socketDir,
    port: SOCKET_PORT,
    user: SUPERUSER,
    database: 'postgres',
  });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/** The line that says why: what comes after it is tidying up. */
function complaintIn(text: string): string {
  const line = text.split('\n').find((each) => /error|fatal|could not/i.test(each));
  return line?.trim().slice(0, 300) ?? lastLine(text);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}

function unavailable(dataDir: string, reason: string, cause?: unknown): AppError {
  return new AppError(
    'database_unavailable',
    `Cannot use the database directory ${dataDir}: ${reason}`,
    { cause },
  );
}
