/**
 * The flows of one window, by flow id: whose they are, and of TCP connections what the slow-attack
 * features need. Every column merges by sum, minimum, maximum or union, so the parts of a window
 * come together in any order.
 */
import { mix32 } from '../flows/flow-hash.ts';
import { SlotIndex } from '../flows/slot-index.ts';
import { loadColumns, saveColumns } from '../state/columns-state.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

const INITIAL_CAPACITY = 512;

export const ConnBit = {
  TCP: 1,
  /** A SYN without ACK was seen in the window. */
  SYN: 2,
  /** The originator's ACK, or a RST of either side, was seen in the window. */
  ANSWERED: 4,
  /** Packets of the originator, of the responder: their distinct values have been noted. */
  FORWARD_NOTED: 8,
  BACKWARD_NOTED: 16,
  /** Who opened it turned out to be the other side than was guessed; at most once in a flow's life. */
  EXCHANGED: 32,
} as const;

const NOTED = ConnBit.FORWARD_NOTED | ConnBit.BACKWARD_NOTED;

export class ConnTable {
  length = 0;
  readonly #maxConns: number;
  #capacity: number;
  id: Float64Array;
  bits: Uint8Array;
  /** References to entities. */
  originator: Int32Array;
  responder: Int32Array;
  /** µs since the epoch; of the flow, not of the window. */
  firstSeen: Float64Array;
  /** The last packet in the window. */
  lastSeen: Float64Array;
  /** Infinity: not as far as the window saw. */
  openedAt: Float64Array;
  closedAt: Float64Array;
  /** Wire bytes in the window, both directions. */
  bytes: Float64Array;
  completedRequests: Uint32Array;
  /** Twice the number of the flow's last packet in the window, plus 1 if a request was unfinished then. */
  requestMark: Float64Array;
  #hashes: Uint32Array;
  readonly #index: SlotIndex;

  constructor(maxConns: number) {
    this.#maxConns = maxConns;
    const capacity = Math.min(INITIAL_CAPACITY, maxConns);
    this.#capacity = capacity;
    this.id = new Float64Array(capacity);
    this.bits = new Uint8Array(capacity);
    this.originator = new Int32Array(capacity);
    this.responder = new Int32Array(capacity);
    this.firstSeen = new Float64Array(capacity);
    this.lastSeen = new Float64Array(capacity);
    this.openedAt = new Float64Array(capacity);
    this.closedAt = new Float64Array(capacity);
    this.bytes = new Float64Array(capacity);
    this.completedRequests = new Uint32Array(capacity);
    this.requestMark = new Float64Array(capacity);
    this.#hashes = new Uint32Array(capacity);
    this.#index = new SlotIndex(capacity);
  }

  clear(): void {
    if (this.length > 0) this.#index.clear();
    this.length = 0;
  }

  find(id: number): number {
    const hash = idHash(id);
    for (let at = this.#index.first(hash); ; at = this.#index.next(at)) {
      const conn = this.#index.slotAt(at);
      if (conn < 0 || this.id[conn] === id) return conn;
    }
  }

  /** A new row for a flow that is not there; -1: the table is full. */
  add(id: number, originator: number, responder: number, firstSeen: number): number {
    if (this.length === this.#capacity && !this.#grow()) return -1;
    const conn = this.length++;
    const hash = idHash(id);
    this.id[conn] = id;
    this.bits[conn] = 0;
    this.originator[conn] = originator;
    this.responder[conn] = responder;
    this.firstSeen[conn] = firstSeen;
    this.lastSeen[conn] = 0;
    this.openedAt[conn] = Number.POSITIVE_INFINITY;
    this.closedAt[conn] = Number.POSITIVE_INFINITY;
    this.bytes[conn] = 0;
    this.completedRequests[conn] = 0;
    this.requestMark[conn] = 0;
    this.#hashes[conn] = hash;
    this.#index.add(hash, conn);
    return conn;
  }

  /** The originator is the other side than was thought. */
  exchange(conn: number): void {
    const originator = this.originator[conn]!;
    this.originator[conn] = this.responder[conn]!;
    this.responder[conn] = originator;
    this.bits[conn] = exchangedBits(this.bits[conn]!);
  }

  /** The distinct values of both directions are to be noted again. */
  forgetNoted(conn: number): void {
    this.bits[conn]! &= ~NOTED;
  }

  /** Merges another table's row, whose ends are `originator` and `responder` here, into one of this table. */
  absorb(
    conn: number,
    other: ConnTable,
    from: number,
    originator: number,
    responder: number,
  ): void {
    let bits = other.bits[from]!;
    if (bits & ~this.bits[conn]! & ConnBit.EXCHANGED) this.exchange(conn);
    const isBehind = (this.bits[conn]! & ~bits & ConnBit.EXCHANGED) !== 0;
    if (isBehind) bits = exchangedBits(bits);
    if (this.originator[conn]! < 0) this.originator[conn] = isBehind ? responder : originator;
    if (this.responder[conn]! < 0) this.responder[conn] = isBehind ? originator : responder;
    this.bits[conn] = this.bits[conn]! | bits;
    this.firstSeen[conn] = Math.min(this.firstSeen[conn]!, other.firstSeen[from]!);
    this.lastSeen[conn] = Math.max(this.lastSeen[conn]!, other.lastSeen[from]!);
    this.openedAt[conn] = Math.min(this.openedAt[conn]!, other.openedAt[from]!);
    this.closedAt[conn] = Math.min(this.closedAt[conn]!, other.closedAt[from]!);
    this.bytes[conn] = this.bytes[conn]! + other.bytes[from]!;
    this.completedRequests[conn] = this.completedRequests[conn]! + other.completedRequests[from]!;
    this.requestMark[conn] = Math.max(this.requestMark[conn]!, other.requestMark[from]!);
  }

  #grow(): boolean {
    if (this.#capacity >= this.#maxConns) return false;
    const capacity = Math.min(2 * this.#capacity, this.#maxConns);
    this.#capacity = capacity;
    this.id = grownDoubles(this.id, capacity);
    this.firstSeen = grownDoubles(this.firstSeen, capacity);
    this.lastSeen = grownDoubles(this.lastSeen, capacity);
    this.openedAt = grownDoubles(this.openedAt, capacity);
    this.closedAt = grownDoubles(this.closedAt, capacity);
    this.bytes = grownDoubles(this.bytes, capacity);
    this.requestMark = grownDoubles(this.requestMark, capacity);
    this.originator = grownIntegers(this.originator, capacity);
    this.responder = grownIntegers(this.responder, capacity);
    this.completedRequests = grownCounts(this.completedRequests, capacity);
    this.#hashes = grownCounts(this.#hashes, capacity);
    const bits = new Uint8Array(capacity);
    bits.set(this.bits);
    this.bits = bits;
    this.#index.grow(capacity, this.length, this.#hashes);
    return true;
  }

  save(writer: StateWriter): void {
    writer.number(this.length);
    saveColumns(writer, this, this.length, this.#capacity);
  }

  /** Into a new table with the same bound. */
  load(reader: StateReader): void {
    const length = reader.count(this.#maxConns);
    while (this.#capacity < length) this.#grow();
    this.length = length;
    loadColumns(reader, this, length, this.#capacity);
    for (let conn = 0; conn < length; conn++) this.#hashes[conn] = idHash(this.id[conn]!);
    this.#index.grow(this.#capacity, length, this.#hashes);
  }
}

function exchangedBits(bits: number): number {
  const forward = bits & ConnBit.BACKWARD_NOTED ? ConnBit.FORWARD_NOTED : 0;
  const backward = bits & ConnBit.FORWARD_NOTED ? ConnBit.BACKWARD_NOTED : 0;
  return (bits & ~NOTED) | forward | backward | ConnBit.EXCHANGED;
}

function idHash(id: number): number {
  return mix32((id >>> 0) ^ Math.floor(id / 0x100000000));
}

function grownDoubles(old: Float64Array, length: number): Float64Array {
  const grown = new Float64Array(length);
  grown.set(old);
  return grown;
}

function grownIntegers(old: Int32Array, length: number): Int32Array {
  const grown = new Int32Array(length);
  grown.set(old);
  return grown;
}

function grownCounts(old: Uint32Array, length: number): Uint32Array {
  const grown = new Uint32Array(length);
  grown.set(old);
  return grown;
}
