/**
 * How a command on this machine finds the platform that runs here and is let in: `up` writes its address and
 * an administrator's key below the data folder, and takes both away when it stops. The key is made anew at
 * each start, and only who started the platform (and root) can read it.
 *
 *   dataDir/server.url   where it listens
 *   dataDir/admin.key    the key, mode 0600
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';

/** The key's name: what is done with it stands under this name. */
export const COMMAND_LINE = 'command line';

const KEY_FILE = 'admin.key';
const URL_FILE = 'server.url';

export interface LocalAccess {
  readonly url: string;
  readonly key: string;
}

export async function grantLocalAccess(dataDir: string, { url, key }: LocalAccess): Promise<void> {
  await replace(join(dataDir, KEY_FILE), `${key}\n`, 0o600);
  await replace(join(dataDir, URL_FILE), `${url}\n`, 0o644);
}

export async function revokeLocalAccess(dataDir: string): Promise<void> {
  await rm(join(dataDir, URL_FILE), { force: true });
  await rm(join(dataDir, KEY_FILE), { force: true });
}

/** Null where no platform runs on this folder. @throws AppError `forbidden`: one does, and this user may not ask it */
export async function readLocalAccess(dataDir: string): Promise<LocalAccess | null> {
  try {
    const url = await readFile(join(dataDir, URL_FILE), 'utf8');
    const key = await readFile(join(dataDir, KEY_FILE), 'utf8');
    return { url: url.trim(), key: key.trim() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new AppError(
      'forbidden',
      `Cannot read ${join(dataDir, KEY_FILE)}: ${code}; run this as the user who started PhantomNet, or give a key in PHANTOMNET_KEY`,
      { cause: error },
    );
  }
}

/** Through a new file, which takes no link that somebody has laid there and never has another mode. */
async function replace(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode, flag: 'wx' });
  await rename(draft, path);
}
