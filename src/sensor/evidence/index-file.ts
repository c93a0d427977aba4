/**
 * A segment's index as a file beside it, little-endian as the machines it is for:
 *
 *   0  magic, 8 bytes · 8 checksum of all behind it · 12 blocks · 16 flows · 20 bytes of the segment
 *  24  first and last packet's time, 2 × float64 · 40 columns: offsets u32, addresses 8 × u32, ports 2 × i32,
 *      flowOf u16, protocols u8
 *
 * An index that does not fit its segment or its checksum is as good as none: the segment is then read whole.
 */
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { FlowIndex } from '../../core/flows/flow-index.ts';

const MAGIC = new TextEncoder().encode('PNindex1');
const HEADER_BYTES = 40;
const CHECKED_FROM = 12;

/** Of packets; infinite, first above last, where there is none or it is not known. */
export interface TimeSpan {
  readonly firstMicros: number;
  readonly lastMicros: number;
}

export interface SegmentIndex extends TimeSpan {
  readonly blocks: number;
  readonly flows: number;
  readonly offsets: Uint32Array;
  readonly flowOf: Uint16Array;
  readonly addresses: Uint32Array;
  readonly ports: Int32Array;
  readonly protocols: Uint8Array;
}

export function encodeIndex(index: FlowIndex, segmentBytes: number): Uint8Array {
  const { blocks, flows } = index;
  const bytes = new Uint8Array(indexBytes(blocks, flows));
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  new Uint32Array(bytes.buffer, CHECKED_FROM, 3).set([blocks, flows, segmentBytes]);
  new Float64Array(bytes.buffer, 24, 2).set([index.firstMicros, index.lastMicros]);
  const columns = columnsOf(bytes, blocks, flows);
  columns.offsets.set(index.offsets.subarray(0, blocks));
  columns.addresses.set(index.addresses.subarray(0, 8 * flows));
  columns.ports.set(index.ports.subarray(0, 2 * flows));
  columns.flowOf.set(index.flowOf.subarray(0, blocks));
  columns.protocols.set(index.protocols.subarray(0, flows));
  view.setUint32(8, crc32(bytes.subarray(CHECKED_FROM)), true);
  return bytes;
}

/** Of the index file at `path`, read from its beginning alone; null where that is none of such a segment. */
export async function readSpan(path: string, segmentBytes: number): Promise<TimeSpan | null> {
  const header = new Uint8Array(HEADER_BYTES);
  const file = await open(path, 'r');
  try {
    if ((await file.read(header, 0, HEADER_BYTES, 0)).bytesRead < HEADER_BYTES) return null;
  } finally {
    await file.close();
  }
  if (!isIndexOf(header, segmentBytes)) return null;
  const [firstMicros = 0, lastMicros = 0] = new Float64Array(header.buffer, 24, 2);
  return { firstMicros, lastMicros };
}

/** Null where the bytes are no index of a segment of `segmentBytes`. */
export function decodeIndex(file: Uint8Array, segmentBytes: number): SegmentIndex | null {
  if (file.length < HEADER_BYTES) return null;
  // A copy: columns need an aligned beginning, which a pooled buffer does not have.
  const bytes = new Uint8Array(file);
  const view = new DataView(bytes.buffer);
  const [blocks = 0, flows = 0] = new Uint32Array(bytes.buffer, CHECKED_FROM, 2);
  if (!isIndexOf(bytes, segmentBytes) || bytes.length !== indexBytes(blocks, flows)) return null;
  if (view.getUint32(8, true) !== crc32(bytes.subarray(CHECKED_FROM))) return null;
  const [firstMicros = 0, lastMicros = 0] = new Float64Array(bytes.buffer, 24, 2);
  return { blocks, flows, firstMicros, lastMicros, ...columnsOf(bytes, blocks, flows) };
}

function isIndexOf(bytes: Uint8Array<ArrayBuffer>, segmentBytes: number): boolean {
  return (
    MAGIC.every((byte, at) => bytes[at] === byte) &&
    new DataView(bytes.buffer).getUint32(20, true) === segmentBytes
  );
}

function indexBytes(blocks: number, flows: number): number {
  return HEADER_BYTES + 6 * blocks + 41 * flows;
}

/** Views of the columns behind the header. */
function columnsOf({ buffer }: Uint8Array<ArrayBuffer>, blocks: number, flows: number) {
  let at = HEADER_BYTES;
  const next = (bytes: number) => {
    const begin = at;
    at += bytes;
    return begin;
  };
  return {
    offsets: new Uint32Array(buffer, next(4 * blocks), blocks),
    addresses: new Uint32Array(buffer, next(32 * flows), 8 * flows),
    ports: new Int32Array(buffer, next(8 * flows), 2 * flows),
    flowOf: new Uint16Array(buffer, next(2 * blocks), blocks),
    protocols: new Uint8Array(buffer, next(flows), flows),
  };
}
