/** A file that someone named, whole, or why it cannot be read. */
import { readFileSync } from 'node:fs';
import { AppError, fileTrouble } from '../errors.ts';

/** @throws AppError `input_invalid` */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AppError('input_invalid', `Cannot read ${path}: ${fileTrouble(error)}`, {
      cause: error,
    });
  }
}
