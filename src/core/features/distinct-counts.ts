/**
 * Distinct values per row and kind: exact up to 4,096 of one kind in one row, a HyperLogLog (1.6 %)
 * above. Ports stay exact: there are only 65,536. What no longer fits the shared table is counted in
 * `overflowed` and lowers the window's completeness.
 *
 * A fact belongs to a row and to the entity that the row had then: `Count.RESTARTS` is part of its subject,
 * so what an entity that went has left is there, but nobody's.
 */
import { mix32 } from '../flows/flow-hash.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { FactSet } from './fact-set.ts';
import { HyperLogLog } from './hyper-log-log.ts';
import { COUNTS, Count, Fact, PortMark, type WindowCounts } from './window-counts.ts';

export const EXACT_LIMIT = 4096;

/** Of a subject: the row and, above it, its restarts; then the kind. */
const OWNER_BITS = 27;
const OWNER_MASK = 2 ** OWNER_BITS - 1;

/** How often a row of `rows` can begin anew before its facts could be taken for older ones. */
export function maxRestarts(rows: number): number {
  return 2 ** (OWNER_BITS - rowBits(rows)) - 1;
}

function rowBits(rows: number): number {
  return 32 - Math.clz32(rows - 1);
}

export class DistinctCounts {
  overflowed = 0;
  readonly #rowBits: number;
  readonly #rowMask: number;
  readonly #facts: FactSet;
  readonly #sketches = new Map<number, HyperLogLog>();

  constructor(maxFacts: number, maxRows: number) {
    this.#rowBits = rowBits(maxRows);
    this.#rowMask = 2 ** this.#rowBits - 1;
    this.#facts = new FactSet(maxFacts);
  }

  clear(): void {
    this.#facts.clear();
    this.#sketches.clear();
    this.overflowed = 0;
  }

  /** Notes a value (three words) of the row; -1 as the row is ignored. */
  note(counts: WindowCounts, row: number, kind: number, a: number, b: number, c: number): void {
    if (row < 0) return;
    const subject = this.#subjectOf(counts, row, kind);
    const at = COUNTS * row + kind;
    if (counts.counts[at]! > EXACT_LIMIT && this.#sketches.size > 0) {
      const sketch = this.#sketches.get(subject);
      if (sketch) {
        addTo(sketch, a, b, c);
        return;
      }
    }
    const added = this.#facts.add(subject, a, b, c);
    if (added < 0) this.overflowed++;
    if (added <= 0) return;
    counts.counts[at]!++;
    if (counts.counts[at]! > EXACT_LIMIT && isOpenEnded(kind)) this.#promote(subject);
  }

  /** Notes a port under the kinds of all `marks` (`PortMark`): one look-up for the five of them. */
  notePort(counts: WindowCounts, row: number, port: number, marks: number): void {
    if (row < 0) return;
    const subject = this.#subjectOf(counts, row, Fact.DST_PORT);
    const added = this.#facts.mark(subject, port, marks);
    if (added < 0) this.overflowed++;
    if (added <= 0) return;
    const at = COUNTS * row;
    for (let rest = added; rest !== 0; rest &= rest - 1)
      counts.counts[at + 31 - Math.clz32(rest & -rest)]!++;
    if ((added & PortMark.NEW) === 0) return;
    if (this.#facts.marksFor(subject, port - 1) & PortMark.NEW)
      counts.counts[at + Count.ADJACENT_PORTS]!++;
    if (this.#facts.marksFor(subject, port + 1) & PortMark.NEW)
      counts.counts[at + Count.ADJACENT_PORTS]!++;
  }

  /** How many distinct values of the kind the row has. */
  count(counts: WindowCounts, row: number, kind: number): number {
    const exact = counts.counts[COUNTS * row + kind]!;
    if (exact <= EXACT_LIMIT || this.#sketches.size === 0) return exact;
    return this.#sketches.get(this.#subjectOf(counts, row, kind))?.estimate() ?? exact;
  }

  /** Adds the facts of another window part and its rows; `rowOf[r]` is the row here of its row `r`, or -1. */
  absorb(
    counts: WindowCounts,
    other: DistinctCounts,
    otherCounts: WindowCounts,
    rowOf: Int32Array,
  ): void {
    const facts = other.#facts;
    for (let fact = 0; fact < facts.length; fact++) {
      const subject = facts.word(fact, 0);
      const from = other.#rowOf(otherCounts, subject);
      if (from < 0) continue;
      const row = rowOf[from]!;
      const kind = subject >>> OWNER_BITS;
      if (kind === Fact.DST_PORT) {
        this.notePort(counts, row, facts.word(fact, 1), facts.marks(fact));
        continue;
      }
      this.note(counts, row, kind, facts.word(fact, 1), facts.word(fact, 2), facts.word(fact, 3));
    }
    for (const [subject, sketch] of other.#sketches) {
      const from = other.#rowOf(otherCounts, subject);
      const row = from < 0 ? -1 : rowOf[from]!;
      if (row < 0) continue;
      const kind = subject >>> OWNER_BITS;
      this.#promote(this.#subjectOf(counts, row, kind)).merge(sketch);
      const at = COUNTS * row + kind;
      counts.counts[at] = Math.max(counts.counts[at]!, EXACT_LIMIT + 1);
    }
    this.overflowed += other.overflowed;
  }

  /** Calls `visit` with row, address and MAC words of every ARP claim. */
  forEachArpPair(
    counts: WindowCounts,
    visit: (row: number, address: number, macHigh: number, macLow: number) => void,
  ): void {
    const facts = this.#facts;
    for (let fact = 0; fact < facts.length; fact++) {
      const subject = facts.word(fact, 0);
      if (subject >>> OWNER_BITS !== Fact.ARP_PAIR) continue;
      const row = this.#rowOf(counts, subject);
      if (row >= 0) visit(row, facts.word(fact, 1), facts.word(fact, 2), facts.word(fact, 3));
    }
  }

  #subjectOf({ counts }: WindowCounts, row: number, kind: number): number {
    const restarts = counts[COUNTS * row + Count.RESTARTS]!;
    return ((kind << OWNER_BITS) | (restarts << this.#rowBits) | row) >>> 0;
  }

  /** The row of a subject; -1: it has begun anew since. */
  #rowOf({ counts }: WindowCounts, subject: number): number {
    const row = subject & this.#rowMask;
    const restarts = (subject & OWNER_MASK) >>> this.#rowBits;
    return counts[COUNTS * row + Count.RESTARTS] === restarts ? row : -1;
  }

  #promote(subject: number): HyperLogLog {
    let sketch = this.#sketches.get(subject);
    if (sketch) return sketch;
    sketch = new HyperLogLog();
    this.#sketches.set(subject, sketch);
    const facts = this.#facts;
    for (let fact = 0; fact < facts.length; fact++)
      if (facts.word(fact, 0) === subject)
        addTo(sketch, facts.word(fact, 1), facts.word(fact, 2), facts.word(fact, 3));
    return sketch;
  }

  save(writer: StateWriter): void {
    writer.number(this.overflowed);
    this.#facts.save(writer);
    writer.numbers([...this.#sketches.keys()]);
    for (const sketch of this.#sketches.values()) sketch.save(writer);
  }

  /** Into new counts with the same bound. */
  load(reader: StateReader): void {
    this.overflowed = reader.number();
    this.#facts.load(reader);
    for (const subject of reader.numbers()) {
      const sketch = new HyperLogLog();
      sketch.load(reader);
      this.#sketches.set(subject, sketch);
    }
  }
}

/** Kinds whose values an attacker can make without end. ARP pairs are walked at the close, so they stay exact. */
function isOpenEnded(kind: number): boolean {
  return (
    kind === Fact.SRC_IP || kind === Fact.DST_IP || kind === Fact.TARGET || kind === Fact.QNAME
  );
}

function addTo(sketch: HyperLogLog, a: number, b: number, c: number): void {
  const high = mix32(mix32(a ^ 0x9e3779b9) ^ mix32(b ^ 0x7f4a7c15) ^ Math.imul(c + 1, 0x85ebca6b));
  const low = mix32(high ^ mix32(a + 0x165667b1) ^ Math.imul(b ^ c, 0x27d4eb2f));
  sketch.add(high, low);
}
