/**
 * Finds a slot by the hash of its key: open addressing with linear probing, at most half full,
 * deletion by shifting back, so there are no tombstones. The caller compares keys.
 */
export class SlotIndex {
  /** Slot + 1; 0 is empty. */
  #table: Int32Array;
  #mask: number;

  constructor(capacity: number) {
    this.#table = new Int32Array(tableSize(capacity));
    this.#mask = this.#table.length - 1;
  }

  /** Where a search for `hash` begins. */
  first(hash: number): number {
    return hash & this.#mask;
  }

  next(position: number): number {
    return (position + 1) & this.#mask;
  }

  /** The slot at `position`, or -1 where the search ends. */
  slotAt(position: number): number {
    return this.#table[position]! - 1;
  }

  clear(): void {
    this.#table.fill(0);
  }

  add(hash: number, slot: number): void {
    let position = hash & this.#mask;
    while (this.#table[position] !== 0) position = (position + 1) & this.#mask;
    this.#table[position] = slot + 1;
  }

  /** Takes `slot` out; `hashes[s]` is the hash under which slot `s` was added. */
  remove(slot: number, hashes: Uint32Array): void {
    const table = this.#table;
    const mask = this.#mask;
    let hole = hashes[slot]! & mask;
    while (table[hole] !== slot + 1) hole = (hole + 1) & mask;
    let position = hole;
    for (;;) {
      position = (position + 1) & mask;
      const entry = table[position]!;
      if (entry === 0) break;
      const home = hashes[entry - 1]! & mask;
      // The entry may move back only if its home does not lie behind the hole.
      if (((position - home) & mask) < ((position - hole) & mask)) continue;
      table[hole] = entry;
      hole = position;
    }
    table[hole] = 0;
  }

  /** Makes room for `capacity` slots; the first `used` are in use. */
  grow(capacity: number, used: number, hashes: Uint32Array): void {
    this.#table = new Int32Array(tableSize(capacity));
    this.#mask = this.#table.length - 1;
    for (let slot = 0; slot < used; slot++) this.add(hashes[slot]!, slot);
  }
}

function tableSize(capacity: number): number {
  let size = 16;
  while (size < 2 * capacity) size *= 2;
  return size;
}
