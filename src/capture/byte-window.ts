/**
 * The part of a capture that is in memory: one buffer, refilled from a feed, read in place.
 *
 * Memory is bounded by `WINDOW_BYTES` whatever lengths a file claims: no record may be larger than
 * `MAX_RECORD_BYTES`, and what is only to be skipped never has to fit.
 */
import { kernelBytes } from '../core/kernels/bytes.ts';
import type { ByteFeed } from './byte-feed.ts';

/** Larger than any frame a kernel or tool writes (tcpdump's largest snap length is 262,144). */
export const MAX_RECORD_BYTES = 1 << 20;

const WINDOW_BYTES = 2 * MAX_RECORD_BYTES;

/** Damage found in a capture: `at` is the byte offset of the record in the (decompressed) stream. */
export class CaptureDamage extends Error {
  override readonly name = 'CaptureDamage';
  readonly at: number;

  constructor(at: number, what: string) {
    super(what);
    this.at = at;
  }
}

export class ByteWindow {
  readonly bytes: Uint8Array = kernelBytes(WINDOW_BYTES);
  readonly view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, WINDOW_BYTES);
  /** Unread bytes are `[position, end)`. */
  position = 0;
  end = 0;
  readonly #feed: ByteFeed;
  readonly #chunkBytes: number;
  /** Stream offset of `bytes[0]`. */
  #base = 0;
  /** Bytes still to be thrown away before anything is read again. */
  #skip = 0;

  /** @param chunkBytes the most that one `fill` adds. */
  constructor(feed: ByteFeed, chunkBytes: number = WINDOW_BYTES) {
    this.#feed = feed;
    this.#chunkBytes = chunkBytes;
  }

  /** Offset in the stream of the byte at `index` of the buffer. */
  offsetOf(index: number): number {
    return this.#base + index;
  }

  get unread(): number {
    return this.end - this.position;
  }

  /** Bytes of a skipped record that the stream did not have. */
  get missing(): number {
    return this.#skip;
  }

  /** Passes over `count` bytes, whether they are in memory or not. */
  skip(count: number): void {
    const inMemory = Math.min(count, this.unread);
    this.position += inMemory;
    this.#skip += count - inMemory;
  }

  /** Moves what is unread to the front and reads more behind it. False at the end of the stream. */
  async fill(): Promise<boolean> {
    this.bytes.copyWithin(0, this.position, this.end);
    this.#base += this.position;
    this.end -= this.position;
    this.position = 0;
    for (;;) {
      const got = await this.#feed.read(this.bytes.subarray(this.end, this.end + this.#chunkBytes));
      if (got === 0) return false;
      this.end += got;
      const dropped = Math.min(this.#skip, this.unread);
      this.position += dropped;
      this.#skip -= dropped;
      if (this.#skip === 0) return true;
      this.#base += this.end;
      this.position = 0;
      this.end = 0;
    }
  }

  close(): Promise<void> {
    return this.#feed.close();
  }
}
