/** Bytes of a capture from a file, a pipe or standard input, decompressed where they begin like gzip or zstd. */
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { AppError, fileTrouble } from '../errors.ts';

export interface ByteFeed {
  /** Fills a part of `into` and says how much; 0 is the end. May throw `FeedDamage`. */
  read(into: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** The compressed stream around the capture is broken; what came before it was delivered. */
export class FeedDamage extends Error {
  override readonly name = 'FeedDamage';
}

const CHUNK_BYTES = 1 << 20;

/** Windows up to 128 MiB, as `zstd --long=27` makes them; larger ones are refused (a file may not name our memory). */
const ZSTD_WINDOW_LOG_MAX = 27;

/** @throws AppError `input_invalid` where there is no such file or it cannot be read. `-` is standard input. */
export async function openFeed(path: string): Promise<ByteFeed> {
  const raw = path === '-' ? streamFeed(process.stdin) : await openFile(path);
  const head = new Uint8Array(4);
  let length = 0;
  try {
    while (length < head.length) {
      const got = await raw.read(head.subarray(length));
      if (got === 0) break;
      length += got;
    }
  } catch (error) {
    await raw.close();
    throw new AppError('input_invalid', `Cannot read ${path}: ${fileTrouble(error)}`);
  }
  const whole = prefixed(head.subarray(0, length), raw);
  if (head[0] === 0x1f && head[1] === 0x8b) {
    return decompressed(whole, createGunzip({ chunkSize: CHUNK_BYTES }), 'gzip');
  }
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) {
    const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };
    return decompressed(whole, createZstdDecompress({ chunkSize: CHUNK_BYTES, params }), 'zstd');
  }
  return whole;
}

async function openFile(path: string): Promise<ByteFeed> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new AppError('input_invalid', `Cannot read ${path}: ${fileTrouble(error)}`);
  }
  return {
    // No position: the path may be a pipe.
    read: async (into) => (await file.read(into, 0, into.length, null)).bytesRead,
    close: () => file.close(),
  };
}

/** `head` again, then the rest of `feed`. */
function prefixed(head: Uint8Array, feed: ByteFeed): ByteFeed {
  let rest = head;
  return {
    async read(into) {
      if (rest.length === 0) return feed.read(into);
      const count = Math.min(rest.length, into.length);
      into.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
    close: () => feed.close(),
  };
}

/** What a stream brings, as it comes. */
export function streamFeed(stream: Readable): ByteFeed {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async read(into) {
      while (rest.length === 0) {
        const next = await chunks.next();
        if (next.done) return 0;
        rest = next.value;
      }
      const count = Math.min(rest.length, into.length);
      into.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
    async close() {
      stream.destroy();
    },
  };
}

function decompressed(
  compressed: ByteFeed,
  inflate: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>,
  format: string,
): ByteFeed {
  const input = Readable.from(chunksOf(compressed), { objectMode: false });
  input.on('error', (error) => inflate.destroy(error));
  input.pipe(inflate);
  const output = streamFeed(inflate);
  return {
    async read(into) {
      try {
        return await output.read(into);
      } catch (error) {
        throw new FeedDamage(`the ${format} stream is broken (${(error as Error).message})`);
      }
    },
    async close() {
      input.destroy();
      await output.close();
      await compressed.close();
    },
  };
}

async function* chunksOf(feed: ByteFeed): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES / 4);
    const got = await feed.read(chunk);
    if (got === 0) return;
    yield chunk.subarray(0, got);
  }
}
