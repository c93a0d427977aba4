/**
 * A file that is there whole or not at all, readable for its owner only: written beside its place, flushed,
 * renamed, the folder flushed. What was there under its name is replaced.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** @returns the bytes that were written, once they would survive a power cut. */
export async function writeDurably(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const part = `${path}.part`;
  const file = await open(part, 'w', 0o600);
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      await file.writeFile(chunk);
      bytes += chunk.length;
    }
    await file.sync();
    await file.close();
    await rename(part, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(part, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  return bytes;
}

async function syncFolder(path: string): Promise<void> {
  const folder: FileHandle = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
