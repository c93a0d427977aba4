/**
 * The batches since a snapshot, one after the other in a file: length, CRC-32, number, packets lost
 * before it as the sensor said, bytes as they were received.
 *
 * Each is flushed before it counts: what the database has committed the journal has, too, also after a power cut. It
 * costs little, because the batch is analysed meanwhile. A disk that lies about it is found out, because numbers are
 * missing or the database has a batch that comes after.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { StateError } from '../../core/state/state-error.ts';

const HEAD_BYTES = 20;
/** No batch is longer: what says so is damaged. */
const MAX_BATCH_BYTES = 64 << 20;

export interface JournalEntry {
  /** Counts up by one from entry to entry, over all files of a process. */
  readonly number: number;
  /** `BatchMeta.lostBefore`, which the bytes do not tell. */
  readonly lostBefore: number;
  readonly batch: Uint8Array;
}

export class Journal {
  readonly #file: FileHandle;
  #bytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** A new, empty one. */
  static async begin(path: string): Promise<Journal> {
    const file = await open(path, 'w', 0o600);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return new Journal(file);
  }

  get byteLength(): number {
    return this.#bytes;
  }

  /** Resolves when the batch would survive a power cut. Calls must not overlap. */
  async append({ number, lostBefore, batch }: JournalEntry): Promise<void> {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(batch.length);
    head.writeUInt32LE(crc32(batch), 4);
    head.writeUInt32LE(number, 8);
    head.writeDoubleLE(lostBefore, 12);
    // One write where the system allows: an entry is whole, or the last and torn.
    const bytes = HEAD_BYTES + batch.length;
    const { bytesWritten } = await this.#file.writev([head, batch]);
    if (bytesWritten !== bytes)
      throw new Error(`only ${bytesWritten} of ${bytes} bytes were written`);
    await this.#file.datasync();
    this.#bytes += bytes;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** The entries in order, as far as they are whole; none where there is no file. @throws StateError where it cannot be read */
export async function* readJournal(path: string): AsyncGenerator<JournalEntry> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      for (;;) {
        if (rest.length < HEAD_BYTES) break;
        const length = rest.readUInt32LE(0);
        if (length > MAX_BATCH_BYTES) return;
        if (rest.length < HEAD_BYTES + length) break;
        const batch = rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
        if (crc32(batch) !== rest.readUInt32LE(4)) return;
        yield { number: rest.readUInt32LE(8), lostBefore: rest.readDoubleLE(12), batch };
        rest = rest.subarray(HEAD_BYTES + length);
      }
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new StateError(message);
  }
}
