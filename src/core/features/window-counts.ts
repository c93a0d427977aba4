/**
 * The counters of a window's rows: whole numbers, so that sums do not depend on their order. Which
 * packets count for which row is told in `window-state.ts`.
 */

import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

/**
 * Kinds of fact that are counted once per distinct value; each has the counter of the same number. The
 * five of ports are marks of one fact, "the row met this port": see `PortMark`.
 */
export const Fact = {
  SRC_IP: 0,
  DST_IP: 1,
  DST_PORT: 2,
  UDP_PORT: 3,
  /** (address, port) of new connections. */
  TARGET: 4,
  /** Ports of new connections. */
  NEW_PORT: 5,
  NEW_TCP_PORT: 6,
  NEW_UDP_PORT: 7,
  QNAME: 8,
  QTYPE: 9,
  /** (address, MAC) claimed by ARP. */
  ARP_PAIR: 10,
  ARP_IP: 11,
  ARP_MAC: 12,
} as const;

/** How a row met a port: bit `kind` of each kind of `Fact`. */
export const PortMark = {
  DST: 1 << Fact.DST_PORT,
  UDP: 1 << Fact.UDP_PORT,
  NEW: 1 << Fact.NEW_PORT,
  NEW_TCP: 1 << Fact.NEW_TCP_PORT,
  NEW_UDP: 1 << Fact.NEW_UDP_PORT,
} as const;

/** Counters in 32 bits; those below `Count.ADJACENT_PORTS` count distinct facts. */
export const Count = {
  ADJACENT_PORTS: 13,
  PACKETS: 14,
  TCP: 15,
  UDP: 16,
  ICMP: 17,
  ARP: 18,
  IP: 19,
  SYN: 20,
  ACK: 21,
  SYN_ACK_RECEIVED: 22,
  SYN_ACK_ANSWERING: 23,
  SSH: 24,
  FTP: 25,
  HTTP_LOGIN: 26,
  FAILED_LOGIN: 27,
  REMOTE_PORTS: 28,
  ARP_REQUEST: 29,
  ARP_REPLY: 30,
  GRATUITOUS: 31,
  BINDING_CHANGE: 32,
  UNSOLICITED: 33,
  SUSPICIOUS: 34,
  DNS_QUERY: 35,
  DNS_HIGH_ENTROPY: 36,
  DNS_TXT: 37,
  DNS_RESPONSE: 38,
  DNS_MESSAGE: 39,
  UDP_53: 40,
  /** Not sums. */
  PROTOCOLS: 41,
  LONGEST_SUBDOMAIN: 42,
  /** How often the row has begun anew for another entity: facts of those before are told by it. */
  RESTARTS: 43,
} as const;

export const COUNTS = 44;

/** Sums in 64 bits. */
export const Sum = {
  BYTES: 0,
  BYTE_SQUARES: 1,
  /** Millionths of a bit. */
  ENTROPY: 2,
  SUBDOMAIN_LENGTH: 3,
  LABELS: 4,
  ANSWER_BYTES: 5,
  /** Not sums: µs, the least and the greatest. */
  FIRST_QUERY: 6,
  LAST_QUERY: 7,
} as const;

export const SUMS = 8;

export class WindowCounts {
  counts = new Uint32Array(0);
  sums = new Float64Array(0);

  /** Makes room for at least `rows` rows, keeping what is there; new rows are empty. */
  grow(rows: number): void {
    if (rows <= this.rows) return;
    const counts = new Uint32Array(COUNTS * rows);
    counts.set(this.counts);
    const before = this.sums.length / SUMS;
    const sums = new Float64Array(SUMS * rows);
    sums.set(this.sums);
    this.counts = counts;
    this.sums = sums;
    for (let row = before; row < rows; row++)
      sums[SUMS * row + Sum.FIRST_QUERY] = Number.POSITIVE_INFINITY;
  }

  get rows(): number {
    return this.sums.length / SUMS;
  }

  clear(rows: number): void {
    this.counts.fill(0, 0, COUNTS * rows);
    this.sums.fill(0, 0, SUMS * rows);
    for (let row = 0; row < rows; row++)
      this.sums[SUMS * row + Sum.FIRST_QUERY] = Number.POSITIVE_INFINITY;
  }

  packets(row: number): number {
    return this.counts[COUNTS * row + Count.PACKETS]!;
  }

  /** Empties a row that is from now on another entity's. */
  restart(row: number): void {
    const at = COUNTS * row;
    const restarts = this.counts[at + Count.RESTARTS]! + 1;
    this.counts.fill(0, at, at + COUNTS);
    this.counts[at + Count.RESTARTS] = restarts;
    this.sums.fill(0, SUMS * row, SUMS * (row + 1));
    this.sums[SUMS * row + Sum.FIRST_QUERY] = Number.POSITIVE_INFINITY;
  }

  /** Adds another's row; distinct counts are left to the facts. */
  absorb(row: number, other: WindowCounts, from: number): void {
    const at = COUNTS * row;
    const of = COUNTS * from;
    for (let c = Count.PACKETS; c <= Count.UDP_53; c++)
      this.counts[at + c]! += other.counts[of + c]!;
    this.counts[at + Count.PROTOCOLS]! |= other.counts[of + Count.PROTOCOLS]!;
    this.counts[at + Count.LONGEST_SUBDOMAIN] = Math.max(
      this.counts[at + Count.LONGEST_SUBDOMAIN]!,
      other.counts[of + Count.LONGEST_SUBDOMAIN]!,
    );
    const sumAt = SUMS * row;
    const sumOf = SUMS * from;
    for (let s = 0; s <= Sum.ANSWER_BYTES; s++) this.sums[sumAt + s]! += other.sums[sumOf + s]!;
    const first = other.sums[sumOf + Sum.FIRST_QUERY]!;
    if (first < this.sums[sumAt + Sum.FIRST_QUERY]!) this.sums[sumAt + Sum.FIRST_QUERY] = first;
    const last = other.sums[sumOf + Sum.LAST_QUERY]!;
    if (last > this.sums[sumAt + Sum.LAST_QUERY]!) this.sums[sumAt + Sum.LAST_QUERY] = last;
  }

  /** The first `rows` rows. */
  save(writer: StateWriter, rows: number): void {
    writer.array(this.counts, COUNTS * rows);
    writer.array(this.sums, SUMS * rows);
  }

  /** Into empty counts that have room for them. */
  load(reader: StateReader): void {
    reader.array(this.counts);
    reader.array(this.sums);
  }
}
