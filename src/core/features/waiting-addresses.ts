/**
 * Addresses that found no row in a full window: who of them has earned one, and how many packets anyone
 * may have missed. One bucket for many addresses, chosen by hash; a bucket has
 *  - a leader by majority vote (Boyer and Moore 1991; the one-counter case of Misra and Gries 1982): its
 *    votes are at most its packets, and a leader that sends more than all others of its bucket stays one;
 *  - how many packets passed without a row (a count-min sketch of depth 1, Cormode and Muthukrishnan 2005):
 *    never fewer than any one address of the bucket had.
 * Both merge (Agarwal et al. 2012).
 */
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

const WORDS = 4;
const LEADER = 0;
const VOTES = 1;
const SENT = 2;
const RECEIVED = 3;

export class WaitingAddresses {
  readonly #shift: number;
  readonly #words: Uint32Array;

  /** 2 to the `bits` buckets of 16 bytes; `bits` from 1 to 24. */
  constructor(bits: number) {
    this.#shift = 32 - bits;
    this.#words = new Uint32Array(WORDS * 2 ** bits);
  }

  clear(): void {
    this.#words.fill(0);
  }

  /** One packet from or to the address with this hash; the votes it has now, 0 where it does not lead. */
  note(hash: number, isSender: boolean): number {
    const words = this.#words;
    const at = this.#bucketOf(hash);
    words[at + (isSender ? SENT : RECEIVED)]!++;
    const votes = words[at + VOTES]!;
    if (votes === 0) words[at + LEADER] = hash;
    else if (words[at + LEADER] !== hash) {
      words[at + VOTES] = votes - 1;
      return 0;
    }
    words[at + VOTES] = votes + 1;
    return votes + 1;
  }

  /** At least what the address sent without having a row. */
  sent(hash: number): number {
    return this.#words[this.#bucketOf(hash) + SENT]!;
  }

  received(hash: number): number {
    return this.#words[this.#bucketOf(hash) + RECEIVED]!;
  }

  /** The leader has got a row: the bucket is open for others. */
  dismiss(hash: number): void {
    this.#words[this.#bucketOf(hash) + VOTES] = 0;
  }

  /** The address has lost its row, and with it what was counted there. */
  take(hash: number, sent: number, received: number): void {
    const at = this.#bucketOf(hash);
    this.#words[at + SENT]! += sent;
    this.#words[at + RECEIVED]! += received;
  }

  /** Adds another's buckets, as many as here. */
  merge(other: WaitingAddresses): void {
    const words = this.#words;
    const from = other.#words;
    for (let at = 0; at < words.length; at += WORDS) {
      words[at + SENT]! += from[at + SENT]!;
      words[at + RECEIVED]! += from[at + RECEIVED]!;
      const mine = words[at + VOTES]!;
      const theirs = from[at + VOTES]!;
      const isSame = words[at + LEADER] === from[at + LEADER];
      if (!isSame && theirs > mine) words[at + LEADER] = from[at + LEADER]!;
      words[at + VOTES] = isSame ? mine + theirs : Math.abs(mine - theirs);
    }
  }

  #bucketOf(hash: number): number {
    return WORDS * (hash >>> this.#shift);
  }

  save(writer: StateWriter): void {
    writer.array(this.#words);
  }

  load(reader: StateReader): void {
    reader.array(this.#words);
  }
}
