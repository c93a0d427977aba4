/** A file as the Parquet reader wants it: slices on demand, so that only what a search needs is read. */
import { open } from 'node:fs/promises';
import type { AsyncBuffer } from 'hyparquet';
import { AppError, fileTrouble } from '../../errors.ts';

export interface SlicedFile extends AsyncBuffer {
  /** So far. */
  readonly bytesRead: number;
  close(): Promise<void>;
}

/** @throws AppError `input_invalid` where it cannot be opened */
export async function openFile(path: string): Promise<SlicedFile> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new AppError('input_invalid', `Cannot read ${path}: ${fileTrouble(cause)}`, { cause });
  });
  const { size } = await file.stat();
  let bytesRead = 0;
  return {
    byteLength: size,
    get bytesRead() {
      return bytesRead;
    },
    async slice(start, end = size) {
      const from = start < 0 ? size + start : start;
      const bytes = new Uint8Array(Math.max(0, end - from));
      const read = await file.read(bytes, 0, bytes.length, from);
      bytesRead += read.bytesRead;
      return bytes.buffer.slice(0, read.bytesRead);
    },
    close: () => file.close(),
  };
}
