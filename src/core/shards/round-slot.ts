/**
 * Memory that the sharing thread and a shard have in common for one round at a time: frames go, decoded rows come
 * back, and nothing of it is copied or changes hands. About 4.5 MiB.
 */
import { PacketBatch } from '../../contract/packet-batch.ts';
import { type FrameColumns, MAX_FRAMES, newFrameColumns } from './frame-chunk.ts';
import { newRowColumns, type RowColumns } from './shown-rows.ts';

export interface SlotMemory {
  readonly frames: FrameColumns;
  readonly rows: RowColumns;
  readonly batch: readonly ArrayBufferLike[];
}

export interface RoundSlot {
  readonly memory: SlotMemory;
  readonly batch: PacketBatch;
}

export function newSlot(): RoundSlot {
  const memory = {
    frames: newFrameColumns(),
    rows: newRowColumns(),
    batch: new PacketBatch(MAX_FRAMES).memory.map(
      ({ byteLength }) => new SharedArrayBuffer(byteLength),
    ),
  };
  const slot = slotOn(memory);
  // Whatever rows there were, they are null now.
  slot.batch.length = MAX_FRAMES;
  slot.batch.clear();
  return slot;
}

/** The other side of a slot. */
export function slotOn(memory: SlotMemory): RoundSlot {
  return { memory, batch: new PacketBatch(MAX_FRAMES, memory.batch) };
}
