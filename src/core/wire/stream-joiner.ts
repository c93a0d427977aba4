/**
 * Messages of TCP streams that go on in the next segment: keeps the bytes of a message that was begun and
 * appends what follows in order, until the message's reader has what it needs.
 *
 * Bounds: `SETS × WAYS` messages of at most `MAX_MESSAGE_BYTES`, allocated as they are needed (16 MiB at
 * most). A new message takes the place of the one in its set that was touched longest ago; `evicted` counts.
 * One piece that came too early is kept in its place until the gap before it is filled; of bytes that come
 * twice the first count (a receiver need not agree: RFC 9293 leaves it open). A message whose second segment
 * comes before its first is not joined.
 */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import type { Span } from './span.ts';
import { surroundingsOf } from './surroundings.ts';

const SETS = 256;
const WAYS = 4;
const SLOTS = SETS * WAYS;
export const MAX_MESSAGE_BYTES = 16_384;
const KEY_WORDS = 10;
const FREE = -1;

/** What `append` answers. */
export const Joined = {
  /** The segment brought nothing new, or came too early: there is nothing to read. */
  NOTHING: 0,
  /** The message is longer now. */
  GROWN: 1,
  /** The segment lies outside the window: it does not belong to the message, which is waited for as before. */
  FOREIGN: 2,
} as const;

export class StreamJoiner {
  evicted = 0;
  #used = 0;
  #clock = 0;
  readonly #keys = new Uint32Array(SLOTS * KEY_WORDS);
  readonly #protocol = new Int8Array(SLOTS).fill(FREE);
  readonly #firstSeq = new Uint32Array(SLOTS);
  readonly #length = new Int32Array(SLOTS);
  /** The early piece, as offsets in the message; equal: there is none. */
  readonly #earlyStart = new Int32Array(SLOTS);
  readonly #earlyEnd = new Int32Array(SLOTS);
  /** Bytes of the message at which it is worth reading again. */
  readonly #need = new Int32Array(SLOTS);
  readonly #readBefore = new Int32Array(SLOTS);
  readonly #touched = new Float64Array(SLOTS);
  readonly #memory: (Uint8Array | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);
  readonly #views: (DataView | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);

  /** The message that the row's direction of its connection has begun; -1: none. */
  find(batch: PacketBatch, row: number): number {
    if (this.#used === 0) return -1;
    const first = WAYS * setOf(batch, row);
    for (let slot = first; slot < first + WAYS; slot++)
      if (this.#protocol[slot]! !== FREE && this.#isOf(slot, batch, row)) return slot;
    return -1;
  }

  /** Keeps the segment as the beginning of a message of `protocol` that is worth reading at `need` bytes. */
  begin(batch: PacketBatch, row: number, segment: Span, protocol: number, need: number): void {
    const bytes = segment.end - segment.start;
    if (bytes >= MAX_MESSAGE_BYTES) return;
    const slot = this.#take(batch, row);
    const memory = this.#memoryOf(slot);
    copy(segment.bytes, segment.start, memory, 0, bytes);
    this.#protocol[slot] = protocol;
    this.#firstSeq[slot] = batch.seq[row]!;
    this.#length[slot] = bytes;
    this.#earlyStart[slot] = 0;
    this.#earlyEnd[slot] = 0;
    this.#setNeed(slot, bytes, need);
  }

  append(slot: number, seq: number, segment: Span): number {
    const known = this.#length[slot]!;
    const offset = (seq - this.#firstSeq[slot]!) | 0;
    if (offset < 0 || offset > known + MAX_MESSAGE_BYTES) return Joined.FOREIGN;
    this.#touched[slot] = ++this.#clock;
    const end = Math.min(offset + segment.end - segment.start, MAX_MESSAGE_BYTES);
    if (offset > known) {
      this.#keepEarly(slot, offset, end, segment);
      return Joined.NOTHING;
    }
    if (end <= known) return Joined.NOTHING;
    this.#fill(slot, known, end, segment, segment.start - offset);
    return Joined.GROWN;
  }

  protocolOf(slot: number): number {
    return this.#protocol[slot]!;
  }

  setProtocol(slot: number, protocol: number): void {
    this.#protocol[slot] = protocol;
  }

  /** What is there is what the reader asked for, or all that there is room for. */
  isWorthReading(slot: number): boolean {
    return this.#length[slot]! >= this.#need[slot]! || this.isFull(slot);
  }

  isFull(slot: number): boolean {
    return this.#length[slot]! >= MAX_MESSAGE_BYTES;
  }

  /** Bytes that were there when the message was read last. */
  readBefore(slot: number): number {
    return this.#readBefore[slot]!;
  }

  /** Points `span` at the message as far as it has come. */
  show(slot: number, span: Span): void {
    span.bytes = this.#memoryOf(slot);
    span.view = this.#views[slot]!;
    span.start = 0;
    span.end = this.#length[slot]!;
    span.wireEnd = span.end;
  }

  /** The message has been read as far as it has come; it is worth reading again at `need` bytes. */
  wait(slot: number, need: number): void {
    this.#setNeed(slot, this.#length[slot]!, need);
  }

  /** The message has been read, or is of no use. */
  end(slot: number): void {
    this.#protocol[slot] = FREE;
    this.#used--;
  }

  #setNeed(slot: number, readBefore: number, need: number): void {
    this.#readBefore[slot] = readBefore;
    this.#need[slot] = Math.max(need, readBefore + 1);
  }

  /** Appends what `segment` has for [known, end) of the message, around the piece that came early. */
  #fill(slot: number, known: number, end: number, { bytes }: Span, origin: number): void {
    const memory = this.#memoryOf(slot);
    const earlyStart = this.#earlyStart[slot]!;
    const earlyEnd = this.#earlyEnd[slot]!;
    if (earlyEnd <= known || earlyStart > end) {
      copy(bytes, origin + known, memory, known, end - known);
      this.#length[slot] = end;
      return;
    }
    copy(bytes, origin + known, memory, known, earlyStart - known);
    if (end > earlyEnd) copy(bytes, origin + earlyEnd, memory, earlyEnd, end - earlyEnd);
    this.#length[slot] = Math.max(end, earlyEnd);
  }

  #keepEarly(slot: number, offset: number, end: number, segment: Span): void {
    if (offset >= end || this.#earlyEnd[slot]! > this.#length[slot]!) return;
    copy(segment.bytes, segment.start, this.#memoryOf(slot), offset, end - offset);
    this.#earlyStart[slot] = offset;
    this.#earlyEnd[slot] = end;
  }

  /** A free place, the same stream's, or the one touched longest ago. */
  #take(batch: PacketBatch, row: number): number {
    const first = WAYS * setOf(batch, row);
    let best = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#protocol[slot] === FREE || this.#isOf(slot, batch, row)) {
        best = slot;
        break;
      }
      if (this.#touched[slot]! < this.#touched[best]!) best = slot;
    }
    if (this.#protocol[best] === FREE) this.#used++;
    else if (!this.#isOf(best, batch, row)) this.evicted++;
    const key = best * KEY_WORDS;
    for (let i = 0; i < 4; i++) {
      this.#keys[key + i] = batch.src[4 * row + i]!;
      this.#keys[key + 4 + i] = batch.dst[4 * row + i]!;
    }
    this.#keys[key + 8] = portsOf(batch, row);
    this.#keys[key + 9] = surroundingsOf(batch, row);
    this.#touched[best] = ++this.#clock;
    return best;
  }

  #isOf(slot: number, batch: PacketBatch, row: number): boolean {
    const keys = this.#keys;
    const key = slot * KEY_WORDS;
    const at = 4 * row;
    const { src, dst } = batch;
    return (
      keys[key + 8] === portsOf(batch, row) &&
      keys[key + 3] === src[at + 3] &&
      keys[key + 7] === dst[at + 3] &&
      keys[key + 2] === src[at + 2] &&
      keys[key + 6] === dst[at + 2] &&
      keys[key + 1] === src[at + 1] &&
      keys[key + 5] === dst[at + 1] &&
      keys[key] === src[at] &&
      keys[key + 4] === dst[at] &&
      keys[key + 9] === surroundingsOf(batch, row)
    );
  }

  #memoryOf(slot: number): Uint8Array {
    let memory = this.#memory[slot];
    if (memory === undefined) {
      memory = new Uint8Array(MAX_MESSAGE_BYTES);
      this.#memory[slot] = memory;
      this.#views[slot] = new DataView(memory.buffer);
    }
    return memory;
  }
}

function copy(from: Uint8Array, start: number, to: Uint8Array, at: number, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[start + i]!;
}

function portsOf(batch: PacketBatch, row: number): number {
  return ((batch.srcPort[row]! << 16) | batch.dstPort[row]!) >>> 0;
}

function setOf(batch: PacketBatch, row: number): number {
  const at = 4 * row;
  const { src, dst } = batch;
  let h = portsOf(batch, row) ^ Math.imul(src[at + 3]! ^ Math.imul(src[at + 1]!, 31), 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b) ^ Math.imul(dst[at + 3]! ^ src[at + 2]!, 0xc2b2ae35);
  h ^= surroundingsOf(batch, row);
  return ((h ^ (h >>> 13)) & (SETS - 1)) >>> 0;
}
