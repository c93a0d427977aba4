/**
 * The fragments of IP packets (RFC 791 §3.2, RFC 8200 §4.5): which transport conversation later ones belong
 * to, whether they overlap, and the whole packet once all of them have come, in any order.
 *
 * Bounds: `SETS × WAYS` packets at a time, forgotten after `LIFETIME_MICROS` of packet time or when their
 * place is needed (the one begun longest ago goes first; `evicted` counts). Bytes are kept only while
 * `maxWhole` is not exceeded (64 KiB each); packets past it are followed but not put together, which
 * `notJoined` counts. Of bytes that come twice the first count, and the overlap is told. Fragments that could
 * leave a gap are refused, so that a packet is complete only where each of its bytes has come.
 */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import type { Span } from './span.ts';
import { surroundingsOf } from './surroundings.ts';

const SETS = 128;
const WAYS = 4;
const SLOTS = SETS * WAYS;
const MAX_IP_BYTES = 65_536;
/** Fragment offsets count in these. */
const UNIT_BYTES = 8;
const UNITS = MAX_IP_BYTES / UNIT_BYTES;
/** As Linux does; RFC 8200 says 60 s, RFC 791 15 s. */
const LIFETIME_MICROS = 30e6;
const KEY_WORDS = 11;
const UNKNOWN = -1;
/** Index of memory where there is none. */
const NOT_KEPT = -1;

export interface FragmentOptions {
  /** Packets whose bytes are kept at a time; 0: none is put together. */
  readonly maxWhole: number;
}

export class FragmentTable {
  evicted = 0;
  notJoined = 0;
  /** Of the fragment noted last: it covers bytes that an earlier one covered. */
  isOverlapping = false;
  /** Of the fragment noted last: it can be no part of its packet, of which it changed nothing. */
  isRefused = false;
  /** To be set before `note`: the receiver throws the fragment away. */
  isDiscarded = false;
  readonly #maxWhole: number;
  readonly #keys = new Uint32Array(SLOTS * KEY_WORDS);
  readonly #begun = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);
  readonly #packet = new Float64Array(SLOTS);
  #packets = 0;
  readonly #isUsed = new Uint8Array(SLOTS);
  readonly #seen = new Uint8Array((SLOTS * UNITS) / 8);
  readonly #unitsSeen = new Int32Array(SLOTS);
  readonly #totalBytes = new Int32Array(SLOTS);
  /** Where the fragment that reaches farthest ends. */
  readonly #reach = new Int32Array(SLOTS);
  readonly #srcPort = new Int32Array(SLOTS);
  readonly #dstPort = new Int32Array(SLOTS);
  readonly #number = new Int16Array(SLOTS);
  readonly #transportStart = new Int32Array(SLOTS);
  readonly #hasHeader = new Uint8Array(SLOTS);
  /** Index of the kept bytes. */
  readonly #kept = new Int16Array(SLOTS).fill(NOT_KEPT);
  readonly #memory: { bytes: Uint8Array; view: DataView }[] = [];
  readonly #free: number[] = [];
  /** Memory of the packets that the row at hand was read from: one can carry a fragment of another. */
  readonly #shown: number[] = [];

  constructor({ maxWhole }: FragmentOptions) {
    this.#maxWhole = maxWhole;
  }

  /**
   * Notes the fragment whose bytes `span` holds, `offset` bytes into its packet's payload, and returns the
   * packet's place. `id`: the header's identification; `number`: its protocol, for IPv6 0.
   */
  note(
    batch: PacketBatch,
    row: number,
    span: Span,
    id: number,
    number: number,
    offset: number,
    hasMore: boolean,
  ): number {
    const slot = this.#slotOf(batch, row, id, number);
    const end = offset + span.wireEnd - span.start;
    const isAllNew = !this.#hasSeen(slot, offset, end);
    this.isOverlapping = !isAllNew && !this.#isCopy(slot, span, offset);
    this.isRefused = !this.#fits(slot, offset, end, hasMore);
    if (this.isRefused) return slot;
    if (!hasMore) this.#totalBytes[slot] = end;
    this.#reach[slot] = Math.max(this.#reach[slot]!, end);
    this.#mark(slot, offset, end);
    if (this.isOverlapping || span.end < span.wireEnd) this.#giveUpMemory(slot);
    else if (isAllNew) this.#keep(slot, span, offset);
    return slot;
  }

  /** All bytes of the packet have come and are kept, its first fragment among them: `takeWhole` shows them. */
  isComplete(slot: number): boolean {
    const total = this.#totalBytes[slot]!;
    return (
      this.#kept[slot]! >= 0 &&
      total !== UNKNOWN &&
      this.#unitsSeen[slot] === Math.ceil(total / UNIT_BYTES) &&
      this.#number[slot] !== UNKNOWN
    );
  }

  /** What the first fragment showed: its protocol, where the transport begins, and whether the header was whole in it. */
  noteFirst(
    slot: number,
    batch: PacketBatch,
    row: number,
    number: number,
    transportStart: number,
    hasHeader: boolean,
  ): void {
    this.#srcPort[slot] = batch.srcPort[row]!;
    this.#dstPort[slot] = batch.dstPort[row]!;
    this.#number[slot] = number;
    this.#transportStart[slot] = transportStart;
    this.#hasHeader[slot] = hasHeader ? 1 : 0;
  }

  /** A number that no other packet has or had. */
  packet(slot: number): number {
    return this.#packet[slot]!;
  }

  /** The first fragment has told them; until then -1. */
  srcPort(slot: number): number {
    return this.#srcPort[slot]!;
  }

  dstPort(slot: number): number {
    return this.#dstPort[slot]!;
  }

  number(slot: number): number {
    return this.#number[slot]!;
  }

  /** The transport header was read from the first fragment. */
  hasHeader(slot: number): boolean {
    return this.#hasHeader[slot] === 1;
  }

  /**
   * Points `span` at the transport header and payload of the complete packet, and forgets the packet. The bytes
   * stay until `endRow`.
   */
  takeWhole(slot: number, span: Span): void {
    const kept = this.#kept[slot]!;
    const memory = this.#memory[kept]!;
    span.bytes = memory.bytes;
    span.view = memory.view;
    span.start = this.#transportStart[slot]!;
    span.end = this.#totalBytes[slot]!;
    span.wireEnd = span.end;
    this.#shown.push(kept);
    this.#kept[slot] = NOT_KEPT;
    this.#forget(slot);
  }

  /** What `takeWhole` showed is not read any more. */
  endRow(): void {
    for (let kept = this.#shown.pop(); kept !== undefined; kept = this.#shown.pop())
      this.#free.push(kept);
  }

  #slotOf(batch: PacketBatch, row: number, id: number, number: number): number {
    const now = batch.tsMicros[row]!;
    const first = WAYS * setOf(batch, row, id);
    let best = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#isUsed[slot] === 1 && now - this.#begun[slot]! > LIFETIME_MICROS)
        this.#forget(slot);
      if (this.#isUsed[slot] === 1 && this.#isOf(slot, batch, row, id, number)) return slot;
      if (this.#ageOf(slot) > this.#ageOf(best)) best = slot;
    }
    if (this.#isUsed[best] === 1) {
      this.evicted++;
      this.#forget(best);
    }
    this.#begin(best, batch, row, id, number);
    return best;
  }

  /** Free places are the oldest. */
  #ageOf(slot: number): number {
    return this.#isUsed[slot] === 1 ? -this.#begun[slot]! : Number.POSITIVE_INFINITY;
  }

  #begin(slot: number, batch: PacketBatch, row: number, id: number, number: number): void {
    const key = slot * KEY_WORDS;
    for (let i = 0; i < 4; i++) {
      this.#keys[key + i] = batch.src[4 * row + i]!;
      this.#keys[key + 4 + i] = batch.dst[4 * row + i]!;
    }
    this.#keys[key + 8] = id;
    this.#keys[key + 9] = number;
    this.#keys[key + 10] = surroundingsOf(batch, row);
    this.#isUsed[slot] = 1;
    this.#packet[slot] = this.#packets++;
    this.#begun[slot] = batch.tsMicros[row]!;
    this.#seen.fill(0, (slot * UNITS) / 8, ((slot + 1) * UNITS) / 8);
    this.#unitsSeen[slot] = 0;
    this.#totalBytes[slot] = UNKNOWN;
    this.#reach[slot] = 0;
    this.#srcPort[slot] = UNKNOWN;
    this.#dstPort[slot] = UNKNOWN;
    this.#number[slot] = UNKNOWN;
    this.#transportStart[slot] = 0;
    this.#hasHeader[slot] = 0;
    this.#kept[slot] = this.#takeMemory();
    if (this.#kept[slot] === NOT_KEPT && this.#maxWhole > 0) this.notJoined++;
  }

  #forget(slot: number): void {
    this.#isUsed[slot] = 0;
    this.#giveUpMemory(slot);
  }

  #isOf(slot: number, batch: PacketBatch, row: number, id: number, number: number): boolean {
    const key = slot * KEY_WORDS;
    if (this.#keys[key + 8] !== id >>> 0 || this.#keys[key + 9] !== number) return false;
    for (let i = 0; i < 4; i++) {
      if (this.#keys[key + i] !== batch.src[4 * row + i]) return false;
      if (this.#keys[key + 4 + i] !== batch.dst[4 * row + i]) return false;
    }
    return this.#keys[key + 10] === surroundingsOf(batch, row);
  }

  /** It brings bytes, whole units of them unless it is the last, and agrees with the others where the packet ends. */
  #fits(slot: number, offset: number, end: number, hasMore: boolean): boolean {
    if (this.isDiscarded || end <= offset || end > MAX_IP_BYTES) return false;
    const total = this.#totalBytes[slot]!;
    if (hasMore) return end % UNIT_BYTES === 0 && (total === UNKNOWN || end <= total);
    return total === UNKNOWN ? end >= this.#reach[slot]! : end === total;
  }

  #hasSeen(slot: number, offset: number, end: number): boolean {
    const base = slot * UNITS;
    const last = base + Math.min(UNITS, Math.ceil(end / UNIT_BYTES));
    for (let unit = base + offset / UNIT_BYTES; unit < last; unit++)
      if ((this.#seen[unit >> 3]! & (1 << (unit & 7))) !== 0) return true;
    return false;
  }

  #mark(slot: number, offset: number, end: number): void {
    const base = slot * UNITS;
    const last = base + Math.ceil(end / UNIT_BYTES);
    for (let unit = base + offset / UNIT_BYTES; unit < last; unit++) {
      const bit = 1 << (unit & 7);
      if ((this.#seen[unit >> 3]! & bit) === 0) this.#unitsSeen[slot]!++;
      this.#seen[unit >> 3]! |= bit;
    }
  }

  /** The same bytes came before, as they do where a link repeats a packet or a capture sees it twice. */
  #isCopy(slot: number, span: Span, offset: number): boolean {
    const kept = this.#kept[slot]!;
    if (kept < 0) return false;
    const { bytes } = this.#memory[kept]!;
    for (let i = span.start; i < span.end; i++)
      if (bytes[offset + i - span.start] !== span.bytes[i]) return false;
    return true;
  }

  #keep(slot: number, span: Span, offset: number): void {
    const kept = this.#kept[slot]!;
    if (kept < 0) return;
    const { bytes } = this.#memory[kept]!;
    for (let i = span.start; i < span.end; i++) bytes[offset + i - span.start] = span.bytes[i]!;
  }

  #takeMemory(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#memory.length >= this.#maxWhole) return NOT_KEPT;
    const bytes = new Uint8Array(MAX_IP_BYTES);
    return this.#memory.push({ bytes, view: new DataView(bytes.buffer) }) - 1;
  }

  #giveUpMemory(slot: number): void {
    if (this.#kept[slot]! >= 0) this.#free.push(this.#kept[slot]!);
    this.#kept[slot] = NOT_KEPT;
  }
}

function setOf(batch: PacketBatch, row: number, id: number): number {
  const at = 4 * row;
  let h = Math.imul(batch.src[at + 3]! ^ Math.imul(batch.src[at + 1]!, 31), 0x9e3779b1);
  h ^= Math.imul(batch.dst[at + 3]! ^ (id << 1), 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h ^ surroundingsOf(batch, row), 0xc2b2ae35);
  return ((h ^ (h >>> 13)) & (SETS - 1)) >>> 0;
}
