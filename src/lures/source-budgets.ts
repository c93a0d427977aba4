/** How many sessions and events each source may still have. Bounded in sources: whoever sends chooses the keys. */
import { formatAddress, parseAddress } from '../core/response/address.ts';
import type { LureLimits } from './lure-limits.ts';

interface Budget {
  sessions: number;
  events: number;
  /** ms of `now` when `events` was true. */
  atMs: number;
}

export class SourceBudgets {
  readonly #limits: LureLimits;
  readonly #now: () => number;
  /** The one longest unheard of first. */
  readonly #budgets = new Map<string, Budget>();

  /** `now`: ms, only differences matter. */
  constructor(limits: LureLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#budgets.size;
  }

  /** False if the source has as many sessions as it may, or has used up its events. Pays for the connect and the close. */
  beginSession(sourceIp: string): boolean {
    const budget = this.#budgetOf(sourceIp);
    if (budget.sessions >= this.#limits.maxSessionsPerSource || budget.events < 2) return false;
    budget.events -= 2;
    budget.sessions++;
    return true;
  }

  endSession(sourceIp: string): void {
    const budget = this.#budgets.get(keyOf(sourceIp));
    if (budget) budget.sessions--;
  }

  /** False if the event is one too many. */
  takeEvent(sourceIp: string): boolean {
    const budget = this.#budgetOf(sourceIp);
    if (budget.events < 1) return false;
    budget.events--;
    return true;
  }

  #budgetOf(sourceIp: string): Budget {
    const key = keyOf(sourceIp);
    const { sourceEventBurst, sourceEventsPerSecond, maxSources } = this.#limits;
    const nowMs = this.#now();
    const budget = this.#budgets.get(key) ?? { sessions: 0, events: sourceEventBurst, atMs: nowMs };
    const earned = ((nowMs - budget.atMs) / 1000) * sourceEventsPerSecond;
    budget.events = Math.min(sourceEventBurst, budget.events + earned);
    budget.atMs = nowMs;
    this.#budgets.delete(key);
    this.#budgets.set(key, budget);
    if (this.#budgets.size > maxSources) this.#evict();
    return budget;
  }

  /** Those with sessions stay: there are no more of them than sessions. */
  #evict(): void {
    for (const [key, budget] of this.#budgets) {
      if (budget.sessions > 0) continue;
      this.#budgets.delete(key);
      return;
    }
  }
}

/** One visitor of IPv6 usually commands a whole /64. */
function keyOf(sourceIp: string): string {
  const address = parseAddress(sourceIp);
  if (address?.version !== 6) return sourceIp;
  return formatAddress({ version: 6, value: (address.value >> 64n) << 64n });
}
