/**
 * The files of a ring: `NNNNNNNNNN.pcapng`, packets, and `NNNNNNNNNN.index` beside each that is complete.
 * Numbers only grow. What a crash left half-written is cut to its last whole block.
 */
import { open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { walkBlocks } from './walk-blocks.ts';

const SEGMENT_NAME = /^(\d{10})\.pcapng$/;
/** Files of ours that may be left over: an index without a segment, one that was being written. */
const OTHER_NAME = /^(\d{10})\.(index|index\.part)$/;

export interface SegmentFile {
  readonly number: number;
  /** Of the packets' file. */
  readonly bytes: number;
  /** 0: no index. */
  readonly indexBytes: number;
}

export function segmentPath(dir: string, number: number): string {
  return join(dir, `${String(number).padStart(10, '0')}.pcapng`);
}

export function indexPath(dir: string, number: number): string {
  return join(dir, `${String(number).padStart(10, '0')}.index`);
}

/** Oldest first. A file that goes meanwhile is left out; a folder that is not there has none. */
export async function listSegments(dir: string): Promise<SegmentFile[]> {
  const segments: SegmentFile[] = [];
  for (const name of (await namesIn(dir)).sort()) {
    const number = SEGMENT_NAME.exec(name)?.[1];
    if (number === undefined) continue;
    const bytes = await sizeOf(join(dir, name));
    if (bytes === null) continue;
    const indexBytes = (await sizeOf(indexPath(dir, Number(number)))) ?? 0;
    segments.push({ number: Number(number), bytes, indexBytes });
  }
  return segments;
}

export async function removeSegment(dir: string, number: number): Promise<void> {
  await rm(indexPath(dir, number), { force: true });
  await rm(segmentPath(dir, number), { force: true });
}

/** Makes a folder that was left at any moment into whole segments, and lists them. */
export async function repairSegments(dir: string): Promise<SegmentFile[]> {
  const found = await listSegments(dir);
  const numbers = new Set(found.map(({ number }) => number));
  for (const name of await namesIn(dir)) {
    const other = OTHER_NAME.exec(name);
    if (other && (other[2] !== 'index' || !numbers.has(Number(other[1]))))
      await rm(join(dir, name), { force: true });
  }
  for (const segment of found) if (segment.indexBytes === 0) await cutToWholeBlocks(dir, segment);
  return listSegments(dir);
}

async function cutToWholeBlocks(dir: string, { number, bytes }: SegmentFile): Promise<void> {
  const path = segmentPath(dir, number);
  let packets = 0;
  const file = await open(path, 'r');
  let whole: number;
  try {
    whole = await walkBlocks(file, bytes, (block) => {
      if (block.isPacket) packets++;
    });
  } finally {
    await file.close();
  }
  if (packets === 0) await removeSegment(dir, number);
  else if (whole < bytes) await truncate(path, whole);
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch(ifMissing([]));
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(({ size }) => size, ifMissing(null));
}

function ifMissing<Value>(value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
}
