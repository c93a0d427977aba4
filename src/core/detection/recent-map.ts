/** A map of at most `max` entries: past it the one that was touched longest ago is forgotten, and counted. */
export class RecentMap<Key, Value> {
  /** Entries forgotten for want of room. */
  evictions = 0;
  readonly #max: number;
  readonly #entries = new Map<Key, Value>(); // longest untouched first

  constructor(max: number) {
    this.#max = max;
  }

  /** The value of the key, made by `create` where there is none; it is the latest touched now. */
  touch(key: Key, create: () => Value): Value {
    const known = this.#entries.get(key);
    const value = known ?? create();
    if (known !== undefined) this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#max) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
      this.evictions++;
    }
    return value;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Longest untouched first. */
  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.#entries[Symbol.iterator]();
  }
}
