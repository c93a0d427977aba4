/** A map of at most `max` entries: past it the one that was touched longest ago is forgotten, and counted. */
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

export class RecentMap<Key, Value> {
  /** Entries forgotten for want of room. */
  evictions = 0;
  readonly #max: number;
  readonly #entries = new Map<Key, Value>(); // longest untouched first
  /** Touched last: it need not move. */
  #latest: Key | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** The value of the key, made by `create` where there is none; it is the latest touched now. */
  touch(key: Key, create: () => Value): Value {
    const known = this.#entries.get(key);
    if (known !== undefined && key === this.#latest) return known;
    this.#latest = key;
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

  /** Without touching it. */
  find(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  /** Of keys that survive JSON, and values that do, or are made into such by `toJson`. */
  save(writer: StateWriter, toJson: (value: Value) => unknown = (value) => value): void {
    writer.number(this.#entries.size);
    for (const [key, value] of this.#entries) writer.json([key, toJson(value)]);
    writer.number(this.evictions);
  }

  /** Into a new map with the same bound. */
  load(reader: StateReader, fromJson: (saved: unknown) => Value = (saved) => saved as Value): void {
    for (let left = reader.count(this.#max); left > 0; left--) {
      const [key, saved] = reader.json() as [Key, unknown];
      this.#entries.set(key, fromJson(saved));
    }
    this.evictions = reader.number();
  }
}
