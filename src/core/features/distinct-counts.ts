/**
 * Distinct values per row and kind: exact up to 4,096 of one kind in one row, a HyperLogLog (1.6 %)
 * above. Ports stay exact: there are only 65,536. What no longer fits the shared table is counted in
 * `overflowed` and lowers the window's completeness.
 */
import { mix32 } from '../flows/flow-hash.ts';
import { FactSet } from './fact-set.ts';
import { HyperLogLog } from './hyper-log-log.ts';
import { COUNTS, Count, Fact, PortMark, type WindowCounts } from './window-counts.ts';

export const EXACT_LIMIT = 4096;

const ROW_BITS = 27;
const ROW_MASK = 2 ** ROW_BITS - 1;

export class DistinctCounts {
  overflowed = 0;
  readonly #facts: FactSet;
  readonly #sketches = new Map<number, HyperLogLog>();

  constructor(maxFacts: number) {
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
    const subject = subjectOf(row, kind);
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
    const subject = subjectOf(row, Fact.DST_PORT);
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
    return this.#sketches.get(subjectOf(row, kind))?.estimate() ?? exact;
  }

  /** Adds another window part's facts; `rowOf[r]` is the row here of its row `r`, or -1. */
  absorb(counts: WindowCounts, other: DistinctCounts, rowOf: Int32Array): void {
    const facts = other.#facts;
    for (let fact = 0; fact < facts.length; fact++) {
      const subject = facts.word(fact, 0);
      const row = rowOf[subject & ROW_MASK]!;
      const kind = subject >>> ROW_BITS;
      if (kind === Fact.DST_PORT) {
        this.notePort(counts, row, facts.word(fact, 1), facts.marks(fact));
        continue;
      }
      this.note(counts, row, kind, facts.word(fact, 1), facts.word(fact, 2), facts.word(fact, 3));
    }
    for (const [subject, sketch] of other.#sketches) {
      const row = rowOf[subject & ROW_MASK]!;
      if (row < 0) continue;
      const kind = subject >>> ROW_BITS;
      this.#promote(subjectOf(row, kind)).merge(sketch);
      const at = COUNTS * row + kind;
      counts.counts[at] = Math.max(counts.counts[at]!, EXACT_LIMIT + 1);
    }
    this.overflowed += other.overflowed;
  }

  /** Calls `visit` with row, address and MAC words of every ARP claim. */
  forEachArpPair(
    visit: (row: number, address: number, macHigh: number, macLow: number) => void,
  ): void {
    const facts = this.#facts;
    for (let fact = 0; fact < facts.length; fact++) {
      const subject = facts.word(fact, 0);
      if (subject >>> ROW_BITS === Fact.ARP_PAIR)
        visit(subject & ROW_MASK, facts.word(fact, 1), facts.word(fact, 2), facts.word(fact, 3));
    }
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
}

function subjectOf(row: number, kind: number): number {
  return ((kind << ROW_BITS) | row) >>> 0;
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
