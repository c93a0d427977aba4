/**
 * Shares out the frames of a capture among shards, in rounds of at most `MAX_FRAMES`, and tells them the time:
 * what one table would do at a packet, because time has passed, every shard does at the same packet.
 */
import { WindowAggregator } from '../features/window-aggregator.ts';
import type { WindowLimits } from '../features/window-state.ts';
import { TimeJump } from '../flows/time-jump.ts';
import type { WireFrame } from '../wire/frame.ts';
import { PacketShare } from '../wire/packet-share.ts';
import { FrameChunk, type FrameTime, MAX_FRAMES } from './frame-chunk.ts';
import { newSlot, type RoundSlot } from './round-slot.ts';
import type { ShardOrder, Tick } from './shard.ts';

/** How often shards are told the time. All that ends by time ends when it passes a multiple of something that this divides. */
export const TOLD_MICROS = 50_000;

/** What goes out at a time. */
export interface Round {
  /** One for every shard: they are the round's until they are given back. */
  readonly shares: readonly { readonly slot: RoundSlot; readonly order: ShardOrder }[];
  readonly ticks: readonly Tick[];
  /** Packets that are too late for their windows. */
  readonly late: readonly { readonly index: number; readonly tsMicros: number }[];
}

export class FrameDispatch {
  readonly #share: PacketShare;
  /** Asked which packets are late; it counts none of them. */
  readonly #windows: WindowAggregator;
  readonly #jump = new TimeJump();
  /** Of the frame last shared out. */
  readonly #time: FrameTime = { clockMicros: 0, isLate: false, isCredible: true };
  #nextTold = 0;
  #packets = 0;
  /** Frames in the round that is being filled. */
  #filled = 0;
  #slots: RoundSlot[];
  #chunks: FrameChunk[];
  #ticks: Tick[] = [];
  #late: { index: number; tsMicros: number }[] = [];
  /** By shard: a slot stays with the one that knows what is in it. */
  readonly #free: RoundSlot[][];

  constructor(shards: number, limits: Partial<WindowLimits> = {}) {
    this.#share = new PacketShare(shards);
    this.#windows = new WindowAggregator({ sensorId: '', onRow: () => {}, ...limits });
    this.#free = Array.from({ length: shards }, () => []);
    this.#slots = this.#takeSlots();
    this.#chunks = this.#slots.map(({ memory }) => new FrameChunk(memory.frames));
  }

  get packets(): number {
    return this.#packets;
  }

  get latePackets(): number {
    return this.#windows.counters.latePackets;
  }

  get outOfOrderPackets(): number {
    return this.#windows.counters.outOfOrderPackets;
  }

  /** Copies the frame; returns the round before it where that is full. */
  push(frame: WireFrame): Round | null {
    const shard = this.#share.of(frame);
    const isFull = this.#filled === MAX_FRAMES || !this.#chunks[shard]!.hasRoom(frame);
    const full = isFull ? this.take() : null;
    const index = this.#filled++;
    const { tsMicros } = frame;
    const time = this.#time;
    time.isCredible = this.#jump.isCredible(tsMicros);
    if (time.isCredible && tsMicros > time.clockMicros) this.#advance(index, tsMicros);
    time.isLate = this.#windows.admit(tsMicros) === null;
    if (time.isLate) this.#late.push({ index, tsMicros });
    this.#chunks[shard]!.put(frame, index, time);
    this.#packets++;
    return full;
  }

  /** What there is of a round; null: nothing. */
  take(): Round | null {
    if (this.#filled === 0) return null;
    const ticks = this.#ticks;
    const shares = this.#slots.map((slot, shard) => {
      const { length, interfaces } = this.#chunks[shard]!;
      return { slot, order: { frames: length, interfaces, ticks } };
    });
    const round = { shares, ticks, late: this.#late };
    this.#slots = this.#takeSlots();
    this.#chunks = this.#slots.map(({ memory }) => new FrameChunk(memory.frames));
    this.#ticks = [];
    this.#late = [];
    this.#filled = 0;
    return round;
  }

  /** The round is over. */
  giveBack({ shares }: Round): void {
    for (const [shard, { slot }] of shares.entries()) this.#free[shard]!.push(slot);
  }

  #advance(index: number, tsMicros: number): void {
    this.#time.clockMicros = tsMicros;
    if (tsMicros < this.#nextTold) return;
    this.#nextTold = (Math.floor(tsMicros / TOLD_MICROS) + 1) * TOLD_MICROS;
    this.#ticks.push({ index, tsMicros, closeMicros: tsMicros - this.#windows.latenessMicros });
  }

  #takeSlots(): RoundSlot[] {
    return this.#free.map((slots) => slots.pop() ?? newSlot());
  }
}
