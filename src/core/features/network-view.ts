/**
 * One network row from the windows of several sensors. A window is emitted when the watermarks of all sensors
 * have passed its end; a sensor that falls `idleMicros` behind the foremost one is not waited for, and what it
 * delivers afterwards for windows that are out is counted. Time is that of the sensors' packets, as everywhere
 * in the core.
 *
 * What two sensors both saw counts twice, as it does in the sum of their own rows: nothing tells a packet
 * seen at two places from two packets.
 *
 * Bound: `MAX_OPEN` windows of any size; past it the one that ends first is emitted as it is.
 */
import type { WindowRow, WindowSize } from '../../contract/window.ts';
import { ArpSummary } from './arp-summary.ts';
import { completenessOf } from './completeness.ts';
import { ConnectionSummary } from './connection-summary.ts';
import { NETWORK_ROW } from './entity-table.ts';
import { WINDOW_LIMITS, WindowState } from './window-state.ts';
import { windowVector } from './window-vector.ts';

const MAX_OPEN = 64;
const SECOND = 1_000_000;
/** No entity has a row here. */
const NETWORK_LIMITS = { ...WINDOW_LIMITS, maxEntities: 1 };
/** In place of a sensor's id. */
const ALL_SENSORS = '*';

export interface NetworkViewOptions {
  /** By end of window, then by size. */
  readonly onRow: (row: WindowRow) => void;
  /** How far behind the foremost sensor another may be and still be waited for; default 30 s. */
  readonly idleMicros?: number;
}

interface OpenWindow {
  readonly size: WindowSize;
  readonly endMicros: number;
  readonly state: WindowState;
}

export class NetworkView {
  readonly counters = { windows: 0, latePackets: 0, forcedWindows: 0 };
  readonly #onRow: (row: WindowRow) => void;
  readonly #idleMicros: number;
  /** Of the sensors that are waited for. */
  readonly #watermarks = new Map<string, number>();
  #open: OpenWindow[] = [];
  readonly #pool: WindowState[] = [];
  /** Windows that end by here are out. */
  #emittedUntil = Number.NEGATIVE_INFINITY;
  readonly #connections = new ConnectionSummary();
  readonly #claims = new ArpSummary();

  constructor(options: NetworkViewOptions) {
    this.#onRow = options.onRow;
    this.#idleMicros = options.idleMicros ?? 30 * SECOND;
  }

  /** A sensor has closed a window of its own; the state is not kept. */
  add(state: WindowState, size: WindowSize): void {
    const endMicros = state.startMicros + size * SECOND;
    if (endMicros <= this.#emittedUntil) {
      // Longer windows are made of these.
      if (size === 5) this.counters.latePackets += state.rows.packets(NETWORK_ROW);
      return;
    }
    let window = this.#open.find((open) => open.size === size && open.endMicros === endMicros);
    if (!window) {
      window = { size, endMicros, state: this.#pool.pop() ?? new WindowState(NETWORK_LIMITS) };
      window.state.reset(state.startMicros);
      this.#open.push(window);
      this.#open.sort((a, b) => a.endMicros - b.endMicros || a.size - b.size);
    }
    window.state.mergeNetwork(state);
    if (this.#open.length <= MAX_OPEN) return;
    this.counters.forcedWindows++;
    this.#emitFirst();
  }

  /** The sensor has closed, and added, all its windows that end by `watermarkMicros`. */
  advance(sensorId: string, watermarkMicros: number): void {
    const before = this.#watermarks.get(sensorId) ?? Number.NEGATIVE_INFINITY;
    this.#watermarks.set(sensorId, Math.max(before, watermarkMicros));
    const foremost = Math.max(...this.#watermarks.values());
    for (const [id, watermark] of this.#watermarks)
      if (watermark < foremost - this.#idleMicros) this.#watermarks.delete(id);
    this.#emitUntil(Math.min(...this.#watermarks.values()));
  }

  /** Emits what is open: no sensor will say more. */
  flush(): void {
    this.#emitUntil(Number.POSITIVE_INFINITY);
    this.#emittedUntil = Number.NEGATIVE_INFINITY;
    this.#watermarks.clear();
  }

  #emitUntil(limit: number): void {
    for (let first = this.#open[0]; first && first.endMicros <= limit; first = this.#open[0])
      this.#emitFirst();
    this.#emittedUntil = Math.max(this.#emittedUntil, limit);
  }

  #emitFirst(): void {
    const window = this.#open.shift();
    if (!window) return;
    const { state, size, endMicros } = window;
    this.#emittedUntil = Math.max(this.#emittedUntil, endMicros);
    this.counters.windows++;
    this.#connections.fill(state.conns, state.entities, state.startMicros);
    this.#claims.fill(state.distinct, state.rows);
    this.#onRow({
      size,
      startMicros: state.startMicros,
      scope: 'network',
      entity: '*',
      sensorId: ALL_SENSORS,
      completeness: completenessOf(state, 'network', -1),
      values: windowVector(state, NETWORK_ROW, 'network', size, this.#connections, this.#claims),
      verdict: null,
    });
    this.#pool.push(state);
  }
}
