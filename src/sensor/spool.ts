/**
 * Batches between capture and acknowledgement: one file per batch in a directory, in order.
 *
 * A batch counts as captured once it is written, flushed, renamed and the directory flushed; a crash
 * before that loses it and nothing else. The directory is bounded in bytes: past the bound the oldest
 * batches go and are counted, and the next that is sent tells of them. Sequence numbers never return within an epoch: the last file leaves an
 * empty `.acked` marker when it goes, and where nothing proves the next number a new epoch begins.
 *
 * On a full disk the batch that finds no room is lost and counted; what is on disk is not given up for one that
 * may not fit either. Whatever removes batches needs no room, so that shipping goes on and makes some.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { EPOCH } from '../stream/batch-meta.ts';

const EPOCH_FILE = 'epoch';
const BATCH_NAME = /^(\d{12})-(\d{1,5})\.arrow$/;
/** A batch and its answer are two files; the oldest go first. */
const MAX_REJECTED_FILES = 128;
const MARKER_NAME = /^(\d{12})\.acked$/;

export interface SpoolOptions {
  readonly dir: string;
  /** Default 1 GiB. */
  readonly maxBytes?: number | undefined;
}

export interface SpoolEntry {
  readonly sequence: number;
  readonly rows: number;
  readonly bytes: number;
  /** Rows of batches that were lost between the one before and this one, since this process began. */
  readonly lostBefore: number;
}

export interface SpoolStats {
  /** Waiting for acknowledgement. */
  batches: number;
  bytes: number;
  /** Thrown away unsent to stay within the bound, since the start. */
  lostBatches: number;
  lostRows: number;
}

export class Spool {
  readonly dir: string;
  readonly epoch: string;
  readonly stats: SpoolStats = { batches: 0, bytes: 0, lostBatches: 0, lostRows: 0 };
  readonly #maxBytes: number;
  /** Oldest first. */
  readonly #entries: SpoolEntry[] = [];
  #next: number;
  /** The last number that is on disk, or never will be: a crash now gives those after it out again. */
  #settled: number;
  #marker: number;
  #isEpochKept = true;
  /** Rows lost since the newest entry. */
  #lostSince = 0;
  #onAppend: (() => void)[] = [];
  #onRemoval: (() => void)[] = [];

  private constructor(dir: string, maxBytes: number, epoch: string, found: Found) {
    this.dir = dir;
    this.epoch = epoch;
    this.#maxBytes = maxBytes;
    this.#next = found.next;
    this.#settled = found.next - 1;
    this.#marker = found.marker;
    for (const entry of found.entries) this.#add(entry);
  }

  /** Opens the directory, making it where it is missing. @throws AppError `config_invalid` where it cannot be written. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { dir, maxBytes = 1 << 30 } = options;
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const found = await findBatches(dir);
      const epoch = found.next > 0 ? await readEpoch(dir) : null;
      if (epoch !== null) return new Spool(dir, maxBytes, epoch, found);
      for (const { sequence, rows } of found.entries)
        await unlink(join(dir, nameOf(sequence, rows)));
      const fresh = randomUUID();
      const spool = new Spool(dir, maxBytes, fresh, { entries: [], next: 0, marker: -1 });
      // A sensor that starts on a full disk captures all the same; the epoch comes with its first batch.
      spool.#isEpochKept = false;
      await spool.#keepEpoch().catch(ignoreFull);
      spool.#countLost(found.entries);
      spool.#lostSince = spool.stats.lostRows;
      return spool;
    } catch (error) {
      const reason = (error as Error).message;
      throw new AppError('config_invalid', `Cannot use ${dir} as the spool: ${reason}`);
    }
  }

  /** The number that the next batch must carry. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Waiting batches, oldest first. */
  get entries(): readonly SpoolEntry[] {
    return this.#entries;
  }

  /**
   * Keeps a batch; resolves once it would survive a power cut. Calls must not overlap. A number is
   * used up even when writing fails, so that the server sees the gap.
   */
  async append(sequence: number, rows: number, bytes: Uint8Array): Promise<void> {
    if (sequence !== this.#next) {
      throw new Error(`batch ${sequence} is out of order: the next is ${this.#next}`);
    }
    this.#next++;
    try {
      await this.#makeRoom(bytes.length);
      if (!this.#isEpochKept) await this.#keepEpoch();
      await writeDurably(this.dir, nameOf(sequence, rows), bytes);
    } catch (error) {
      this.stats.lostBatches++;
      this.stats.lostRows += rows;
      this.#lostSince += rows;
      throw error;
    } finally {
      this.#settled = sequence;
    }
    this.#add({ sequence, rows, bytes: bytes.length, lostBefore: this.#lostSince });
    this.#lostSince = 0;
    for (const wake of this.#onAppend.splice(0)) wake();
  }

  /** The bytes of a waiting batch; null where it has gone in the meantime. */
  async read(entry: SpoolEntry): Promise<Uint8Array | null> {
    return readFile(this.#path(entry)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  }

  /** The server has the batch: its file goes. */
  async acknowledge(sequence: number): Promise<void> {
    const index = this.#entries.findIndex((entry) => entry.sequence === sequence);
    if (index >= 0) await this.#remove(index);
  }

  /** The batch cannot be read any more: it is lost, and counted. */
  async lose(sequence: number): Promise<void> {
    const index = this.#entries.findIndex((entry) => entry.sequence === sequence);
    if (index >= 0) await this.#lose(index);
  }

  /** The server will never take the batch: it moves to `rejected/` with the answer beside it. */
  async reject(sequence: number, answer: string): Promise<void> {
    const index = this.#entries.findIndex((entry) => entry.sequence === sequence);
    const entry = this.#entries[index];
    if (!entry) return;
    const rejected = join(this.dir, 'rejected');
    await mkdir(rejected, { recursive: true, mode: 0o700 });
    const name = `${this.epoch}-${nameOf(entry.sequence, entry.rows)}`;
    // A second name takes no room.
    await link(this.#path(entry), join(rejected, name)).catch(ignorePresentOrMissing);
    // Without its answer it can be sent again all the same.
    await writeDurably(rejected, `${name}.answer.txt`, Buffer.from(answer)).catch(ignoreFull);
    await keepNewest(rejected, MAX_REJECTED_FILES);
    const now = this.#entries.findIndex((waiting) => waiting.sequence === sequence);
    if (now < 0) return;
    this.#passOn(now);
    await this.#remove(now);
  }

  /** Resolves when there is a waiting batch, or when `signal` aborts. */
  async waitForBatch(signal: AbortSignal): Promise<void> {
    if (this.#entries.length === 0) await woken(this.#onAppend, signal);
  }

  /** Resolves when a waiting batch has gone, or when `signal` aborts. */
  async waitForRemoval(signal: AbortSignal): Promise<void> {
    if (this.#entries.length > 0) await woken(this.#onRemoval, signal);
  }

  async #keepEpoch(): Promise<void> {
    await writeDurably(this.dir, EPOCH_FILE, Buffer.from(this.epoch));
    this.#isEpochKept = true;
  }

  #add(entry: SpoolEntry): void {
    this.#entries.push(entry);
    this.stats.batches++;
    this.stats.bytes += entry.bytes;
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.#entries.length > 0 && this.stats.bytes + bytes > this.#maxBytes) {
      await this.#lose(0);
    }
  }

  async #lose(index: number): Promise<void> {
    this.#countLost(this.#entries.slice(index, index + 1));
    this.#passOn(index);
    await this.#remove(index);
  }

  /** The rows of an entry that goes, and those that it would have told of, are for the next to tell of. */
  #passOn(index: number): void {
    const entry = this.#entries[index];
    if (!entry) return;
    const rows = entry.lostBefore + entry.rows;
    const next = this.#entries[index + 1];
    if (next) this.#entries[index + 1] = { ...next, lostBefore: next.lostBefore + rows };
    else this.#lostSince += rows;
  }

  #countLost(entries: readonly SpoolEntry[]): void {
    this.stats.lostBatches += entries.length;
    for (const entry of entries) this.stats.lostRows += entry.rows;
  }

  async #remove(index: number): Promise<void> {
    const [entry] = this.#entries.splice(index, 1);
    if (!entry) return;
    this.stats.batches--;
    this.stats.bytes -= entry.bytes;
    if (this.#entries.length === 0) await this.#mark(this.#settled, entry);
    await unlink(this.#path(entry)).catch(ignoreMissing);
    for (const wake of this.#onRemoval.splice(0)) wake();
  }

  /** Leaves the proof of the last number used before the last file goes. */
  async #mark(sequence: number, last: SpoolEntry): Promise<void> {
    if (sequence === this.#marker) return;
    try {
      await writeDurably(this.dir, markerOf(sequence), new Uint8Array(0));
    } catch (error) {
      ignoreFull(error as NodeJS.ErrnoException);
      // There is no room for one file more: the batch that goes becomes the marker.
      await rename(this.#path(last), join(this.dir, markerOf(sequence))).catch(ignoreMissing);
      await syncFolder(this.dir);
    }
    if (this.#marker >= 0)
      await unlink(join(this.dir, markerOf(this.#marker))).catch(ignoreMissing);
    this.#marker = sequence;
  }

  #path(entry: SpoolEntry): string {
    return join(this.dir, nameOf(entry.sequence, entry.rows));
  }
}

async function woken(sleepers: (() => void)[], signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop = () => {};
  await new Promise<void>((resolve) => {
    stop = resolve;
    sleepers.push(stop);
    signal.addEventListener('abort', stop, { once: true });
  });
  signal.removeEventListener('abort', stop);
}

interface Found {
  readonly entries: SpoolEntry[];
  readonly next: number;
  readonly marker: number;
}

async function findBatches(dir: string): Promise<Found> {
  const entries: SpoolEntry[] = [];
  const markers: number[] = [];
  for (const name of (await readdir(dir)).sort()) {
    const batch = BATCH_NAME.exec(name);
    const marked = MARKER_NAME.exec(name);
    if (batch) {
      const { size } = await stat(join(dir, name));
      entries.push({
        sequence: Number(batch[1]),
        rows: Number(batch[2]),
        bytes: size,
        lostBefore: 0,
      });
    } else if (marked) {
      markers.push(Number(marked[1]));
    } else if (name.endsWith('.part')) {
      await unlink(join(dir, name)).catch(ignoreMissing);
    }
  }
  const marker = markers.pop() ?? -1;
  for (const stale of markers) await unlink(join(dir, markerOf(stale))).catch(ignoreMissing);
  return { entries, marker, next: Math.max(marker, entries.at(-1)?.sequence ?? -1) + 1 };
}

async function readEpoch(dir: string): Promise<string | null> {
  const text = await readFile(join(dir, EPOCH_FILE), 'utf8').catch(() => '');
  return EPOCH.test(text) ? text : null;
}

function nameOf(sequence: number, rows: number): string {
  return `${String(sequence).padStart(12, '0')}-${rows}.arrow`;
}

function markerOf(sequence: number): string {
  return `${String(sequence).padStart(12, '0')}.acked`;
}

/** Write, flush, rename, flush the directory. Where that fails nothing is left to take room. */
async function writeDurably(dir: string, name: string, bytes: Uint8Array): Promise<void> {
  const part = join(dir, `${name}.part`);
  try {
    const file = await open(part, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, join(dir, name));
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dir);
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function keepNewest(dir: string, count: number): Promise<void> {
  const files: { path: string; at: number }[] = [];
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    files.push({ path, at: (await stat(path)).mtimeMs });
  }
  files.sort((a, b) => b.at - a.at);
  for (const { path } of files.slice(count)) await unlink(path).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function ignorePresentOrMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') ignoreMissing(error);
}

function ignoreFull(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error;
}
