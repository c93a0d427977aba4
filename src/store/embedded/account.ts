/**
 * Who the server runs as. PostgreSQL refuses to run as root, and we neither create users nor ask for one:
 *
 * - an ordinary user runs it as itself;
 * - root runs it as the owner of the data, else as an existing unprivileged user that can reach both the
 *   binaries and the data;
 * - where none can (a checkout under /root, mode 700), as root without privileges inside a user
 *   namespace (`unshare -U --map-user`): there root is called `nobody` and holds no capability, but
 *   still passes as the owner of its own files.
 */
import { execFile, type SpawnOptions, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { AppError } from '../../errors.ts';

/** Existing users that may serve, best first. */
const SERVICE_USERS = ['postgres', 'nobody'];

const run = promisify(execFile);

export interface Account {
  /** For the log: `as user nobody`. */
  readonly description: string;
  /** Put before the command, for the user namespace. */
  readonly prefix: readonly string[];
  /** Who must own the files; absent: whoever this process is. */
  readonly ids?: { readonly uid: number; readonly gid: number };
}

/**
 * @param dataDir an existing folder; the cluster will be, or is, below it.
 * @param cluster the cluster's folder if there is one already: its owner decides.
 * @throws AppError `database_unavailable`
 */
export async function chooseAccount(options: {
  postgres: string;
  env: Readonly<Record<string, string>>;
  dataDir: string;
  cluster: string | null;
}): Promise<Account> {
  if (process.getuid?.() !== 0) {
    if (hasName()) return { description: 'as this user', prefix: [] };
    return namespaceAccount(options.postgres, options.env);
  }
  const owner = await stat(options.cluster ?? options.dataDir);
  if (owner.uid !== 0) {
    const ids = { uid: owner.uid, gid: owner.gid };
    return { description: `as the owner of the data, user ${owner.uid}`, prefix: [], ids };
  }
  if (options.cluster === null) {
    for (const name of SERVICE_USERS) {
      const ids = await findUser(name);
      if (ids && (await canServe(ids, options))) {
        return { description: `as user ${name}`, prefix: [], ids };
      }
    }
  }
  return namespaceAccount(options.postgres, options.env);
}

/** Starts `command` as `account`. */
export function spawnAs(
  account: Account,
  command: string,
  args: readonly string[],
  options: SpawnOptions,
) {
  const [program, ...rest] = [...account.prefix, command, ...args];
  return spawn(program ?? command, rest, { ...options, ...account.ids });
}

/** initdb wants a name for the user it runs as; containers started with a bare number have none. */
function hasName(): boolean {
  try {
    return userInfo().username.length > 0;
  } catch {
    return false;
  }
}

async function namespaceAccount(
  postgres: string,
  env: Readonly<Record<string, string>>,
): Promise<Account> {
  const nobody = await findUser('nobody');
  const prefix = ['unshare', '-U', `--map-user=${nobody?.uid ?? 65534}`, '--'];
  try {
    await run(prefix[0] ?? '', [...prefix.slice(1), postgres, '--version'], { env });
  } catch (cause) {
    throw new AppError(
      'database_unavailable',
      `Cannot run PostgreSQL as root: no unprivileged user can reach ${postgres} and the data, and unshare -U is not permitted; run as an ordinary user or move both out of a closed folder`,
      { cause },
    );
  }
  return { description: 'without privileges in a user namespace', prefix };
}

async function findUser(name: string): Promise<{ uid: number; gid: number } | null> {
  try {
    const uid = Number((await run('id', ['-u', name])).stdout);
    const gid = Number((await run('id', ['-g', name])).stdout);
    return uid > 0 ? { uid, gid } : null;
  } catch {
    return null;
  }
}

/** Whether that user can enter the data's folder and run the binaries: tried, not derived from mode bits. */
async function canServe(
  ids: { uid: number; gid: number },
  options: { postgres: string; env: Readonly<Record<string, string>>; dataDir: string },
): Promise<boolean> {
  const script = 'cd "$1" && "$2" --version';
  try {
    await run('/bin/sh', ['-c', script, 'sh', options.dataDir, options.postgres], {
      env: options.env,
      cwd: '/',
      ...ids,
    });
    return true;
  } catch {
    return false;
  }
}
