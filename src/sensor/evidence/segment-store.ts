/**
 * The disk side of a ring: writes segments and keeps all files together within the budget. Before a byte is
 * written its room is made by removing the oldest segments. Calls must not overlap.
 *
 * One process writes into a folder, and its file `owner` says which (`store/embedded/owner.ts`); what a dead
 * one left is taken over. A folder that somebody removes meanwhile is made again, without what was in it.
 */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { claimOwnership, releaseOwnership } from '../../store/embedded/owner.ts';
import { readSpan, type TimeSpan } from './index-file.ts';
import {
  indexPath,
  removeSegment,
  repairSegments,
  type SegmentFile,
  segmentPath,
} from './segment-files.ts';

/** Of the budget, for the file `owner`. */
const OWNER_BYTES = 64;

type KeptSegment = SegmentFile & TimeSpan;

interface OpenFile {
  readonly number: number;
  readonly file: FileHandle;
  bytes: number;
  span: TimeSpan;
}

export class SegmentStore {
  readonly dir: string;
  /** Segments removed to make room, since the start. */
  evicted = 0;
  readonly #maxBytes: number;
  /** Complete ones, oldest first. */
  readonly #segments: KeptSegment[];
  #open: OpenFile | null = null;
  #totalBytes = 0;

  private constructor(dir: string, maxBytes: number, segments: KeptSegment[]) {
    this.dir = dir;
    this.#maxBytes = maxBytes - OWNER_BYTES;
    this.#segments = segments;
    for (const { bytes, indexBytes } of segments) this.#totalBytes += bytes + indexBytes;
  }

  /** Goes on with what the folder holds, after repairing it. @throws AppError `config_invalid`: it is another's */
  static async open(dir: string, maxBytes: number): Promise<SegmentStore> {
    await claim(dir);
    try {
      const store = new SegmentStore(dir, maxBytes, await findKept(dir));
      await store.#makeRoom(0);
      return store;
    } catch (error) {
      await releaseOwnership(dir);
      throw error;
    }
  }

  /** Leaves the folder to others. What is open is to be finished before. */
  async close(): Promise<void> {
    await releaseOwnership(this.dir);
  }

  get nextNumber(): number {
    return (this.#segments.at(-1)?.number ?? -1) + 1;
  }

  /** Of all files, indexes included. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** The open one included. */
  get segments(): number {
    return this.#segments.length + (this.#open ? 1 : 0);
  }

  get oldestMicros(): number {
    const { firstMicros } = this.#segments[0] ?? this.#open?.span ?? NO_TIME;
    return firstMicros;
  }

  get newestMicros(): number {
    return Math.max(
      ...[...this.#segments, this.#open?.span ?? NO_TIME].map((span) => span.lastMicros),
    );
  }

  /** Appends to the segment `number`, which begins with its first bytes. All of them are written, or it throws and none is. */
  async append(number: number, bytes: Uint8Array, span: TimeSpan): Promise<void> {
    if (bytes.length === 0) return;
    await this.#makeRoom(bytes.length);
    this.#open ??= {
      number,
      file: await this.#create(number),
      bytes: 0,
      span: NO_TIME,
    };
    const segment = this.#open;
    if (segment.bytes > 0 && (await isRemoved(segment.file))) {
      this.#totalBytes -= segment.bytes;
      segment.bytes = 0;
      throw new Error('somebody removed the file that was being written');
    }
    this.#totalBytes += bytes.length;
    try {
      await writeAll(segment.file, bytes, segment.bytes);
      segment.bytes += bytes.length;
      segment.span = { firstMicros: span.firstMicros, lastMicros: span.lastMicros };
    } catch (error) {
      await segment.file.truncate(segment.bytes);
      this.#totalBytes -= bytes.length;
      throw error;
    }
  }

  /** Closes the open segment. Without an index, or where that cannot be written, it is read whole later. */
  async finish(index: Uint8Array | null): Promise<void> {
    const segment = this.#open;
    if (!segment) return;
    this.#open = null;
    await segment.file.close();
    const { number, bytes, span } = segment;
    if (bytes === 0) return removeSegment(this.dir, number);
    this.#segments.push({ number, bytes, indexBytes: 0, ...span });
    if (index === null) return;
    await this.#makeRoom(index.length);
    this.#totalBytes += index.length;
    try {
      await writeFileWhole(indexPath(this.dir, number), index);
      const at = this.#segments.findIndex((each) => each.number === number);
      if (at >= 0) this.#segments[at] = { number, bytes, indexBytes: index.length, ...span };
    } catch (error) {
      this.#totalBytes -= index.length;
      throw error;
    }
  }

  async #create(number: number): Promise<FileHandle> {
    const path = segmentPath(this.dir, number);
    const create = () => open(path, 'wx', 0o600);
    return create().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await claim(this.dir);
      this.#segments.length = 0;
      this.#totalBytes = 0;
      return create();
    });
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.#totalBytes + bytes > this.#maxBytes) {
      const [oldest] = this.#segments;
      if (!oldest) return;
      await removeSegment(this.dir, oldest.number);
      this.#segments.shift();
      this.#totalBytes -= oldest.bytes + oldest.indexBytes;
      this.evicted++;
    }
  }
}

const NO_TIME: TimeSpan = {
  firstMicros: Number.POSITIVE_INFINITY,
  lastMicros: Number.NEGATIVE_INFINITY,
};

async function claim(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if (await claimOwnership(dir)) return;
  const message = `Cannot keep packets in ${dir}: the process that ${join(dir, 'owner')} names writes there`;
  throw new AppError('config_invalid', message);
}

async function isRemoved(file: FileHandle): Promise<boolean> {
  return (await file.stat()).nlink === 0;
}

/** What an earlier run left, made whole, with the times that the indexes tell. */
async function findKept(dir: string): Promise<KeptSegment[]> {
  const kept: KeptSegment[] = [];
  for (const segment of await repairSegments(dir))
    kept.push({ ...segment, ...(await spanOf(dir, segment)) });
  return kept;
}

async function spanOf(dir: string, { number, bytes, indexBytes }: SegmentFile): Promise<TimeSpan> {
  if (indexBytes === 0) return NO_TIME;
  return (await readSpan(indexPath(dir, number), bytes)) ?? NO_TIME;
}

/** Under its name only when whole. */
async function writeFileWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.part`;
  try {
    const file = await open(part, 'w', 0o600);
    try {
      await writeAll(file, bytes, 0);
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const left = bytes.length - done;
    done += (await file.write(bytes, done, left, position + done)).bytesWritten;
  }
}
