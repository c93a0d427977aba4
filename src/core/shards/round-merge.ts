/**
 * Puts together what shards have measured, packet by packet in the order in which one analysis would have come to
 * all of it, and investigates it: alerts, windows and flows come out as that one's would.
 */
import type { AnalysisOutput } from '../../contract/analysis.ts';
import type { Observation } from '../detection/observation.ts';
import type { AnalysisOptions } from '../engine/analysis.ts';
import { Investigation } from '../engine/investigation.ts';
import { emptyObservation } from '../engine/sights.ts';
import { WindowAggregator } from '../features/window-aggregator.ts';
import { WINDOW_LIMITS, WindowState } from '../features/window-state.ts';
import { byFirstPacket } from '../flows/flow-table.ts';
import { StateReader } from '../state/state-reader.ts';
import type { Round } from './frame-dispatch.ts';
import type { RoundSlot } from './round-slot.ts';
import type { EndedFlow, ShardRound } from './shard.ts';
import { RowReader } from './shown-rows.ts';

export class RoundMerge {
  readonly #investigation: Investigation;
  readonly #windows: WindowAggregator;
  readonly #newPart: () => WindowState;
  readonly #seen: Observation = emptyObservation();
  readonly #evicted: number[];

  constructor(options: AnalysisOptions, shards: number) {
    const { sensorId, caps } = options;
    const investigation = new Investigation(options);
    this.#investigation = investigation;
    this.#windows = new WindowAggregator({
      sensorId,
      onRow: (row) => investigation.endWindow(row),
      ...caps,
    });
    this.#newPart = () => new WindowState({ ...WINDOW_LIMITS, ...caps });
    this.#evicted = new Array<number>(shards).fill(0);
  }

  /** @param measured by every shard, of this round */
  add({ shares, ticks, late }: Round, measured: readonly ShardRound[]): void {
    for (const [shard, { evicted }] of measured.entries()) this.#evicted[shard] = evicted;
    const readers = shares.map(({ slot }, shard) => readerOf(slot, measured[shard]!));
    const flows = inOrder(measured.flatMap((round) => round.flows));
    const parts = measured.flatMap((round) => round.parts).sort((a, b) => a.index - b.index);
    let flow = 0;
    let part = 0;
    let tick = 0;
    let refused = 0;
    for (;;) {
      const reader = nextOf(readers);
      const index = Math.min(
        reader.nextIndex,
        ticks[tick]?.index ?? Number.POSITIVE_INFINITY,
        flows[flow]?.index ?? Number.POSITIVE_INFINITY,
        late[refused]?.index ?? Number.POSITIVE_INFINITY,
      );
      if (index === Number.POSITIVE_INFINITY) break;
      const passed = ticks[tick]?.index === index ? ticks[tick++] : undefined;
      if (passed) this.#investigation.reach(passed.tsMicros);
      for (; flows[flow]?.index === index; flow++) this.#investigation.endFlow(flows[flow]!.flow);
      for (; parts[part]?.index === index; part++) this.#absorb(parts[part]!.state);
      if (passed) this.#windows.advance(passed.tsMicros);
      if (late[refused]?.index === index) this.#windows.refuse(late[refused++]!.tsMicros);
      if (reader.nextIndex !== index) continue;
      const sights = reader.next(this.#seen);
      this.#investigation.show(this.#seen, sights);
    }
  }

  /** @param measured by every shard, at the end of the capture */
  finish(measured: readonly ShardRound[]): void {
    for (const { flow } of inOrder(measured.flatMap(({ flows }) => flows)))
      this.#investigation.endFlow(flow);
    this.#investigation.endStep();
    for (const { parts } of measured) for (const { state } of parts) this.#absorb(state);
    this.#windows.flush();
  }

  /** What has come out since the last call. */
  take(): AnalysisOutput {
    return this.#investigation.take();
  }

  /** State dropped to stay in bounds, by what. */
  get evictions(): Record<string, number> {
    return {
      flows: this.#evicted.reduce((sum, evicted) => sum + evicted, 0),
      windowEntities: this.#windows.counters.entityOverflow,
      windowFacts: this.#windows.counters.factOverflow,
      ...this.#investigation.evictions,
    };
  }

  #absorb(state: Uint8Array): void {
    const part = this.#newPart();
    part.load(new StateReader(state));
    this.#windows.absorb(part);
  }
}

function readerOf({ memory, batch }: RoundSlot, { shown, texts }: ShardRound): RowReader {
  for (const [column, text] of batch.textColumns().entries()) {
    // In one thread both sides have the same batch.
    if (texts[column] === text.values) continue;
    text.clear();
    for (const value of texts[column]!) text.values.push(value);
  }
  return new RowReader(memory.rows, batch, shown);
}

/** The one whose next row came first. */
function nextOf(readers: readonly RowReader[]): RowReader {
  let first = readers[0]!;
  for (const reader of readers) if (reader.nextIndex < first.nextIndex) first = reader;
  return first;
}

/** By the packet that ended them: what timed out first, and of that what was known longest. */
function inOrder(flows: EndedFlow[]): EndedFlow[] {
  return flows.sort(
    (a, b) =>
      a.index - b.index ||
      Number(b.isTimedOut) - Number(a.isTimedOut) ||
      (a.isTimedOut ? byFirstPacket(a.flow, b.flow) : 0),
  );
}
