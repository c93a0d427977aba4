/**
 * What visitors leave behind, as files named by their SHA-256 in one folder (`<hash>`, or `<hash>.cut` when only the first
 * part was kept). Data streams to disk, so memory does not grow with it; files are never made executable,
 * never opened again by us, and bounded in size each and together. Once full, uploads are hashed and counted only.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LureLimits } from './lure-limits.ts';

const PART = '.part';

export interface StoredUpload {
  /** Of all that was received, kept or not. */
  readonly bytes: number;
  readonly sha256: string;
}

export class UploadStore {
  readonly #directory: string;
  readonly #limits: LureLimits;
  #bytes = 0;
  #next = 0;
  /** Uploads of which not all was kept. */
  #cut = 0;

  /** Makes the folder, and takes stock of what an earlier run has left there. */
  constructor(directory: string, limits: LureLimits) {
    this.#directory = directory;
    this.#limits = limits;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) {
      if (name.endsWith(PART)) rmSync(join(directory, name));
      else this.#bytes += statSync(join(directory, name)).size;
    }
  }

  get counts(): { bytes: number; cut: number } {
    return { bytes: this.#bytes, cut: this.#cut };
  }

  begin(): Upload {
    const path = join(this.#directory, `${process.pid}-${this.#next++}${PART}`);
    return new Upload(
      path,
      this.#limits.maxUploadBytes,
      (bytes) => this.#reserve(bytes),
      (upload, kept, isCut) => {
        if (isCut) this.#cut++;
        this.#keep(path, upload.sha256 + (isCut ? '.cut' : ''), kept);
      },
    );
  }

  /** How many of these bytes may be kept. */
  #reserve(bytes: number): number {
    const granted = Math.min(bytes, this.#limits.maxUploadsBytes - this.#bytes);
    this.#bytes += Math.max(0, granted);
    return Math.max(0, granted);
  }

  #keep(path: string, name: string, kept: number): void {
    const target = join(this.#directory, name);
    if (kept > 0 && !existsSync(target)) {
      renameSync(path, target);
      return;
    }
    // The same file again, as worms do.
    rmSync(path, { force: true });
    this.#bytes -= kept;
  }
}

/** One upload in progress. Synchronous, for chunks are small and the total is bounded. */
export class Upload {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #reserve: (bytes: number) => number;
  readonly #keep: (upload: StoredUpload, keptBytes: number, isCut: boolean) => void;
  readonly #hash = createHash('sha256');
  #file: number | null = null;
  #bytes = 0;
  #kept = 0;
  #isFull = false;

  constructor(
    path: string,
    maxBytes: number,
    reserve: (bytes: number) => number,
    keep: (upload: StoredUpload, keptBytes: number, isCut: boolean) => void,
  ) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#reserve = reserve;
    this.#keep = keep;
  }

  get bytes(): number {
    return this.#bytes;
  }

  write(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    const room = this.#isFull ? 0 : Math.min(chunk.length, this.#maxBytes - this.#kept);
    const granted = room > 0 ? this.#reserve(room) : 0;
    if (granted < chunk.length) this.#isFull = true;
    if (granted > 0) this.#store(chunk.subarray(0, granted));
  }

  finish(): StoredUpload {
    if (this.#file !== null) closeSync(this.#file);
    const upload = { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
    if (this.#bytes > 0) this.#keep(upload, this.#kept, this.#kept < this.#bytes);
    return upload;
  }

  #store(chunk: Uint8Array): void {
    try {
      this.#file ??= openSync(this.#path, 'wx', 0o600);
      writeSync(this.#file, chunk);
    } catch {
      // The disk is full or gone: the upload is still hashed and counted. What was reserved stays so until a restart.
      this.#isFull = true;
      return;
    }
    this.#kept += chunk.length;
  }
}
