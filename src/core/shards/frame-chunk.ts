/** The frames that one shard gets in one round, copied out of the source's memory into columns and bytes that two threads share. */
import type { WireFrame } from '../wire/frame.ts';

export const MAX_FRAMES = 8192;
/** A frame has at most 256 KiB (the readers refuse longer ones). */
const CHUNK_BYTES = 2 << 20;

const Bit = { TIME_CLIPPED: 1, CHECKSUM_PENDING: 2, LATE: 4, BROKEN_TIME: 8 } as const;

export interface FrameColumns {
  /** Place among the frames of the round. */
  readonly index: Uint32Array;
  readonly tsMicros: Float64Array;
  /** The latest time of the capture so far. */
  readonly clockMicros: Float64Array;
  readonly wireLength: Uint32Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  readonly linkType: Uint16Array;
  readonly interface: Uint32Array;
  readonly bits: Uint8Array;
  readonly bytes: Uint8Array;
}

export function newFrameColumns(): FrameColumns {
  const shared = (bytesEach: number) => new SharedArrayBuffer(bytesEach * MAX_FRAMES);
  return {
    index: new Uint32Array(shared(4)),
    tsMicros: new Float64Array(shared(8)),
    clockMicros: new Float64Array(shared(8)),
    wireLength: new Uint32Array(shared(4)),
    start: new Uint32Array(shared(4)),
    end: new Uint32Array(shared(4)),
    linkType: new Uint16Array(shared(2)),
    interface: new Uint32Array(shared(4)),
    bits: new Uint8Array(shared(1)),
    bytes: new Uint8Array(new SharedArrayBuffer(CHUNK_BYTES)),
  };
}

export interface FrameTime {
  clockMicros: number;
  /** Its window is closed already. */
  isLate: boolean;
  /** The frame's own time may be believed. */
  isCredible: boolean;
}

/** Fills the columns. */
export class FrameChunk {
  length = 0;
  /** What the numbers in `interface` stand for. */
  readonly interfaces: string[] = [];
  readonly #columns: FrameColumns;
  #used = 0;

  constructor(columns: FrameColumns) {
    this.#columns = columns;
  }

  hasRoom(frame: WireFrame): boolean {
    return this.length < MAX_FRAMES && this.#used + frame.end - frame.start <= CHUNK_BYTES;
  }

  /** Copies the frame. @param index its place among those of the round */
  put(frame: WireFrame, index: number, time: FrameTime): void {
    const columns = this.#columns;
    const at = this.length++;
    const start = this.#used;
    this.#used += frame.end - frame.start;
    columns.index[at] = index;
    columns.tsMicros[at] = frame.tsMicros;
    columns.clockMicros[at] = time.clockMicros;
    columns.wireLength[at] = Math.min(frame.wireLength, 0xffff_ffff);
    columns.start[at] = start;
    columns.end[at] = this.#used;
    columns.linkType[at] = frame.linkType;
    columns.interface[at] = this.#numberOf(frame.interface);
    columns.bits[at] =
      (frame.isTimeClipped ? Bit.TIME_CLIPPED : 0) |
      (frame.checksumPending ? Bit.CHECKSUM_PENDING : 0) |
      (time.isLate ? Bit.LATE : 0) |
      (time.isCredible ? 0 : Bit.BROKEN_TIME);
    copy(frame, columns.bytes, start);
  }

  #numberOf(name: string): number {
    const { interfaces } = this;
    if (interfaces[interfaces.length - 1] === name) return interfaces.length - 1;
    const known = interfaces.indexOf(name);
    return known >= 0 ? known : interfaces.push(name) - 1;
  }
}

/** Reads them: one object for all frames. */
export class ChunkFrame implements WireFrame {
  view: DataView = new DataView(new ArrayBuffer(0));
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  wireLength = 0;
  tsMicros = 0;
  isTimeClipped = false;
  checksumPending = false;
  linkType = 0;
  interface = '';
  isLate = false;
  clockMicros = 0;
  /** What the time is for the analysis. */
  nowMicros = 0;
  index = 0;
  #columns: FrameColumns | null = null;
  #interfaces: readonly string[] = [];

  open(columns: FrameColumns, interfaces: readonly string[]): void {
    const { bytes } = columns;
    this.#columns = columns;
    this.#interfaces = interfaces;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  at(frame: number): void {
    const columns = this.#columns!;
    const bits = columns.bits[frame]!;
    this.start = columns.start[frame]!;
    this.end = columns.end[frame]!;
    this.wireLength = columns.wireLength[frame]!;
    this.tsMicros = columns.tsMicros[frame]!;
    this.clockMicros = columns.clockMicros[frame]!;
    this.nowMicros = bits & Bit.BROKEN_TIME ? this.clockMicros : this.tsMicros;
    this.index = columns.index[frame]!;
    this.linkType = columns.linkType[frame]!;
    this.interface = this.#interfaces[columns.interface[frame]!] ?? '';
    this.isTimeClipped = (bits & Bit.TIME_CLIPPED) !== 0;
    this.checksumPending = (bits & Bit.CHECKSUM_PENDING) !== 0;
    this.isLate = (bits & Bit.LATE) !== 0;
  }
}

/** A loop is faster for short frames: making a view costs as much as copying some eighty bytes. */
function copy({ bytes, start, end }: WireFrame, to: Uint8Array, at: number): void {
  if (end - start > 128) to.set(bytes.subarray(start, end), at);
  else for (let from = start; from < end; from++) to[at + from - start] = bytes[from]!;
}
