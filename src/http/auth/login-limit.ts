/**
 * How often a log-in may fail: per address, per user name, and per both together.
 *
 * Counted before the password is looked at, so that parallel guesses gain nothing. The limit per
 * user name alone is wide: a narrow one would let anybody lock the administrator out. An IPv6
 * client owns a /64, so that is what counts as its address. The table is capped; the oldest entry
 * goes first and is counted.
 */
import { isIPv6 } from 'node:net';

export const LOGIN_WINDOW_MS = 15 * 60_000;
const LIMITS = { pair: 5, address: 20, username: 100 } as const;
const MAX_ENTRIES = 10_000;

interface Tally {
  attempts: number;
  readonly sinceMs: number;
}

export class LoginLimit {
  /** In order of `sinceMs`, oldest first. */
  readonly #tallies = new Map<string, Tally>();
  evictions = 0;

  /** Counts an attempt. Returns 0 where it may go on, else the seconds until it may be tried again. */
  attempt(address: string, username: string, nowMs: number): number {
    const tallies = keysOf(address, username).map(({ key, limit }) => ({
      tally: this.#tallyOf(key, nowMs),
      limit,
    }));
    const full = tallies.filter(({ tally, limit }) => tally.attempts >= limit);
    if (full.length > 0) {
      const freeMs = Math.max(...full.map(({ tally }) => tally.sinceMs)) + LOGIN_WINDOW_MS;
      return Math.max(1, Math.ceil((freeMs - nowMs) / 1000));
    }
    for (const { tally } of tallies) tally.attempts++;
    return 0;
  }

  /** A log-in that succeeded does not count, and clears the failures of this user from this address. */
  succeeded(address: string, username: string): void {
    for (const { kind, key } of keysOf(address, username)) {
      const tally = this.#tallies.get(key);
      if (kind === 'pair') this.#tallies.delete(key);
      else if (tally) tally.attempts = Math.max(0, tally.attempts - 1);
    }
  }

  #tallyOf(key: string, nowMs: number): Tally {
    const known = this.#tallies.get(key);
    if (known && nowMs - known.sinceMs < LOGIN_WINDOW_MS) return known;
    this.#tallies.delete(key);
    if (this.#tallies.size >= MAX_ENTRIES) this.#evictOldest(nowMs);
    const tally = { attempts: 0, sinceMs: nowMs };
    this.#tallies.set(key, tally);
    return tally;
  }

  #evictOldest(nowMs: number): void {
    for (const [key, { sinceMs }] of this.#tallies) {
      const isOver = nowMs - sinceMs >= LOGIN_WINDOW_MS;
      if (!isOver && this.#tallies.size < MAX_ENTRIES) return;
      if (!isOver) this.evictions++;
      this.#tallies.delete(key);
    }
  }
}

function keysOf(address: string, username: string) {
  const network = isIPv6(address) ? networkOf(address) : address;
  const name = username.toLowerCase();
  return [
    { kind: 'pair', key: `p ${network} ${name}`, limit: LIMITS.pair },
    { kind: 'address', key: `a ${network}`, limit: LIMITS.address },
    { kind: 'username', key: `u ${name}`, limit: LIMITS.username },
  ] as const;
}

/** The first four groups of an IPv6 address; an IPv4-mapped one counts as IPv4. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
