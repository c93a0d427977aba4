/**
 * The entities of one window: addresses, and MACs as senders of ARP, each with a number. What an
 * entity sent stands in its source row, what it received in its target row; row 0 is the network.
 *
 * A number can pass to another address (`takeOver`). Whoever keeps numbers therefore keeps references,
 * which also say the how-manieth address it was: `entityOf` tells those whose address has gone.
 */
import type { WindowScope } from '../../contract/window.ts';
import { mix32 } from '../flows/flow-hash.ts';
import { SlotIndex } from '../flows/slot-index.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
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

export function rowOf(scope: WindowScope, entity: number): number {
  if (scope === 'network') return NETWORK_ROW;
  return scope === 'source' ? sourceRow(entity) : targetRow(entity);
}

/** In place of the IP version. */
const MAC = 1;
const MAX_REPLACEMENTS = 0xffff;

export class EntityTable {
  length = 0;
  /** Of the address last looked for. */
  hash = 0;
  readonly #maxEntities: number;
  readonly #maxReplacements: number;
  /** Of a reference: the bits that are the number. */
  readonly #numberBits: number;
  readonly #numberMask: number;
  #capacity: number;
  #words: Uint32Array;
  #kinds: Uint8Array;
  #hashes: Uint32Array;
  /** How often the number has passed to another address. */
  #replacements: Uint16Array;
  readonly #index: SlotIndex;
  readonly #mac = new Uint32Array(4);
  /** The address last looked for and not found. */
  readonly #sought = new Uint32Array(4);
  #soughtKind = 0;

  /** No number passes on more than `maxReplacements` times. */
  constructor(maxEntities: number, maxReplacements = MAX_REPLACEMENTS) {
    this.#maxEntities = maxEntities;
    this.#numberBits = 32 - Math.clz32(maxEntities - 1);
    this.#numberMask = 2 ** this.#numberBits - 1;
    const more = 2 ** (31 - this.#numberBits) - 1;
    this.#maxReplacements = Math.min(maxReplacements, more, MAX_REPLACEMENTS);
    this.#capacity = Math.min(INITIAL_CAPACITY, maxEntities);
    this.#words = new Uint32Array(4 * this.#capacity);
    this.#kinds = new Uint8Array(this.#capacity);
    this.#hashes = new Uint32Array(this.#capacity);
    this.#replacements = new Uint16Array(this.#capacity);
    this.#index = new SlotIndex(this.#capacity);
  }

  get capacity(): number {
    return this.#capacity;
  }

  clear(): void {
    if (this.length > 0) this.#index.clear();
    this.#replacements.fill(0, 0, this.length);
    this.length = 0;
  }

  /** To be kept in place of the number. */
  reference(entity: number): number {
    return entity < 0 ? -1 : entity | (this.#replacements[entity]! << this.#numberBits);
  }

  /** The number; -1: the reference is none, or its address has gone. */
  entityOf(reference: number): number {
    if (reference < 0) return -1;
    const entity = reference & this.#numberMask;
    return this.#replacements[entity] === reference >>> this.#numberBits ? entity : -1;
  }

  isReplaceable(entity: number): boolean {
    return this.#replacements[entity]! < this.#maxReplacements;
  }

  /** The address last looked for and not found gets the number of another, which goes. */
  takeOver(entity: number): void {
    this.#index.remove(entity, this.#hashes);
    this.#replacements[entity]!++;
    this.#put(entity, this.#sought, 0, this.#soughtKind, this.hash);
  }

  hashOf(entity: number): number {
    return this.#hashes[entity]!;
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
    return order.sort((a, b) => this.compare(a, b));
  }

  compare(a: number, b: number): number {
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
    this.hash = hash;
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
    if (this.length === this.#capacity && !this.#grow()) {
      for (let word = 0; word < 4; word++) this.#sought[word] = words[offset + word]!;
      this.#soughtKind = kind;
      return -1;
    }
    const entity = this.length++;
    this.#put(entity, words, offset, kind, hash);
    return entity;
  }

  #put(entity: number, words: Uint32Array, offset: number, kind: number, hash: number): void {
    for (let word = 0; word < 4; word++) this.#words[4 * entity + word] = words[offset + word]!;
    this.#kinds[entity] = kind;
    this.#hashes[entity] = hash;
    this.#index.add(hash, entity);
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
    const replacements = new Uint16Array(this.#capacity);
    replacements.set(this.#replacements);
    this.#replacements = replacements;
    this.#index.grow(this.#capacity, this.length, hashes);
    return true;
  }

  save(writer: StateWriter): void {
    writer.number(this.length);
    writer.array(this.#words, 4 * this.length);
    writer.array(this.#kinds, this.length);
    writer.array(this.#hashes, this.length);
    writer.array(this.#replacements, this.length);
  }

  /** Into a new table with the same bound. */
  load(reader: StateReader): void {
    const length = reader.count(this.#maxEntities);
    while (this.#capacity < length) this.#grow();
    this.length = length;
    reader.array(this.#words);
    reader.array(this.#kinds);
    reader.array(this.#hashes);
    reader.array(this.#replacements);
    this.#index.grow(this.#capacity, length, this.#hashes);
  }
}
