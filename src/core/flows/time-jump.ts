/**
 * Keeps one packet with a broken timestamp from ending everything: a jump of more than an hour ahead
 * moves the clock only when the next packet is there too. Time that explicit calls pass on is not asked.
 */
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

const JUMP_MICROS = 3_600_000_000;

export class TimeJump {
  #latest = Number.NaN;
  #suspect = Number.NaN;

  /** Whether the packet's time may move the clock. To be asked once for every packet. */
  isCredible(tsMicros: number): boolean {
    // The comparisons with NaN are false: the first packet is believed.
    if (
      tsMicros - this.#latest > JUMP_MICROS &&
      !(Math.abs(tsMicros - this.#suspect) <= JUMP_MICROS)
    ) {
      this.#suspect = tsMicros;
      return false;
    }
    this.#suspect = Number.NaN;
    if (!(tsMicros <= this.#latest)) this.#latest = tsMicros;
    return true;
  }

  save(writer: StateWriter): void {
    writer.number(this.#latest);
    writer.number(this.#suspect);
  }

  load(reader: StateReader): void {
    this.#latest = reader.number();
    this.#suspect = reader.number();
  }
}
