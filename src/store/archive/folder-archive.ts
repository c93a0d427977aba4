/** An archive in a folder: a file is there whole or not at all. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, fileTrouble } from '../../errors.ts';
import { writeDurably } from '../durable-file.ts';
import type { ArchivePlace } from './archive-place.ts';
import { openFile } from './open-file.ts';

export function folderArchive(dir: string): ArchivePlace {
  return {
    pathOf: (name) => join(dir, name),
    async names(folder) {
      const names = await readdir(dir, { recursive: true }).catch((error: unknown) => {
        throw new AppError('not_found', `There is no archive in ${dir}: ${fileTrouble(error)}`);
      });
      return names.filter((name) => name.startsWith(join(folder, '/')));
    },
    open: (name) => openFile(join(dir, name)),
    writtenBytes: (name) =>
      stat(join(dir, name)).then(
        ({ size }) => size,
        () => null,
      ),
    async write(name, chunks) {
      const path = join(dir, name);
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        return await writeDurably(path, chunks, { isOnlyWriter: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
          throw new Error(`${dir}: ${fileTrouble(error)} (ENOSPC)`, { cause: error });
        throw error;
      }
    },
  };
}
