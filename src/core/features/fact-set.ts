/**
 * The set of facts of a window: "entity E had value V of kind K", each once. All entities and kinds
 * share one open-addressing table, so distinct counts need no set per entity.
 */
import { mix32 } from '../flows/flow-hash.ts';
import { SlotIndex } from '../flows/slot-index.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

const INITIAL_CAPACITY = 1024;
const WORDS = 4;

export class FactSet {
  /** Facts in the set; positions 0 … length - 1 in order of arrival. */
  length = 0;
  readonly #maxFacts: number;
  #capacity: number;
  /** Subject, then three words of value. */
  #words: Uint32Array;
  /** What more is known of the fact. */
  #marks: Uint8Array;
  #hashes: Uint32Array;
  readonly #index: SlotIndex;

  constructor(maxFacts: number) {
    this.#maxFacts = maxFacts;
    this.#capacity = Math.min(INITIAL_CAPACITY, maxFacts);
    this.#words = new Uint32Array(WORDS * this.#capacity);
    this.#marks = new Uint8Array(this.#capacity);
    this.#hashes = new Uint32Array(this.#capacity);
    this.#index = new SlotIndex(this.#capacity);
  }

  clear(): void {
    if (this.length > 0) this.#index.clear();
    this.length = 0;
  }

  /** 1: new, 0: known, -1: new but the set is full. */
  add(subject: number, a: number, b: number, c: number): -1 | 0 | 1 {
    const hash = factHash(subject, a, b, c);
    if (this.#find(hash, subject, a, b, c) >= 0) return 0;
    return this.#append(hash, subject, a, b, c) < 0 ? -1 : 1;
  }

  /** Adds the fact where it is not known, and the bits to its marks: those that are new, or -1 if the set is full. */
  mark(subject: number, a: number, bits: number): number {
    const hash = factHash(subject, a, 0, 0);
    let fact = this.#find(hash, subject, a, 0, 0);
    if (fact < 0) fact = this.#append(hash, subject, a, 0, 0);
    if (fact < 0) return -1;
    const before = this.#marks[fact]!;
    this.#marks[fact] = before | bits;
    return bits & ~before;
  }

  /** The marks of a fact by its value; 0 where it is not known. */
  marksFor(subject: number, a: number): number {
    const fact = this.#find(factHash(subject, a, 0, 0), subject, a, 0, 0);
    return fact < 0 ? 0 : this.#marks[fact]!;
  }

  marks(fact: number): number {
    return this.#marks[fact]!;
  }

  /** `word` 0 is the subject, 1 to 3 the value. */
  word(fact: number, word: 0 | 1 | 2 | 3): number {
    return this.#words[WORDS * fact + word]!;
  }

  #find(hash: number, subject: number, a: number, b: number, c: number): number {
    const words = this.#words;
    const index = this.#index;
    for (let at = index.first(hash); ; at = index.next(at)) {
      const fact = index.slotAt(at);
      if (fact < 0) return -1;
      const word = WORDS * fact;
      if (
        words[word + 1] === a &&
        words[word] === subject &&
        words[word + 3] === c &&
        words[word + 2] === b
      )
        return fact;
    }
  }

  #append(hash: number, subject: number, a: number, b: number, c: number): number {
    if (this.length === this.#capacity && !this.#grow()) return -1;
    const fact = this.length++;
    const at = WORDS * fact;
    this.#words[at] = subject;
    this.#words[at + 1] = a;
    this.#words[at + 2] = b;
    this.#words[at + 3] = c;
    this.#marks[fact] = 0;
    this.#hashes[fact] = hash;
    this.#index.add(hash, fact);
    return fact;
  }

  #grow(): boolean {
    if (this.#capacity >= this.#maxFacts) return false;
    this.#capacity = Math.min(2 * this.#capacity, this.#maxFacts);
    const words = new Uint32Array(WORDS * this.#capacity);
    words.set(this.#words);
    this.#words = words;
    const marks = new Uint8Array(this.#capacity);
    marks.set(this.#marks);
    this.#marks = marks;
    const hashes = new Uint32Array(this.#capacity);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#index.grow(this.#capacity, this.length, hashes);
    return true;
  }

  save(writer: StateWriter): void {
    writer.number(this.length);
    writer.array(this.#words, WORDS * this.length);
    writer.array(this.#marks, this.length);
    writer.array(this.#hashes, this.length);
  }

  /** Into a new set with the same bound. */
  load(reader: StateReader): void {
    const length = reader.count(this.#maxFacts);
    while (this.#capacity < length) this.#grow();
    this.length = length;
    reader.array(this.#words);
    reader.array(this.#marks);
    reader.array(this.#hashes);
    this.#index.grow(this.#capacity, length, this.#hashes);
  }
}

function factHash(subject: number, a: number, b: number, c: number): number {
  return mix32(
    mix32(subject ^ Math.imul(a, 0x9e3779b1)) ^
      Math.imul(b, 0x85ebca77) ^
      Math.imul(c + 1, 0xc2b2ae3d),
  );
}
