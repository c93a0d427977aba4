/**
 * Reads a segment's blocks, all of them or those at given offsets, through one window of memory.
 *
 * Segments are ours, but they lie on a disk: a block that does not hold together ends the walk and nothing
 * behind it is trusted.
 */
import type { FileHandle } from 'node:fs/promises';
import { BlockType, PACKET_BLOCK_BYTES } from '../../capture/write-pcapng.ts';

/** Far larger than any block that the ring writes. */
const WINDOW_BYTES = 512 * 1024;
const MAX_BLOCK_BYTES = WINDOW_BYTES / 2;
const MIN_BLOCK_BYTES = 12;

/** Refilled for every block: read it now. */
export interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The block is `view[at, at + length)`. */
  at: number;
  length: number;
  /** Of the block in the file. */
  offset: number;
  type: number;
  isPacket: boolean;
}

/**
 * Calls `onBlock` for each block in `[0, end)`, or for those at `offsets`, ascending, and resolves to where the
 * walk ended: `end`, or the first block that is not whole.
 */
export async function walkBlocks(
  file: FileHandle,
  end: number,
  onBlock: (block: Block) => void,
  offsets?: Iterable<number>,
): Promise<number> {
  const bytes = new Uint8Array(WINDOW_BYTES);
  const view = new DataView(bytes.buffer);
  const block: Block = { bytes, view, at: 0, length: 0, offset: 0, type: 0, isPacket: false };
  /** The window is `[begin, begin + filled)` of the file. */
  let begin = 0;
  let filled = 0;

  const fill = async (offset: number) => {
    begin = offset;
    filled = 0;
    const wanted = Math.min(WINDOW_BYTES, end - offset);
    while (filled < wanted) {
      const { bytesRead } = await file.read(bytes, filled, wanted - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
  };
  const has = (offset: number, count: number) =>
    offset >= begin && offset + count <= begin + filled;

  /** False where there is no whole block at `offset`. */
  const visit = async (offset: number): Promise<boolean> => {
    if (offset + MIN_BLOCK_BYTES > end) return false;
    if (!has(offset, MIN_BLOCK_BYTES)) await fill(offset);
    if (!has(offset, MIN_BLOCK_BYTES)) return false;
    const length = view.getUint32(offset - begin + 4, true);
    if (length < MIN_BLOCK_BYTES || length % 4 !== 0 || length > MAX_BLOCK_BYTES) return false;
    if (offset + length > end) return false;
    if (!has(offset, length)) await fill(offset);
    if (!has(offset, length)) return false;
    const at = offset - begin;
    if (view.getUint32(at + length - 4, true) !== length) return false;
    block.at = at;
    block.length = length;
    block.offset = offset;
    block.type = view.getUint32(at, true);
    block.isPacket = block.type === BlockType.PACKET;
    if (block.isPacket) {
      if (length < PACKET_BLOCK_BYTES) return false;
      if (view.getUint32(at + 20, true) > length - PACKET_BLOCK_BYTES) return false;
    }
    onBlock(block);
    return true;
  };

  if (offsets !== undefined) {
    for (const offset of offsets) if (!(await visit(offset))) return offset;
    return end;
  }
  let offset = 0;
  while (offset < end) {
    if (!(await visit(offset))) return offset;
    offset += block.length;
  }
  return end;
}
