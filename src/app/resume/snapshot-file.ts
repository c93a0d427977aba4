/**
 * The state of an analysis in a file, sealed (`sealed-state.ts`). A file is there whole or not at all: written
 * beside its place, flushed, renamed, the folder flushed.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StateError } from '../../core/state/state-error.ts';
import { openState, sealState } from './sealed-state.ts';

/** Resolves to the bytes on disk, once they would survive a power cut. */
export async function writeSnapshot(path: string, pieces: readonly Uint8Array[]): Promise<number> {
  const part = `${path}.part`;
  const file = await open(part, 'w', 0o600);
  let bytes = 0;
  try {
    for await (const chunk of sealState(pieces)) {
      bytes += chunk.length;
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return bytes;
}

/** @throws StateError where the file is not what was written */
export async function readSnapshot(path: string): Promise<Uint8Array> {
  const file = await readFile(path).catch((error: Error) => {
    throw new StateError(error.message);
  });
  return openState(file);
}
