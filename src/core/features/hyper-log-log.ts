/**
 * How many distinct values there were, in 4 KiB, by HyperLogLog (Flajolet et al. 2007): standard
 * error 1.04 / √4096 = 1.6 %. The registers depend on the set of values only, so that parts merge
 * to exactly what the whole would have been.
 *
 * Estimated by Ertl's improved raw estimator (2017, "New cardinality estimation algorithms for HyperLogLog
 * sketches", algorithm 6): the original goes from linear counting to its raw estimate at 10,240 values and is
 * 2.5 % too high around there, this one has no such place.
 */
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

const REGISTER_BITS = 12;
const REGISTERS = 1 << REGISTER_BITS;
/** Of 64 bits those after the register's. */
const REST_BITS = 64 - REGISTER_BITS;
const ALPHA = 0.5 / Math.LN2;

/** The standard error, and what no estimate of the test was off by: three standard errors and a little. */
export const SKETCH_ERROR = { standard: 0.016, tested: 0.055 } as const;

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
    const having = new Float64Array(REST_BITS + 2);
    for (let i = 0; i < REGISTERS; i++) having[this.#registers[i]!]!++;
    let sum = REGISTERS * full(1 - having[REST_BITS + 1]! / REGISTERS);
    for (let value = REST_BITS; value > 0; value--) sum = 0.5 * (sum + having[value]!);
    sum += REGISTERS * empty(having[0]! / REGISTERS);
    return Math.round((ALPHA * REGISTERS * REGISTERS) / sum);
  }

  save(writer: StateWriter): void {
    writer.array(this.#registers);
  }

  load(reader: StateReader): void {
    reader.array(this.#registers);
  }
}

/** Ertl's σ: what the share of registers that nothing has reached adds. */
function empty(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let factor = 1;
  let sum = share;
  for (let before = -1; before !== sum; ) {
    before = sum;
    x *= x;
    sum += x * factor;
    factor *= 2;
  }
  return sum;
}

/** Ertl's τ: what the share of registers that are not at their greatest value takes. */
function full(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let factor = 1;
  let rest = 1 - share;
  for (let before = -1; before !== rest; ) {
    before = rest;
    x = Math.sqrt(x);
    factor /= 2;
    rest -= (1 - x) ** 2 * factor;
  }
  return rest / 3;
}
