/**
 * The flows of each kind in the order of their last packet. Every kind has one time-out, so the
 * head of a list is always the next to expire, and the first to go when the table is full.
 */
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

/** In the order in which a full table gives flows up: half-open ones first, established TCP last. */
export const FlowList = {
  /** TCP without a completed handshake. */
  EMBRYONIC: 0,
  /** UDP, ICMP and others where one side has spoken. */
  ONE_SIDED: 1,
  /** TCP after FIN or RST, kept for trailing packets. */
  CLOSED: 2,
  /** UDP, ICMP and others where both sides have spoken. */
  TWO_SIDED: 3,
  ESTABLISHED: 4,
} as const;

export const FLOW_LISTS = 5;

export class FlowLists {
  readonly #heads = new Int32Array(FLOW_LISTS).fill(-1);
  readonly #tails = new Int32Array(FLOW_LISTS).fill(-1);
  #previous: Int32Array;
  #next: Int32Array;
  #list: Int8Array;

  constructor(capacity: number) {
    this.#previous = new Int32Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#list = new Int8Array(capacity).fill(-1);
  }

  /** The flow longest without a packet, or -1. */
  oldest(list: number): number {
    return this.#heads[list]!;
  }

  listOf(slot: number): number {
    return this.#list[slot]!;
  }

  /** Puts the flow at the young end of `list`, taking it from wherever it is. */
  touch(slot: number, list: number): void {
    if (this.#list[slot] === list && this.#tails[list] === slot) return;
    this.remove(slot);
    const tail = this.#tails[list]!;
    this.#previous[slot] = tail;
    this.#next[slot] = -1;
    if (tail < 0) this.#heads[list] = slot;
    else this.#next[tail] = slot;
    this.#tails[list] = slot;
    this.#list[slot] = list;
  }

  remove(slot: number): void {
    const list = this.#list[slot]!;
    if (list < 0) return;
    const previous = this.#previous[slot]!;
    const next = this.#next[slot]!;
    if (previous < 0) this.#heads[list] = next;
    else this.#next[previous] = next;
    if (next < 0) this.#tails[list] = previous;
    else this.#previous[next] = previous;
    this.#list[slot] = -1;
  }

  grow(capacity: number): void {
    const list = new Int8Array(capacity).fill(-1);
    list.set(this.#list);
    this.#list = list;
    const previous = new Int32Array(capacity);
    previous.set(this.#previous);
    this.#previous = previous;
    const next = new Int32Array(capacity);
    next.set(this.#next);
    this.#next = next;
  }

  /** Of the first `used` slots. */
  save(writer: StateWriter, used: number): void {
    for (const ends of [this.#heads, this.#tails]) writer.array(ends);
    for (const column of [this.#previous, this.#next, this.#list]) writer.array(column, used);
  }

  /** Into lists that have room for the slots that were saved. */
  load(reader: StateReader): void {
    for (const ends of [this.#heads, this.#tails]) reader.array(ends);
    for (const column of [this.#previous, this.#next, this.#list]) reader.array(column);
  }
}
