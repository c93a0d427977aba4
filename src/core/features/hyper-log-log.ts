/**
 * How many distinct values there were, in 4 KiB, by HyperLogLog (Flajolet et al. 2007): standard
 * error 1.04 / √4096 = 1.6 %. The registers depend on the set of values only, so that parts merge
 * to exactly what the whole would have been.
 */

const REGISTER_BITS = 12;
const REGISTERS = 1 << REGISTER_BITS;
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

export class HyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS);

  /** `high` and `low` are 64 well-mixed bits of the value. */
  add(high: number, low: number): void {
    const register = high >>> (32 - REGISTER_BITS);
    const rest = high << REGISTER_BITS;
    const zeros = rest === 0 ? 32 - REGISTER_BITS + Math.clz32(low) : Math.clz32(rest);
    if (zeros + 1 > this.#registers[register]!) this.#registers[register] = zeros + 1;
  }

  merge(other: HyperLogLog): void {
    for (let i = 0; i < REGISTERS; i++)
      if (other.#registers[i]! > this.#registers[i]!) this.#registers[i] = other.#registers[i]!;
  }

  /** A whole number. */
  estimate(): number {
    let sum = 0;
    let empty = 0;
    for (let i = 0; i < REGISTERS; i++) {
      sum += 2 ** -this.#registers[i]!;
      if (this.#registers[i] === 0) empty++;
    }
    const raw = (ALPHA * REGISTERS * REGISTERS) / sum;
    const isSmall = raw <= 2.5 * REGISTERS && empty > 0;
    return Math.round(isSmall ? REGISTERS * Math.log(REGISTERS / empty) : raw);
  }
}
