/**
 * Windows in event time: 5 s parts aligned to the epoch, closed by a watermark that follows the
 * latest packet at the allowed lateness; 30 s and 180 s are merged from closed parts. A window is
 * emitted when the watermark reaches its end, so rows depend on the packets and their order alone,
 * never on how they were batched.
 *
 * Rows come by end of window, then by size; within one window the network first, then sources,
 * then targets, each by address (`EntityTable.sorted`).
 *
 * Completeness of a row: packets counted over those and the lost ones. Lost are packets that the
 * kernel dropped (spread evenly over the packets of the batch that tells of them), that were lost between the
 * sensor and here (`miss`), that came late (for the windows still open then), whose flow was evicted or had no
 * room; see `completeness.ts`. Where what came before a time is not known at all (`missBefore`), a row's
 * completeness is multiplied by the share of its window that lies after.
 */
import { FEATURE_COUNT } from '../../contract/features.ts';
import type { PacketBatch } from '../../contract/packet-batch.ts';
import type { WindowRow, WindowScope, WindowSize } from '../../contract/window.ts';
import type { FlowTable } from '../flows/flow-table.ts';
import { TimeJump } from '../flows/time-jump.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { ArpSummary } from './arp-summary.ts';
import { ArpWatch } from './arp-watch.ts';
import { completenessOf } from './completeness.ts';
import { ConnectionSummary } from './connection-summary.ts';
import { NETWORK_ROW, rowOf } from './entity-table.ts';
import { WINDOW_LIMITS, type WindowLimits, WindowState } from './window-state.ts';
import { windowVector } from './window-vector.ts';

const SECOND = 1_000_000;
export const PART_MICROS = 5 * SECOND;
const MIDDLE_MICROS = 30 * SECOND;
const LONG_MICROS = 180 * SECOND;
/** A longer silence is no gap: what was lost in it belongs to its beginning. */
const LONGEST_GAP_MICROS = 3600 * SECOND;
/** Rows whose vectors share an array of 35 KiB. */
const VECTORS_AT_ONCE = 64;

export interface WindowAggregatorOptions extends Partial<WindowLimits> {
  readonly sensorId: string;
  /** Called for every row, in the order told above. The row is the receiver's to keep. */
  readonly onRow: (row: WindowRow) => void;
  /** Called after the rows of every window, with what they were made of: not to be kept after the call. */
  readonly onClosed?: (state: WindowState, size: WindowSize) => void;
  /** How far behind the latest packet a packet may be and still count. */
  readonly latenessMicros?: number;
}

export interface WindowCounters {
  packets: number;
  /** Behind the watermark, or so far off that no more windows are held open for it. */
  latePackets: number;
  /** Behind the latest packet, and counted all the same. */
  outOfOrderPackets: number;
  /** Packets lost between the sensor and here. */
  missedPackets: number;
  /** Packets the kernel reported as dropped. */
  droppedPackets: number;
  windows: number;
  rows: number;
  /** Packets whose sender or receiver had no room among a window's entities. */
  entityOverflow: number;
  /** Distinct values that had no room. */
  factOverflow: number;
}

export class WindowAggregator {
  readonly counters: WindowCounters = {
    packets: 0,
    latePackets: 0,
    outOfOrderPackets: 0,
    missedPackets: 0,
    droppedPackets: 0,
    windows: 0,
    rows: 0,
    entityOverflow: 0,
    factOverflow: 0,
  };

  /** What the last ARP packet meant; for detectors too. */
  readonly arp = new ArpWatch();
  readonly #sensorId: string;
  readonly #onRow: (row: WindowRow) => void;
  readonly #onClosed: (state: WindowState, size: WindowSize) => void;
  /** How far the watermark is behind the latest packet, µs. */
  readonly latenessMicros: number;
  readonly #limits: WindowLimits;

  /** Open 5 s parts, earliest first. */
  readonly #parts: WindowState[] = [];
  #middle: WindowState | null = null;
  #long: WindowState | null = null;
  readonly #pool: WindowState[] = [];
  #current: WindowState | null = null;
  #watermark = Number.NEGATIVE_INFINITY;
  /** No part that ends by now is open. */
  #nextClose = Number.POSITIVE_INFINITY;
  #evictedBefore = 0;
  /** µs since the epoch: of what came before, nothing is known. */
  #blindUntil = Number.NEGATIVE_INFINITY;
  readonly #jump = new TimeJump();
  readonly #maxParts: number;
  readonly #connections = new ConnectionSummary();
  readonly #claims = new ArpSummary();
  #vectors = new Float64Array(0);
  #vectorsUsed = 0;

  constructor(options: WindowAggregatorOptions) {
    this.#sensorId = options.sensorId;
    this.#onRow = options.onRow;
    this.#onClosed = options.onClosed ?? (() => {});
    this.latenessMicros = options.latenessMicros ?? 2 * SECOND;
    this.#maxParts = Math.ceil(this.latenessMicros / PART_MICROS) + 3;
    this.#limits = {
      maxEntities: options.maxEntities ?? WINDOW_LIMITS.maxEntities,
      maxConnections: options.maxConnections ?? WINDOW_LIMITS.maxConnections,
      maxFacts: options.maxFacts ?? WINDOW_LIMITS.maxFacts,
    };
  }

  /** µs since the epoch: windows that end by here are closed. */
  get watermark(): number {
    return this.#watermark;
  }

  /** Takes in one packet that `flows` has just observed into `slot`. */
  observe(batch: PacketBatch, row: number, flows: FlowTable, slot: number): void {
    const ts = batch.tsMicros[row]!;
    if (batch.arpOp[row]! >= 0) this.arp.observe(batch, row);
    const part = this.admit(ts);
    const evicted = flows.counters.evicted - this.#evictedBefore;
    this.#evictedBefore = flows.counters.evicted;
    const dropped = batch.kernelDrops > 0 ? dropsOf(batch, row) : 0;
    this.counters.droppedPackets += dropped;
    if (part === null) {
      this.#lose(ts, 1 + evicted + dropped);
      return;
    }
    part.lost += evicted + dropped;
    part.observe(batch, row, flows, slot, this.arp);
  }

  /** A packet of this time has come: closes what it passes, and returns the part it belongs to, or null where that is closed. */
  admit(tsMicros: number): WindowState | null {
    this.counters.packets++;
    if (this.#jump.isCredible(tsMicros)) this.advance(tsMicros);
    const part = this.#partFor(tsMicros);
    if (part === null) this.counters.latePackets++;
    else if (tsMicros < this.#watermark + this.latenessMicros) this.counters.outOfOrderPackets++;
    return part;
  }

  /** Adds what others have counted of a part before it is closed: of packets that `admit` let in elsewhere. */
  absorb(part: WindowState): void {
    this.#partFor(part.startMicros)?.merge(part);
  }

  /** A packet of this time was too late for its part, as `admit` found elsewhere. */
  refuse(tsMicros: number): void {
    this.#lose(tsMicros, 1);
  }

  /**
   * Packets of between these two times were lost before they came here, evenly as far as anyone knows: lowers
   * the completeness of the windows of that time. Where the times make no sense all of them fall on the first.
   */
  miss(packets: number, fromMicros: number, toMicros: number): void {
    this.counters.missedPackets += packets;
    const from = Number.isFinite(fromMicros) ? fromMicros : toMicros;
    const span = toMicros - from;
    if (!(span > 0 && span <= LONGEST_GAP_MICROS)) {
      this.#missAt(from, packets);
      return;
    }
    let told = 0;
    for (let part = startOf(from, PART_MICROS); part <= toMicros; part += PART_MICROS) {
      const until = Math.floor(packets * Math.min(1, (part + PART_MICROS - from) / span));
      // One part after the other, so that few are open at once.
      this.advance(part);
      this.#missAt(part, until - told);
      told = until;
    }
  }

  /** Packet time has reached `tsMicros`: closes what the watermark passes. */
  advance(tsMicros: number): void {
    const watermark = tsMicros - this.latenessMicros;
    if (watermark <= this.#watermark) return;
    this.#watermark = watermark;
    if (watermark >= this.#nextClose) this.#closeUntil(watermark);
  }

  /** Closes and emits everything, also windows whose end has not come. */
  flush(): void {
    this.#closeUntil(Number.POSITIVE_INFINITY);
    this.#watermark = Number.NEGATIVE_INFINITY;
  }

  /** Packets from before this time were there and are forgotten: the windows that began before it say so. */
  missBefore(tsMicros: number): void {
    this.#blindUntil = tsMicros;
  }

  #partFor(ts: number): WindowState | null {
    const current = this.#current;
    if (current !== null && ts >= current.startMicros && ts < current.startMicros + PART_MICROS)
      return current;
    const start = Math.floor(ts / PART_MICROS) * PART_MICROS;
    if (start + PART_MICROS <= this.#watermark) return null;
    let part = this.#parts.find((open) => open.startMicros === start);
    if (!part) {
      if (this.#parts.length >= this.#maxParts) return null;
      part = this.#take(start);
      this.#parts.push(part);
      this.#parts.sort((a, b) => a.startMicros - b.startMicros);
      this.#schedule();
    }
    this.#current = part;
    return part;
  }

  #missAt(tsMicros: number, packets: number): void {
    if (packets === 0) return;
    const part = this.#partFor(tsMicros);
    if (part === null) this.#lose(tsMicros, packets);
    else part.lost += packets;
  }

  /** Lowers the completeness of the windows above a closed part that are still open. */
  #lose(ts: number, packets: number): void {
    if (this.#middle && startOf(ts, MIDDLE_MICROS) === this.#middle.startMicros)
      this.#middle.lost += packets;
    else if (this.#long && startOf(ts, LONG_MICROS) === this.#long.startMicros)
      this.#long.lost += packets;
  }

  /** Closes windows in the order of their ends, shorter ones first. */
  #closeUntil(limit: number): void {
    for (;;) {
      const part = this.#parts[0];
      // A longer window waits for every part that can still belong to it.
      const next = Math.min(limit, part?.startMicros ?? limit);
      const nextMiddle = Math.min(next, this.#middle?.startMicros ?? next);
      if (this.#long && endOf(this.#long, LONG_MICROS) <= nextMiddle) this.#closeLong();
      else if (this.#middle && endOf(this.#middle, MIDDLE_MICROS) <= next) this.#closeMiddle();
      else if (part && part.startMicros + PART_MICROS <= limit) this.#closePart(part);
      else break;
    }
    this.#current = null;
    this.#schedule();
  }

  #schedule(): void {
    const part = this.#parts[0];
    let next = part ? part.startMicros + PART_MICROS : Number.POSITIVE_INFINITY;
    if (this.#middle) next = Math.min(next, endOf(this.#middle, MIDDLE_MICROS));
    if (this.#long) next = Math.min(next, endOf(this.#long, LONG_MICROS));
    this.#nextClose = next;
  }

  #closePart(part: WindowState): void {
    this.#parts.shift();
    this.counters.entityOverflow += part.entityOverflow;
    this.counters.factOverflow += part.distinct.overflowed;
    this.#emit(part, 5);
    this.#middle ??= this.#take(startOf(part.startMicros, MIDDLE_MICROS));
    this.#middle.merge(part);
    this.#pool.push(part);
  }

  #closeMiddle(): void {
    const middle = this.#middle;
    if (!middle) return;
    this.#middle = null;
    this.#emit(middle, 30);
    this.#long ??= this.#take(startOf(middle.startMicros, LONG_MICROS));
    this.#long.merge(middle);
    this.#pool.push(middle);
  }

  #closeLong(): void {
    const long = this.#long;
    if (!long) return;
    this.#long = null;
    this.#emit(long, 180);
    this.#pool.push(long);
  }

  #take(startMicros: number): WindowState {
    const state = this.#pool.pop() ?? new WindowState(this.#limits);
    state.reset(startMicros);
    return state;
  }

  #emit(state: WindowState, size: WindowSize): void {
    if (state.rows.packets(NETWORK_ROW) === 0) return;
    this.counters.windows++;
    const { entities } = state;
    this.#connections.fill(state.conns, entities, state.startMicros);
    this.#claims.fill(state.distinct, state.rows);
    this.#emitRow(state, size, 'network', -1);
    const order = entities.sorted();
    for (const entity of order) this.#emitRow(state, size, 'source', entity);
    for (const entity of order) this.#emitRow(state, size, 'target', entity);
    this.#onClosed(state, size);
  }

  #emitRow(state: WindowState, size: WindowSize, scope: WindowScope, entity: number): void {
    const row = rowOf(scope, entity);
    if (state.rows.packets(row) === 0) return;
    this.counters.rows++;
    const vector = this.#vector();
    const values = windowVector(state, row, scope, size, this.#connections, this.#claims, vector);
    this.#onRow({
      size,
      startMicros: state.startMicros,
      scope,
      entity: scope === 'network' ? '*' : state.entities.text(entity),
      sensorId: this.#sensorId,
      completeness: completenessOf(state, scope, entity) * this.#seenShare(state, size),
      values,
      verdict: null,
    });
  }

  /** A vector for one row, cut from an array for many: arrays of this size each have memory of their own to be freed. */
  #vector(): Float64Array {
    if (this.#vectorsUsed === this.#vectors.length) {
      this.#vectors = new Float64Array(FEATURE_COUNT * VECTORS_AT_ONCE);
      this.#vectorsUsed = 0;
    }
    const at = this.#vectorsUsed;
    this.#vectorsUsed += FEATURE_COUNT;
    return new Float64Array(this.#vectors.buffer, 8 * at, FEATURE_COUNT);
  }

  #seenShare({ startMicros }: WindowState, size: WindowSize): number {
    if (startMicros >= this.#blindUntil) return 1;
    return Math.max(0, 1 - (this.#blindUntil - startMicros) / (size * SECOND));
  }

  save(writer: StateWriter): void {
    this.arp.save(writer);
    writer.number(this.#parts.length);
    for (const part of this.#parts) part.save(writer);
    for (const window of [this.#middle, this.#long]) {
      writer.number(window ? 1 : 0);
      window?.save(writer);
    }
    writer.number(this.#watermark);
    writer.number(this.#evictedBefore);
    writer.number(this.#blindUntil);
    this.#jump.save(writer);
    writer.json(this.counters);
  }

  /** Into a new aggregator with the same options. */
  load(reader: StateReader): void {
    this.arp.load(reader);
    for (let parts = reader.count(this.#maxParts); parts > 0; parts--)
      this.#parts.push(this.#loadWindow(reader));
    this.#middle = reader.count(1) === 1 ? this.#loadWindow(reader) : null;
    this.#long = reader.count(1) === 1 ? this.#loadWindow(reader) : null;
    this.#watermark = reader.number();
    this.#evictedBefore = reader.number();
    this.#blindUntil = reader.number();
    this.#jump.load(reader);
    Object.assign(this.counters, reader.json() as WindowCounters);
    this.#schedule();
  }

  #loadWindow(reader: StateReader): WindowState {
    const window = new WindowState(this.#limits);
    window.load(reader);
    return window;
  }
}

/** The row's share of what the kernel dropped: whole packets whose sum over the batch is exact. */
function dropsOf({ kernelDrops, length }: PacketBatch, row: number): number {
  const until = (rows: number) => Math.floor((rows * kernelDrops) / length);
  return until(row + 1) - until(row);
}

function startOf(ts: number, size: number): number {
  return Math.floor(ts / size) * size;
}

function endOf(state: WindowState, size: number): number {
  return state.startMicros + size;
}
