/**
 * How much of the traffic was seen, by steps of packet time: what an alert says of itself where packets were lost.
 * Bound: the latest `STEPS` steps, as long as detectors remember; earlier losses are forgotten.
 */
import { STEP_MICROS } from '../detection/detector.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

/** 320 s. */
const STEPS = 64;

export class LossRecord {
  /** Of each place: its step, counted from the epoch, and the packets of that step. */
  readonly #step = new Float64Array(STEPS).fill(-1);
  readonly #seen = new Float64Array(STEPS);
  readonly #lost = new Float64Array(STEPS);
  /** Of the packet counted last. */
  #place = 0;
  #endMicros = 0;
  #totalLost = 0;

  /** A packet was seen. */
  count(tsMicros: number): void {
    if (tsMicros >= this.#endMicros || tsMicros < this.#endMicros - STEP_MICROS) {
      const step = Math.floor(tsMicros / STEP_MICROS);
      this.#place = this.#placeOf(step);
      this.#endMicros = (step + 1) * STEP_MICROS;
    }
    this.#seen[this.#place]!++;
  }

  /** `packets` were lost between the two times, evenly; where these make no sense, at the later one. */
  miss(packets: number, fromMicros: number, toMicros: number): void {
    const last = Math.floor(toMicros / STEP_MICROS);
    const earliest = Math.max(Math.floor(fromMicros / STEP_MICROS), last - STEPS + 1);
    const begin = Math.min(earliest, last);
    const each = packets / (last - begin + 1);
    for (let step = begin; step <= last; step++) this.#lost[this.#placeOf(step)]! += each;
    this.#totalLost += packets;
  }

  /** Packets seen between the two times over those and the lost ones, 0 to 1, by whole steps. */
  completeness(fromMicros: number, toMicros: number): number {
    if (this.#totalLost === 0) return 1;
    const first = Math.floor(fromMicros / STEP_MICROS);
    const last = Math.floor(toMicros / STEP_MICROS);
    let seen = 0;
    let lost = 0;
    for (let place = 0; place < STEPS; place++) {
      if (this.#step[place]! < first || this.#step[place]! > last) continue;
      seen += this.#seen[place]!;
      lost += this.#lost[place]!;
    }
    return lost === 0 ? 1 : seen / (seen + lost);
  }

  #placeOf(step: number): number {
    const place = ((step % STEPS) + STEPS) % STEPS;
    if (this.#step[place] !== step) {
      this.#step[place] = step;
      this.#seen[place] = 0;
      this.#lost[place] = 0;
    }
    return place;
  }

  save(writer: StateWriter): void {
    for (const column of [this.#step, this.#seen, this.#lost]) writer.array(column);
    writer.number(this.#place);
    writer.number(this.#endMicros);
    writer.number(this.#totalLost);
  }

  /** Into a new record. */
  load(reader: StateReader): void {
    for (const column of [this.#step, this.#seen, this.#lost]) reader.array(column);
    this.#place = reader.number();
    this.#endMicros = reader.number();
    this.#totalLost = reader.number();
  }
}
