/**
 * The disks that this process writes to: how much room each folder's has, said once when one is full and once when it
 * is not any more, in health while it lasts, and as metrics.
 *
 * The database's disk is not filled to the last byte: PostgreSQL ends where it cannot write its log, and begins again
 * only when there is room. So packets are refused, and wait in their spools, before it comes to that.
 */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Counter, Gauge, type Registry } from 'prom-client';
import { AppError } from '../errors.ts';
import type { Log } from './log.ts';

const MEBIBYTE = 2 ** 20;
/** Below so much a disk counts as full: a segment of PostgreSQL's log, some batches of a spool. */
const FULL_BYTES = 16 * MEBIBYTE;
/** Of the database's disk: what other statements than those of packets still need, and the log until it begins anew. */
const DATABASE_BYTES = 64 * MEBIBYTE;
/** A look is good for so long: what is written meanwhile fits into what is kept free. */
const LOOK_MS = 250;

export interface WatchedFolder {
  /** The word for it in messages and metrics. */
  readonly name: string;
  readonly path: string;
  readonly keptFreeBytes?: number;
}

export class DiskWatch {
  readonly #folders: readonly WatchedFolder[];
  readonly #log: Pick<Log, 'warn' | 'info'>;
  /** By name: the trouble that was told. */
  readonly #full = new Map<string, string>();
  readonly #timesFull = new Map<string, number>();
  readonly #looks = new Map<string, { atMs: number; free: Promise<number | null> }>();
  /** Batches refused because the database's disk is full, since the start. */
  refused = 0;

  constructor(folders: readonly WatchedFolder[], log: Pick<Log, 'warn' | 'info'>) {
    this.#folders = folders;
    this.#log = log;
  }

  /** @param database null: it is elsewhere */
  static ofDataDir(
    folders: { database: string | null; spool: string; analysis: string; evidence: string | null },
    log: Pick<Log, 'warn' | 'info'>,
  ): DiskWatch {
    const { database, spool, analysis, evidence } = folders;
    const watched: WatchedFolder[] = [];
    if (database !== null)
      watched.push({ name: 'database', path: database, keptFreeBytes: DATABASE_BYTES });
    watched.push({ name: 'spool', path: spool }, { name: 'analysis', path: analysis });
    if (evidence !== null) watched.push({ name: 'evidence', path: evidence });
    return new DiskWatch(watched, log);
  }

  /** Looks at all of them and tells what has changed. To be called now and then. */
  async look(): Promise<void> {
    for (const folder of this.#folders) this.#note(folder, await this.#free(folder));
  }

  /** What is full now. */
  troubles(): string[] {
    return [...this.#full.values()];
  }

  /** @throws AppError `database_unavailable` where a batch would take what the database needs to go on */
  async requireRoomForPackets(): Promise<void> {
    const folder = this.#folders.find(({ name }) => name === 'database');
    if (!folder) return;
    const trouble = this.#note(folder, await this.#free(folder));
    if (trouble === null) return;
    this.refused++;
    throw new AppError('database_unavailable', `Cannot store packets now: ${trouble}`);
  }

  measure(registry: Registry): void {
    const watch = this;
    const registers = [registry];
    new Gauge({
      name: 'phantomnet_disk_free_bytes',
      help: 'Room on the disk that holds the folder',
      labelNames: ['folder'],
      registers,
      async collect() {
        for (const folder of watch.#folders) {
          const free = await watch.#free(folder);
          if (free !== null) this.set({ folder: folder.name }, free);
        }
      },
    });
    new Counter({
      name: 'phantomnet_disk_full_total',
      help: 'Times that the disk of the folder was found full',
      labelNames: ['folder'],
      registers,
      collect() {
        this.reset();
        for (const { name } of watch.#folders)
          this.inc({ folder: name }, watch.#timesFull.get(name) ?? 0);
      },
    });
    new Counter({
      name: 'phantomnet_disk_refused_batches_total',
      help: "Batches refused because the database's disk is full: their sensors send them again",
      registers,
      collect() {
        this.reset();
        this.inc(watch.refused);
      },
    });
  }

  /** Null: there is room, or nobody knows. */
  #note({ name, path, keptFreeBytes = FULL_BYTES }: WatchedFolder, free: number | null) {
    const trouble =
      free !== null && free < keptFreeBytes
        ? `the disk of the ${name} is full: ${path} has less than the ${keptFreeBytes / MEBIBYTE} MB that are kept free`
        : null;
    if (trouble === (this.#full.get(name) ?? null)) return trouble;
    if (trouble === null) {
      this.#full.delete(name);
      this.#log.info(`There is room again for the ${name} in ${path}`);
    } else {
      this.#full.set(name, trouble);
      this.#timesFull.set(name, (this.#timesFull.get(name) ?? 0) + 1);
      this.#log.warn({ free }, trouble);
    }
    return trouble;
  }

  #free({ name, path }: WatchedFolder): Promise<number | null> {
    const now = performance.now();
    const last = this.#looks.get(name);
    if (last && now - last.atMs < LOOK_MS) return last.free;
    const free = freeBytes(path);
    this.#looks.set(name, { atMs: now, free });
    return free;
  }
}

/** Of the disk that the folder is on, or will be. Null: the system does not say. */
async function freeBytes(path: string): Promise<number | null> {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}
