/**
 * The entities of one window: addresses, and MACs as senders of ARP, each with a number. What an
 * entity sent stands in its source row, what it received in its target row; row 0 is the network.
 */
import { mix32 } from '../flows/flow-hash.ts';
import { SlotIndex } from '../flows/slot-index.ts';
import { formatIp, formatMac } from '../wire/address.ts';

const INITIAL_CAPACITY = 256;

export const NETWORK_ROW = 0;

/** The rows of an entity; -1 (an entity that had no room) has none. */
export function sourceRow(entity: number): number {
  return entity < 0 ? -1 : 2 * entity + 1;
}

export function targetRow(entity: number): number {
  return entity < 0 ? -1 : 2 * entity + 2;
}

/** In place of the IP version. */
const MAC = 1;

export class EntityTable {
  length = 0;
  readonly #maxEntities: number;
  #capacity: number;
  #words: Uint32Array;
  #kinds: Uint8Array;
  #hashes: Uint32Array;
  readonly #index: SlotIndex;
  readonly #mac = new Uint32Array(4);

  constructor(maxEntities: number) {
    this.#maxEntities = maxEntities;
    this.#capacity = Math.min(INITIAL_CAPACITY, maxEntities);
    this.#words = new Uint32Array(4 * this.#capacity);
    this.#kinds = new Uint8Array(this.#capacity);
    this.#hashes = new Uint32Array(this.#capacity);
    this.#index = new SlotIndex(this.#capacity);
  }

  get capacity(): number {
    return this.#capacity;
  }

  clear(): void {
    if (this.length > 0) this.#index.clear();
    this.length = 0;
  }

  /** The entity with the address at `offset`; -1: it is new and there is no room. */
  ofAddress(words: Uint32Array, offset: number, ipVersion: number): number {
    return this.#of(words, offset, ipVersion);
  }

  ofMac(mac: number): number {
    this.#mac[2] = Math.floor(mac / 0x100000000);
    this.#mac[3] = mac >>> 0;
    return this.#of(this.#mac, 0, MAC);
  }

  /** The number here of another table's entity. */
  ofEntity(other: EntityTable, entity: number): number {
    return this.#of(other.#words, 4 * entity, other.#kinds[entity]!);
  }

  isMac(entity: number): boolean {
    return this.#kinds[entity] === MAC;
  }

  text(entity: number): string {
    const kind = this.#kinds[entity]!;
    const at = 4 * entity;
    if (kind === MAC) return formatMac(this.#words[at + 2]! * 0x100000000 + this.#words[at + 3]!);
    return formatIp(this.#words, at, kind);
  }

  /** All entities in the order of their 128 bits, MACs last: the order of emission. */
  sorted(): number[] {
    const order = Array.from({ length: this.length }, (_, entity) => entity);
    return order.sort((a, b) => this.#compare(a, b));
  }

  #compare(a: number, b: number): number {
    if (this.isMac(a) !== this.isMac(b)) return this.isMac(a) ? 1 : -1;
    for (let word = 0; word < 4; word++) {
      const difference = this.#words[4 * a + word]! - this.#words[4 * b + word]!;
      if (difference !== 0) return difference;
    }
    return this.#kinds[a]! - this.#kinds[b]!;
  }

  #of(words: Uint32Array, offset: number, kind: number): number {
    const w0 = words[offset]!;
    const w1 = words[offset + 1]!;
    const w2 = words[offset + 2]!;
    const w3 = words[offset + 3]!;
    const upper = Math.imul(w0, 0x9e3779b1) ^ Math.imul(w1, 0x85ebca77) ^ Math.imul(w2, 0xc2b2ae3d);
    const hash = mix32(w3 ^ upper ^ kind);
    const mine = this.#words;
    for (let at = this.#index.first(hash); ; at = this.#index.next(at)) {
      const entity = this.#index.slotAt(at);
      if (entity < 0) break;
      const word = 4 * entity;
      if (
        mine[word + 3] === w3 &&
        mine[word + 2] === w2 &&
        mine[word + 1] === w1 &&
        mine[word] === w0 &&
        this.#kinds[entity] === kind
      )
        return entity;
    }
    if (this.length === this.#capacity && !this.#grow()) return -1;
    const entity = this.length++;
    this.#words[4 * entity] = w0;
    this.#words[4 * entity + 1] = w1;
    this.#words[4 * entity + 2] = w2;
    this.#words[4 * entity + 3] = w3;
    this.#kinds[entity] = kind;
    this.#hashes[entity] = hash;
    this.#index.add(hash, entity);
    return entity;
  }

  #grow(): boolean {
    if (this.#capacity >= this.#maxEntities) return false;
    this.#capacity = Math.min(2 * this.#capacity, this.#maxEntities);
    const words = new Uint32Array(4 * this.#capacity);
    words.set(this.#words);
    this.#words = words;
    const kinds = new Uint8Array(this.#capacity);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
    const hashes = new Uint32Array(this.#capacity);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#index.grow(this.#capacity, this.length, hashes);
    return true;
  }
}
