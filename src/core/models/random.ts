/**
 * The seeded randomness of training: xoshiro128** (Blackman and Vigna 2018), seeded through
 * splitmix32. The same seed and stream give the same numbers on every machine, and each tree draws
 * from its own stream, so trees come out the same in whatever order they are grown.
 */

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** `seed` and `stream` are whole numbers from 0 to 2⁵³ − 1. */
  constructor(seed: number, stream = 0) {
    let state = (mix(seed >>> 0) ^ mix(Math.floor(seed / 2 ** 32) ^ 0x5bd1e995)) >>> 0;
    state = (state ^ mix((stream >>> 0) ^ 0x27d4eb2f)) >>> 0;
    state = (state ^ mix(Math.floor(stream / 2 ** 32) ^ 0x165667b1)) >>> 0;
    const next = () => {
      state = (state + 0x9e3779b9) >>> 0;
      return mix(state);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1; // never all zero: the generator would stay there
  }

  /** Continues from a given state: for the published test vectors. */
  static fromState(state: readonly [number, number, number, number]): Random {
    const random = new Random(0);
    [random.#a, random.#b, random.#c, random.#d] = state;
    return random;
  }

  /** A whole number from 0 to 2³² − 1. */
  uint32(): number {
    const b = this.#b;
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const c = this.#c ^ this.#a;
    const d = this.#d ^ b;
    this.#b = b ^ c;
    this.#a ^= d;
    this.#c = c ^ (b << 9);
    this.#d = (d << 11) | (d >>> 21);
    return result;
  }

  /** From 0 to just below 1, in steps of 2⁻³². */
  float(): number {
    return this.uint32() * 2 ** -32;
  }

  /** A whole number from 0 to `bound` − 1; `bound` at most 2³². */
  below(bound: number): number {
    return Math.floor(this.float() * bound);
  }

  /**
   * Brings a uniformly drawn choice of `count` items to the front of `items`. Returns with whom each of them changed
   * places, in this order.
   */
  shuffleFront(items: Uint32Array | Uint16Array | Int32Array, count: number): Uint32Array {
    const swaps = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const other = i + this.below(items.length - i);
      swaps[i] = other;
      const item = items[i]!;
      items[i] = items[other]!;
      items[other] = item;
    }
    return swaps;
  }
}

/** The finaliser of splitmix32. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
