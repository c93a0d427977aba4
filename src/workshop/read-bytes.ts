/** A file that someone named, whole, or why it cannot be read. */
import { readFileSync, statSync } from 'node:fs';
import { AppError, fileTrouble } from '../errors.ts';

/** @throws AppError `input_invalid`, also for what is larger than `maxBytes` or no file: a device has no end */
export function readBytes(path: string, maxBytes = Number.POSITIVE_INFINITY): Buffer {
  const refuse = (reason: string, cause?: unknown) =>
    new AppError('input_invalid', `Cannot read ${path}: ${reason}`, { cause });
  let size: number;
  try {
    const found = statSync(path);
    if (!found.isFile() && !found.isDirectory()) throw refuse('it is no regular file');
    size = found.size;
    if (size <= maxBytes) return readFileSync(path);
  } catch (error) {
    throw error instanceof AppError ? error : refuse(fileTrouble(error), error);
  }
  throw refuse(`it has ${size} bytes, at most ${maxBytes} are taken`);
}
