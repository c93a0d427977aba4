/**
 * How many packets may be opened per second of packet time. Opening one costs some 50 to 100 microseconds and anyone
 * can send them, so what is beyond is only recognised, and counted.
 */

export const OPENINGS_PER_SECOND = 2000;
const SECOND_MICROS = 1e6;

export class OpeningBudget {
  refused = 0;
  #sinceMicros = Number.NEGATIVE_INFINITY;
  #spent = 0;

  /** True if one more may be opened at this time. A clock that went back begins a new second. */
  take(tsMicros: number): boolean {
    if (tsMicros < this.#sinceMicros || tsMicros >= this.#sinceMicros + SECOND_MICROS) {
      this.#sinceMicros = tsMicros;
      this.#spent = 0;
    }
    if (this.#spent >= OPENINGS_PER_SECOND) {
      this.refused++;
      return false;
    }
    this.#spent++;
    return true;
  }
}
