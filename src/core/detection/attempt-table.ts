/**
 * Attempts without an answer, by who tried what: the memory of the scan detector. A "series" is the attempts
 * of one source at the ports of one target, or at many targets on one port; within it every port or target
 * stands once, the earliest tried first. All of it lies in typed arrays, so that a flood of probes costs
 * neither garbage nor more memory than stated.
 *
 * Bound: `maxAttempts` attempts of 36 bytes and `maxSeries` series of 112, and their indexes. Past either the
 * series that is quiet for longest is forgotten with all its attempts, and counted.
 */
import { mix32 } from '../flows/flow-hash.ts';
import { SlotIndex } from '../flows/slot-index.ts';
import { loadColumns, saveColumns } from '../state/columns-state.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

const INITIAL_CAPACITY = 1_024;
const NONE = -1;

/** Columns of the series, for the detector to use as it likes; `begin` empties them. */
export class SeriesColumns {
  readonly key: Float64Array;
  readonly size: Uint32Array;
  /** Attempts that were answered, as the detector counts them. */
  readonly answered: Uint32Array;
  /** A bit for each source, by its hash. */
  readonly sourceBits: Uint32Array;
  /** The largest series of one source that is a part of it. */
  readonly largestPart: Uint32Array;
  /** Source port of the latest attempt, and attempts at something new that came from the port of the one before. */
  readonly sourcePort: Int32Array;
  readonly samePort: Uint32Array;
  readonly isTold: Uint8Array;
  readonly packets: Uint32Array;
  readonly bytes: Float64Array;
  readonly firstMicros: Float64Array;
  readonly port: Int32Array;
  readonly protocol: Uint8Array;
  readonly ipVersion: Uint8Array;
  /** A code of the detector's. */
  readonly shape: Uint8Array;
  /** Had an attempt since the last `takeTouched`. */
  readonly isTouched: Uint8Array;
  /** Four words of the source, four of the target. */
  readonly addresses: Uint32Array;
  readonly hash: Uint32Array;
  readonly firstAttempt: Int32Array;
  readonly lastAttempt: Int32Array;
  /** Neighbours in the order of quietness. */
  readonly quieter: Int32Array;
  readonly busier: Int32Array;

  constructor(capacity: number, from?: SeriesColumns) {
    this.key = new Float64Array(capacity);
    this.size = new Uint32Array(capacity);
    this.answered = new Uint32Array(capacity);
    this.sourceBits = new Uint32Array(capacity);
    this.largestPart = new Uint32Array(capacity);
    this.sourcePort = new Int32Array(capacity);
    this.samePort = new Uint32Array(capacity);
    this.isTold = new Uint8Array(capacity);
    this.packets = new Uint32Array(capacity);
    this.bytes = new Float64Array(capacity);
    this.firstMicros = new Float64Array(capacity);
    this.port = new Int32Array(capacity);
    this.protocol = new Uint8Array(capacity);
    this.ipVersion = new Uint8Array(capacity);
    this.shape = new Uint8Array(capacity);
    this.isTouched = new Uint8Array(capacity);
    this.addresses = new Uint32Array(8 * capacity);
    this.hash = new Uint32Array(capacity);
    this.firstAttempt = new Int32Array(capacity);
    this.lastAttempt = new Int32Array(capacity);
    this.quieter = new Int32Array(capacity);
    this.busier = new Int32Array(capacity);
    if (from) copyColumns(from, this);
  }
}

class AttemptColumns {
  readonly series: Int32Array;
  /** Port or target key. */
  readonly what: Float64Array;
  readonly atMicros: Float64Array;
  readonly hash: Uint32Array;
  readonly before: Int32Array;
  /** Of a free place: the next free one. */
  readonly after: Int32Array;

  constructor(capacity: number, from?: AttemptColumns) {
    this.series = new Int32Array(capacity);
    this.what = new Float64Array(capacity);
    this.atMicros = new Float64Array(capacity);
    this.hash = new Uint32Array(capacity);
    this.before = new Int32Array(capacity);
    this.after = new Int32Array(capacity);
    if (from) copyColumns(from, this);
  }
}

export class AttemptTable {
  /** Series forgotten to stay in bounds, since the start. */
  evictions = 0;
  readonly #maxAttempts: number;
  readonly #maxSeries: number;
  #columns: SeriesColumns;
  #attempts: AttemptColumns;
  readonly #seriesIndex: SlotIndex;
  readonly #attemptIndex: SlotIndex;
  #seriesUsed = 0;
  #attemptsUsed = 0;
  #freeSeries = NONE;
  #freeAttempt = NONE;
  #attemptCount = 0;
  #quietest = NONE;
  #busiest = NONE;
  #touched: number[] = [];

  constructor(maxAttempts: number, maxSeries: number) {
    this.#maxAttempts = maxAttempts;
    this.#maxSeries = maxSeries;
    // One attempt and one series more than are kept: the new ones come before the old ones go.
    const attempts = Math.min(INITIAL_CAPACITY, maxAttempts + 1);
    const series = Math.min(INITIAL_CAPACITY, maxSeries);
    this.#columns = new SeriesColumns(series);
    this.#attempts = new AttemptColumns(attempts);
    this.#seriesIndex = new SlotIndex(series);
    this.#attemptIndex = new SlotIndex(attempts);
  }

  /** Replaced when the table grows: not to be kept over a call of `begin`. */
  get series(): SeriesColumns {
    return this.#columns;
  }

  /** The series of the key, or -1. */
  find(key: number): number {
    const hash = numberHash(key, 0);
    const index = this.#seriesIndex;
    for (let at = index.first(hash); ; at = index.next(at)) {
      const series = index.slotAt(at);
      if (series < 0 || this.#columns.key[series] === key) return series;
    }
  }

  /** A new, empty series: the key is in none. */
  begin(key: number): number {
    const series = this.#seriesPlace();
    const columns = this.#columns;
    columns.key[series] = key;
    columns.hash[series] = numberHash(key, 0);
    columns.size[series] = 0;
    columns.answered[series] = 0;
    columns.sourceBits[series] = 0;
    columns.largestPart[series] = 0;
    columns.sourcePort[series] = -1;
    columns.samePort[series] = 0;
    columns.isTold[series] = 0;
    columns.packets[series] = 0;
    columns.bytes[series] = 0;
    columns.port[series] = -1;
    columns.isTouched[series] = 0;
    columns.firstAttempt[series] = NONE;
    columns.lastAttempt[series] = NONE;
    this.#seriesIndex.add(columns.hash[series]!, series);
    this.#append(series);
    return series;
  }

  /** Notes an attempt, or a later time of a known one. The series is now the last to be forgotten. */
  note(series: number, what: number, tsMicros: number): void {
    const columns = this.#columns;
    if (this.#busiest !== series) {
      this.#unlink(series);
      this.#append(series);
    }
    if (columns.isTouched[series] === 0) {
      columns.isTouched[series] = 1;
      this.#touched.push(series);
    }
    const known = this.#findAttempt(series, what);
    if (known >= 0) {
      this.#attempts.atMicros[known] = tsMicros;
      return;
    }
    this.#addAttempt(series, what, tsMicros);
    while (this.#attemptCount > this.#maxAttempts) this.#forgetQuietest();
  }

  /** The attempt was answered. */
  remove(series: number, what: number): void {
    const attempt = this.#findAttempt(series, what);
    if (attempt >= 0) this.#removeAttempt(attempt);
  }

  /** Forgets the earliest attempts as far as they are older; the time of the last forgotten, or NaN. */
  prune(series: number, oldestMicros: number): number {
    let pruned = Number.NaN;
    for (;;) {
      const attempt = this.#columns.firstAttempt[series]!;
      if (attempt < 0 || this.#attempts.atMicros[attempt]! >= oldestMicros) return pruned;
      pruned = this.#attempts.atMicros[attempt]!;
      this.#removeAttempt(attempt);
    }
  }

  /** Shows each series that had attempts since the last `takeTouched`, the earliest touched first. */
  eachTouched(show: (series: number) => void): void {
    for (const series of this.#touched) if (this.#columns.isTouched[series] === 1) show(series);
  }

  /** The series that had attempts since the last call, the earliest touched first. */
  takeTouched(): number[] {
    const { isTouched } = this.#columns;
    const touched: number[] = [];
    for (const series of this.#touched) {
      // Forgotten since, or its place is another's that comes again.
      if (isTouched[series] === 0) continue;
      isTouched[series] = 0;
      touched.push(series);
    }
    this.#touched = [];
    return touched;
  }

  #findAttempt(series: number, what: number): number {
    const hash = numberHash(what, series + 1);
    const index = this.#attemptIndex;
    const attempts = this.#attempts;
    for (let at = index.first(hash); ; at = index.next(at)) {
      const attempt = index.slotAt(at);
      if (attempt < 0) return NONE;
      if (attempts.what[attempt] === what && attempts.series[attempt] === series) return attempt;
    }
  }

  #addAttempt(series: number, what: number, tsMicros: number): void {
    const attempt = this.#attemptPlace();
    const attempts = this.#attempts;
    const columns = this.#columns;
    const last = columns.lastAttempt[series]!;
    attempts.series[attempt] = series;
    attempts.what[attempt] = what;
    attempts.atMicros[attempt] = tsMicros;
    attempts.hash[attempt] = numberHash(what, series + 1);
    attempts.before[attempt] = last;
    attempts.after[attempt] = NONE;
    if (last < 0) columns.firstAttempt[series] = attempt;
    else attempts.after[last] = attempt;
    columns.lastAttempt[series] = attempt;
    columns.size[series]!++;
    this.#attemptIndex.add(attempts.hash[attempt]!, attempt);
    this.#attemptCount++;
  }

  #removeAttempt(attempt: number): void {
    const attempts = this.#attempts;
    const columns = this.#columns;
    const series = attempts.series[attempt]!;
    const before = attempts.before[attempt]!;
    const after = attempts.after[attempt]!;
    if (before < 0) columns.firstAttempt[series] = after;
    else attempts.after[before] = after;
    if (after < 0) columns.lastAttempt[series] = before;
    else attempts.before[after] = before;
    columns.size[series]!--;
    this.#attemptIndex.remove(attempt, attempts.hash);
    attempts.after[attempt] = this.#freeAttempt;
    this.#freeAttempt = attempt;
    this.#attemptCount--;
  }

  #forgetQuietest(): void {
    const series = this.#quietest;
    const columns = this.#columns;
    while (columns.firstAttempt[series]! >= 0) this.#removeAttempt(columns.firstAttempt[series]!);
    this.#unlink(series);
    this.#seriesIndex.remove(series, columns.hash);
    columns.isTouched[series] = 0;
    columns.busier[series] = this.#freeSeries;
    this.#freeSeries = series;
    this.evictions++;
  }

  #append(series: number): void {
    const columns = this.#columns;
    columns.quieter[series] = this.#busiest;
    columns.busier[series] = NONE;
    if (this.#busiest < 0) this.#quietest = series;
    else columns.busier[this.#busiest] = series;
    this.#busiest = series;
  }

  #unlink(series: number): void {
    const { quieter, busier } = this.#columns;
    const before = quieter[series]!;
    const after = busier[series]!;
    if (before < 0) this.#quietest = after;
    else busier[before] = after;
    if (after < 0) this.#busiest = before;
    else quieter[after] = before;
  }

  #seriesPlace(): number {
    if (this.#freeSeries < 0 && this.#seriesUsed === this.#maxSeries) this.#forgetQuietest();
    const free = this.#freeSeries;
    if (free >= 0) {
      this.#freeSeries = this.#columns.busier[free]!;
      return free;
    }
    const capacity = this.#columns.key.length;
    if (this.#seriesUsed === capacity) {
      const larger = Math.min(2 * capacity, this.#maxSeries);
      this.#columns = new SeriesColumns(larger, this.#columns);
      this.#seriesIndex.grow(larger, this.#seriesUsed, this.#columns.hash);
    }
    return this.#seriesUsed++;
  }

  #attemptPlace(): number {
    const free = this.#freeAttempt;
    if (free >= 0) {
      this.#freeAttempt = this.#attempts.after[free]!;
      return free;
    }
    const capacity = this.#attempts.what.length;
    if (this.#attemptsUsed === capacity) {
      const larger = Math.min(2 * capacity, this.#maxAttempts + 1);
      this.#attempts = new AttemptColumns(larger, this.#attempts);
      this.#attemptIndex.grow(larger, this.#attemptsUsed, this.#attempts.hash);
    }
    return this.#attemptsUsed++;
  }

  save(writer: StateWriter): void {
    writer.number(this.#seriesUsed);
    writer.number(this.#attemptsUsed);
    saveColumns(writer, this.#columns, this.#seriesUsed, this.#columns.key.length);
    saveColumns(writer, this.#attempts, this.#attemptsUsed, this.#attempts.what.length);
    writer.number(this.#freeSeries);
    writer.number(this.#freeAttempt);
    writer.number(this.#attemptCount);
    writer.number(this.#quietest);
    writer.number(this.#busiest);
    writer.numbers(this.#touched);
    writer.number(this.evictions);
  }

  /** Into a new table with the same bounds. */
  load(reader: StateReader): void {
    this.#seriesUsed = reader.count(this.#maxSeries);
    this.#attemptsUsed = reader.count(this.#maxAttempts + 1);
    const series = roomFor(this.#seriesUsed, this.#maxSeries);
    const attempts = roomFor(this.#attemptsUsed, this.#maxAttempts + 1);
    this.#columns = new SeriesColumns(series);
    this.#attempts = new AttemptColumns(attempts);
    loadColumns(reader, this.#columns, this.#seriesUsed, series);
    loadColumns(reader, this.#attempts, this.#attemptsUsed, attempts);
    this.#freeSeries = reader.number();
    this.#freeAttempt = reader.number();
    this.#attemptCount = reader.number();
    this.#quietest = reader.number();
    this.#busiest = reader.number();
    this.#touched = reader.numbers();
    this.evictions = reader.number();
    this.#fillIndexes(series, attempts);
  }

  #fillIndexes(series: number, attempts: number): void {
    const { busier, firstAttempt, hash } = this.#columns;
    const { after, hash: attemptHash } = this.#attempts;
    this.#seriesIndex.grow(series, 0, hash);
    this.#attemptIndex.grow(attempts, 0, attemptHash);
    for (let at = this.#quietest; at >= 0; at = busier[at]!) {
      this.#seriesIndex.add(hash[at]!, at);
      for (let attempt = firstAttempt[at]!; attempt >= 0; attempt = after[attempt]!)
        this.#attemptIndex.add(attemptHash[attempt]!, attempt);
    }
  }
}

/** A capacity that growing by doubling comes to. */
function roomFor(used: number, max: number): number {
  let capacity = Math.min(INITIAL_CAPACITY, max);
  while (capacity < used) capacity = Math.min(2 * capacity, max);
  return capacity;
}

function numberHash(value: number, seed: number): number {
  const upper = Math.imul((value / 4_294_967_296) | 0, 0x85ebca77);
  return mix32((value | 0) ^ upper ^ Math.imul(seed, 0x9e3779b1));
}

function copyColumns(from: object, to: object): void {
  const old = from as Record<string, Float64Array>;
  for (const [name, column] of Object.entries(to)) (column as Float64Array).set(old[name]!);
}
