/**
 * Writes pcapng, little-endian, whole microseconds: for the ring of evidence and what is fetched from it.
 *
 * Packets go straight into memory that the caller reuses; nothing is allocated for one.
 * Source: draft-ietf-opsawg-pcapng, sections 4.1 (section header), 4.2 (interface), 4.3 (packet), 4.6 (statistics).
 */
import type { WireFrame } from '../core/wire/frame.ts';
import type { CaptureLoss } from './source.ts';

/** The block types written here, for those who read them back in place. */
export const BlockType = { SECTION: 0x0a0d0d0a, INTERFACE: 1, STATISTICS: 5, PACKET: 6 } as const;

/** Before the bytes of a packet within its block, and with the length behind them. */
export const PACKET_HEADER_BYTES = 28;
export const PACKET_BLOCK_BYTES = PACKET_HEADER_BYTES + 4;

/** What an interface block takes at most: its fixed part, a name, the resolution, the end. */
export const MAX_INTERFACE_BLOCK_BYTES = 16 + 4 + 256 + 8 + 4 + 4;

const MAX_NAME_BYTES = 255;
const MAX_COMMENT_BYTES = 4096;
const OPTION_COMMENT = 1;
const OPTION_APPLICATION = 4;
const OPTION_NAME = 2;
const OPTION_RESOLUTION = 9;
const OPTION_START_TIME = 2;
const OPTION_END_TIME = 3;
const OPTION_SYSTEM_DROPS = 7;
const MICROSECONDS = 6;
const WORD = 2 ** 32;

/** The same memory twice, as a frame has it. */
export interface BlockMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export interface CaptureInterface {
  /** LINKTYPE_ number, 16 bits. */
  readonly linkType: number;
  /** Cut to 255 bytes of UTF-8; empty: none. */
  readonly name: string;
  /** The most that is kept of a packet. */
  readonly snapBytes: number;
}

/** Begins a file. `comment` is what readers show as the capture's, cut to 4,096 bytes. */
export function sectionHeader(comment = ''): Uint8Array {
  const options = [option(OPTION_APPLICATION, text('PhantomNet', MAX_NAME_BYTES))];
  if (comment !== '') options.unshift(option(OPTION_COMMENT, text(comment, MAX_COMMENT_BYTES)));
  return block(BlockType.SECTION, 16, options, (view) => {
    view.setUint32(8, 0x1a2b3c4d, true);
    view.setUint16(12, 1, true);
    // The section's length is not known when it begins.
    view.setBigInt64(16, -1n, true);
  });
}

/** Describes an interface; the n-th block of a section describes interface n - 1. */
export function interfaceBlock({ linkType, name, snapBytes }: CaptureInterface): Uint8Array {
  const options = [option(OPTION_RESOLUTION, Uint8Array.of(MICROSECONDS))];
  if (name !== '') options.unshift(option(OPTION_NAME, text(name, MAX_NAME_BYTES)));
  return block(BlockType.INTERFACE, 8, options, (view) => {
    view.setUint16(8, linkType, true);
    view.setUint32(12, snapBytes, true);
  });
}

/** Tells what the system dropped between two times, of the section's first interface. */
export function lossBlock({ packets, fromMicros, toMicros }: CaptureLoss): Uint8Array {
  const options = [
    option(OPTION_START_TIME, timeBytes(fromMicros)),
    option(OPTION_END_TIME, timeBytes(toMicros)),
    option(OPTION_SYSTEM_DROPS, countBytes(packets)),
  ];
  return block(BlockType.STATISTICS, 12, options, (view) => {
    const [high, low] = wordsOf(toMicros);
    view.setUint32(12, high, true);
    view.setUint32(16, low, true);
  });
}

/** Bytes of the block that holds `capturedBytes` of a packet. */
export function packetBlockBytes(capturedBytes: number): number {
  return PACKET_BLOCK_BYTES + ((capturedBytes + 3) & ~3);
}

/**
 * Writes the frame's first `capturedBytes` at `at` and returns where the block ends. The caller sees to
 * the room. Times before 1970 become 1970.
 */
export function writePacketBlock(
  memory: BlockMemory,
  at: number,
  frame: Pick<WireFrame, 'bytes' | 'start' | 'wireLength'>,
  tsMicros: number,
  interfaceId: number,
  capturedBytes: number,
): number {
  const { bytes, view } = memory;
  const length = packetBlockBytes(capturedBytes);
  const end = at + length;
  const time = Math.max(0, tsMicros);
  const high = Math.floor(time / WORD);
  view.setUint32(at, BlockType.PACKET, true);
  view.setUint32(at + 4, length, true);
  view.setUint32(at + 8, interfaceId, true);
  view.setUint32(at + 12, high, true);
  view.setUint32(at + 16, time - high * WORD, true);
  view.setUint32(at + 20, capturedBytes, true);
  view.setUint32(at + 24, frame.wireLength, true);
  // The padding: at most three bytes of the last word, written over by the packet where it reaches.
  if (length > PACKET_BLOCK_BYTES) view.setUint32(end - 8, 0, true);
  copyBytes.call(
    frame.bytes,
    bytes,
    at + PACKET_HEADER_BYTES,
    frame.start,
    frame.start + capturedBytes,
  );
  view.setUint32(end - 4, length, true);
  return end;
}

/** Takes any Uint8Array; unlike `set` with `subarray`, it makes no view. */
const copyBytes = Buffer.prototype.copy;

function block(
  type: number,
  fixedBytes: number,
  options: readonly Uint8Array[],
  fill: (view: DataView) => void,
): Uint8Array {
  const optionBytes = options.reduce((sum, each) => sum + each.length, 0) + 4;
  const length = 8 + fixedBytes + optionBytes + 4;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  fill(view);
  let at = 8 + fixedBytes;
  for (const each of options) {
    bytes.set(each, at);
    at += each.length;
  }
  view.setUint32(length - 4, length, true);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + ((value.length + 3) & ~3));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

/** As times stand in a block: the higher word first, each little-endian. */
function timeBytes(micros: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  const [high, low] = wordsOf(micros);
  view.setUint32(0, high, true);
  view.setUint32(4, low, true);
  return new Uint8Array(view.buffer);
}

function countBytes(count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(count), true);
  return new Uint8Array(view.buffer);
}

function wordsOf(micros: number): [number, number] {
  const time = Math.max(0, micros);
  const high = Math.floor(time / WORD);
  return [high, time - high * WORD];
}

/** UTF-8, cut between characters. */
function text(value: string, maxBytes: number): Uint8Array {
  const bytes = new Uint8Array(maxBytes);
  return bytes.subarray(0, new TextEncoder().encodeInto(value, bytes).written);
}
