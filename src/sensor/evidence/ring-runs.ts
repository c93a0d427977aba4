/**
 * A ring as what its sensor saw each time it ran, in the order of capture: what an alert is derived from again.
 * The first segment of a run says so in its section's comment.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { ByteFeed } from '../../capture/byte-feed.ts';
import { openFeedCapture } from '../../capture/open-capture.ts';
import type { Source } from '../../capture/source.ts';
import { MAX_WIRE_LENGTH } from '../source-batches.ts';
import { listSegments, type SegmentFile, segmentPath } from './segment-files.ts';
import { walkBlocks } from './walk-blocks.ts';

export const RUN_BEGINS = 'The sensor began here.';

const OPTION_COMMENT = 1;
/** More than section, interface and the largest packet take. */
const HEAD_BYTES = 96 * 1024;

export interface RingRun {
  /** Of the first packet that is kept, µs since the epoch. */
  readonly firstMicros: number;
  /** Nothing of it has been removed to make room. */
  readonly isWhole: boolean;
  /** For one reading. Segments that go meanwhile are missing at its beginning. */
  open(): Promise<Source>;
}

/** Oldest first; none where the folder has no packets. */
export async function ringRuns(dir: string): Promise<RingRun[]> {
  const runs: { firstMicros: number; isWhole: boolean; segments: SegmentFile[] }[] = [];
  for (const segment of await listSegments(dir)) {
    const head = await readHead(dir, segment);
    if (head === null) continue;
    const last = runs.at(-1);
    if (last === undefined || head.isBegin)
      runs.push({ firstMicros: head.firstMicros, isWhole: head.isBegin, segments: [segment] });
    else last.segments.push(segment);
  }
  return runs.map(({ segments, ...run }) => ({ ...run, open: () => openSegments(dir, segments) }));
}

/** Null where there is no packet in it, or it has gone. */
async function readHead(dir: string, { number, bytes }: SegmentFile) {
  const file = await openOrNull(segmentPath(dir, number));
  if (file === null) return null;
  let isBegin = false;
  let firstMicros = Number.POSITIVE_INFINITY;
  try {
    await walkBlocks(file, Math.min(bytes, HEAD_BYTES), ({ view, bytes: memory, at, ...block }) => {
      if (block.offset === 0 && view.getUint16(at + 24, true) === OPTION_COMMENT) {
        const begin = at + 28;
        const comment = memory.subarray(begin, begin + view.getUint16(at + 26, true));
        isBegin = new TextDecoder().decode(comment) === RUN_BEGINS;
      }
      if (!block.isPacket || Number.isFinite(firstMicros)) return;
      firstMicros = view.getUint32(at + 12, true) * 2 ** 32 + view.getUint32(at + 16, true);
    });
  } finally {
    await file.close();
  }
  return Number.isFinite(firstMicros) ? { isBegin, firstMicros } : null;
}

/** One section after another is a capture, too. */
async function openSegments(dir: string, segments: readonly SegmentFile[]): Promise<Source> {
  const source = await openFeedCapture(new SegmentFeed(dir, segments), 'evidence');
  return {
    name: source.name,
    stats: source.stats,
    run: (onFrame, options) =>
      source.run((frame) => {
        // As the sensor has shipped it.
        frame.wireLength = Math.min(frame.wireLength, MAX_WIRE_LENGTH);
        onFrame(frame);
      }, options),
  };
}

class SegmentFeed implements ByteFeed {
  readonly #dir: string;
  readonly #segments: SegmentFile[];
  #file: FileHandle | null = null;
  /** Of the open one, as long as it was when it was listed. */
  #left = 0;

  constructor(dir: string, segments: readonly SegmentFile[]) {
    this.#dir = dir;
    this.#segments = [...segments];
  }

  async read(into: Uint8Array): Promise<number> {
    for (;;) {
      const wanted = Math.min(into.length, this.#left);
      const got =
        this.#file && wanted > 0 ? (await this.#file.read(into, 0, wanted, null)).bytesRead : 0;
      this.#left -= got;
      if (got > 0) return got;
      await this.close();
      const segment = this.#segments.shift();
      if (segment === undefined) return 0;
      this.#file = await openOrNull(segmentPath(this.#dir, segment.number));
      this.#left = segment.bytes;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#left = 0;
    await file?.close();
  }
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  return open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
