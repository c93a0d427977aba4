/** Where an archive lies: a folder, or a bucket of an S3-compatible store. Names are the same in both. */
import { folderArchive } from './folder-archive.ts';
import type { SlicedFile } from './open-file.ts';
import { s3Archive } from './s3-archive.ts';
import type { S3Target } from './s3-target.ts';

/** A folder's path, or a bucket. A thread can be handed either. */
export type ArchiveTarget = string | S3Target;

export interface ArchivePlace {
  /** What people are told of a file. */
  pathOf(name: string): string;
  /** Of all files below a folder, `packets/2026-01-31/…`. @throws AppError `not_found`, `server_unavailable` */
  names(folder: string): Promise<string[]>;
  /** @throws AppError `input_invalid`, `server_unavailable` */
  open(name: string): Promise<SlicedFile>;
  /** Bytes of a file that was written in full before, and needs not be written again; null: it is to be written. */
  writtenBytes(name: string): Promise<number | null>;
  /** Resolves to its bytes when the place has all of it. @throws whatever kept it from that */
  write(name: string, chunks: AsyncIterable<Uint8Array>): Promise<number>;
}

export function openArchive(target: ArchiveTarget): ArchivePlace {
  return typeof target === 'string' ? folderArchive(target) : s3Archive(target);
}
