/**
 * A file that is there whole or not at all, readable for its owner only: written beside its place under a name of
 * its own, flushed, renamed, the folder flushed. What was there under its name is replaced; of two writers at
 * once the last one's file stays, whole. A link stays and what it leads to is replaced. A device or a pipe is no
 * file to replace: it stays, and the bytes go into it as they come.
 */
import { randomBytes } from 'node:crypto';
import {
  type FileHandle,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** What no one has written to for so long was left by a crash. */
const LEFT_AFTER_MS = 24 * 3_600_000;
const PART = /^(?:\.[0-9a-f]{12})?\.part$/;

/**
 * @param options.isOnlyWriter nobody else writes to `path`: whatever a crash left beside it goes at once.
 * @returns the bytes that were written, once they would survive a power cut.
 */
export async function writeDurably(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  { isOnlyWriter = false }: { isOnlyWriter?: boolean } = {},
): Promise<number> {
  const target = await behindLinks(path);
  const found = await stat(target).catch(() => null);
  if (found !== null && !found.isFile() && !found.isDirectory())
    return await writeInto(await open(target, 'w'), chunks);
  await removeLeft(target, isOnlyWriter ? 0 : LEFT_AFTER_MS);
  const part = `${target}.${randomBytes(6).toString('hex')}.part`;
  const file = await open(part, 'wx', 0o600);
  let bytes: number;
  try {
    bytes = await writeInto(file, chunks, { isFlushed: true });
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
  return bytes;
}

/** Closes it, whatever comes. */
async function writeInto(
  file: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  { isFlushed = false }: { isFlushed?: boolean } = {},
): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      await file.writeFile(chunk);
      bytes += chunk.length;
    }
    if (isFlushed) await file.sync();
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  await file.close();
  return bytes;
}

/** Where a chain of links ends, also where nothing is there yet. */
async function behindLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const link = await readlink(path).catch(() => null);
    return link === null ? path : await behindLinks(resolve(dirname(path), link));
  }
}

async function removeLeft(path: string, afterMs: number): Promise<void> {
  const name = basename(path);
  const names = await readdir(dirname(path)).catch(() => []);
  for (const each of names) {
    if (!each.startsWith(name) || !PART.test(each.slice(name.length))) continue;
    const part = join(dirname(path), each);
    const found = await stat(part).catch(() => null);
    if (found?.isFile() && Date.now() - found.mtimeMs >= afterMs) await rm(part, { force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder: FileHandle = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
