/**
 * One share of the packets of a capture: decodes them, keeps their flows and counts their windows' parts.
 * Time is told from outside: what ends by it ends at the same packet as if one table held everything.
 */
import type { FlowRecord } from '../../contract/flow.ts';
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { DETECTION_DEFAULTS } from '../detection/detection-limits.ts';
import { createDetectors } from '../detection/detectors.ts';
import type { Observation } from '../detection/observation.ts';
import type { AnalysisOptions } from '../engine/analysis.ts';
import type { Judge } from '../engine/judge.ts';
import { emptyObservation, observeInto, sightsOf } from '../engine/sights.ts';
import { ArpWatch } from '../features/arp-watch.ts';
import { PART_MICROS } from '../features/window-aggregator.ts';
import { WINDOW_LIMITS, WindowState } from '../features/window-state.ts';
import { FlowTable } from '../flows/flow-table.ts';
import { StateWriter } from '../state/state-writer.ts';
import { PacketDecoder } from '../wire/decoder.ts';
import { ChunkFrame } from './frame-chunk.ts';
import type { RoundSlot } from './round-slot.ts';
import { noteRow } from './shown-rows.ts';

/** Before the packet with the number `index` of the round, time has come to `tsMicros`: parts that end by `closeMicros` close. */
export interface Tick {
  readonly index: number;
  readonly tsMicros: number;
  readonly closeMicros: number;
}

export interface EndedFlow {
  /** Of the packet that ended it. */
  readonly index: number;
  /** It was time that ended it: those of all shards are told of together. */
  readonly isTimedOut: boolean;
  readonly flow: FlowRecord;
}

export interface ClosedPart {
  readonly index: number;
  /** A `WindowState` as it saves itself. */
  readonly state: Uint8Array;
}

/** What goes to one shard. */
export interface ShardOrder {
  /** Frames in the slot. */
  readonly frames: number;
  readonly interfaces: readonly string[];
  readonly ticks: readonly Tick[];
}

/** What comes back of it, beside the slot. */
export interface ShardRound {
  /** Rows in the slot that detectors want to see. */
  readonly shown: number;
  /** Of the slot's batch, in the order of `PacketBatch.textColumns`. */
  readonly texts: readonly (readonly string[])[];
  readonly flows: readonly EndedFlow[];
  readonly parts: readonly ClosedPart[];
  /** Flows given up to stay in bounds, since the start. */
  readonly evicted: number;
}

export interface ShardOptions extends Pick<AnalysisOptions, 'sensorId' | 'limits' | 'caps'> {
  /** Judges the flows where they end. */
  readonly judge: Judge | null;
}

export class Shard {
  readonly #judge: Judge | null;
  readonly #decoder = new PacketDecoder();
  readonly #table: FlowTable;
  readonly #arp = new ArpWatch();
  /** `Sight` bits of the packets that detectors want to see. */
  readonly #wanted: number;
  readonly #frame = new ChunkFrame();
  readonly #seen: Observation = emptyObservation();
  /** Open, by their beginning. */
  readonly #open = new Map<number, WindowState>();
  readonly #closed: WindowState[] = [];
  readonly #newPart: () => WindowState;
  #shown = 0;
  #flows: EndedFlow[] = [];
  #parts: ClosedPart[] = [];
  #index = 0;
  /** Of the last packet's flow in the table. */
  #slot = -1;
  #isTimedOut = false;
  #evictedBefore = 0;

  constructor({ judge, sensorId, caps, limits = DETECTION_DEFAULTS }: ShardOptions) {
    this.#judge = judge;
    this.#wanted = createDetectors(limits, () => {}).reduce((bits, { sights }) => bits | sights, 0);
    this.#newPart = () => new WindowState({ ...WINDOW_LIMITS, ...caps });
    this.#table = new FlowTable({ sensorId, onEnd: (flow) => this.#endFlow(flow), ...caps });
  }

  /** Measures the frames in the slot, whose batch they then are in. */
  measure({ memory, batch }: RoundSlot, { frames, interfaces, ticks }: ShardOrder): ShardRound {
    const frame = this.#frame;
    batch.clear();
    frame.open(memory.frames, interfaces);
    let tick = 0;
    for (let at = 0; at < frames; at++) {
      frame.at(at);
      while (tick < ticks.length && ticks[tick]!.index <= frame.index) this.#reach(ticks[tick++]!);
      const sights = this.#observe(frame, batch);
      if ((sights & this.#wanted) === 0) continue;
      observeInto(this.#seen, batch, at, this.#table, this.#slot);
      noteRow(memory.rows, this.#shown++, this.#seen, frame.index, sights);
    }
    while (tick < ticks.length) this.#reach(ticks[tick++]!);
    return this.#take(batch.textColumns().map(({ values }) => values));
  }

  /** The capture is over: ends what is open. */
  finish(): ShardRound {
    this.#index = 0;
    this.#isTimedOut = true;
    this.#table.flush();
    this.#close(Number.POSITIVE_INFINITY);
    return this.#take([]);
  }

  #take(texts: readonly (readonly string[])[]): ShardRound {
    const round = {
      shown: this.#shown,
      texts,
      flows: this.#flows,
      parts: this.#parts,
      evicted: this.#table.counters.evicted,
    };
    this.#shown = 0;
    this.#flows = [];
    this.#parts = [];
    return round;
  }

  #reach({ index, tsMicros, closeMicros }: Tick): void {
    this.#index = index;
    this.#isTimedOut = true;
    this.#table.advance(tsMicros);
    this.#close(closeMicros);
  }

  /** Returns the packet's `Sight` bits. */
  #observe(frame: ChunkFrame, batch: PacketBatch): number {
    const table = this.#table;
    this.#index = frame.index;
    this.#isTimedOut = false;
    const row = this.#decoder.decode(frame, batch);
    const slot = table.observeAt(batch, row, frame.nowMicros, frame.clockMicros);
    this.#slot = slot;
    if (batch.arpOp[row]! >= 0) this.#arp.observe(batch, row);
    if (!frame.isLate) {
      const part = this.#partOf(batch.tsMicros[row]!);
      part.lost += table.counters.evicted - this.#evictedBefore;
      this.#evictedBefore = table.counters.evicted;
      part.observe(batch, row, table, slot, this.#arp);
    }
    return sightsOf(batch, row, table, slot);
  }

  #partOf(tsMicros: number): WindowState {
    const start = Math.floor(tsMicros / PART_MICROS) * PART_MICROS;
    let part = this.#open.get(start);
    if (part === undefined) {
      part = this.#closed.pop() ?? this.#newPart();
      part.reset(start);
      this.#open.set(start, part);
    }
    return part;
  }

  #close(untilMicros: number): void {
    for (const [start, part] of this.#open) {
      if (start + PART_MICROS > untilMicros) continue;
      const writer = new StateWriter();
      part.save(writer);
      this.#parts.push({ index: this.#index, state: writer.bytes() });
      this.#open.delete(start);
      this.#closed.push(part);
    }
  }

  #endFlow(flow: FlowRecord): void {
    if (this.#judge) flow.verdict = this.#judge.judgeFlow(flow);
    this.#flows.push({ index: this.#index, isTimedOut: this.#isTimedOut, flow });
  }
}
