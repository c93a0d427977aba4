/** Bytes as they come into a file that only its owner reads, or standard output for `-`. */
import { createWriteStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, fileTrouble } from '../errors.ts';

/** @throws AppError `usage` where the file cannot be written; what was begun of it is removed */
export async function writeStream(
  to: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const readable = Readable.from(chunks, { objectMode: false });
  if (to === '-') {
    for await (const chunk of readable) {
      if (!process.stdout.write(chunk))
        await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
    }
    return;
  }
  const file = createWriteStream(to, { mode: 0o600 });
  try {
    await pipeline(readable, file);
  } catch (error) {
    // A device, a pipe or a link was there before.
    const isOurs = file.bytesWritten > 0 && (await lstat(to).catch(() => null))?.isFile();
    if (isOurs) await rm(to, { force: true });
    throw new AppError('usage', `Cannot write ${to}: ${fileTrouble(error)}`, { cause: error });
  }
}
