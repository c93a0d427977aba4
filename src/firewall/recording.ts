/** The simulated firewall: keeps the same books as a real one and touches nothing. */
import { AppError } from '../errors.ts';
import { secondsOf, targetOf } from './block-target.ts';
import { type ActiveBlock, type Firewall, MAX_BLOCKS } from './firewall.ts';

export class RecordingFirewall implements Firewall {
  readonly name = 'recording';
  readonly #now: () => number;
  /** Until when, in ms of `now`; null: until removed. At most `MAX_BLOCKS` per IP version. */
  readonly #untilMs = { 4: new Map<string, number | null>(), 6: new Map<string, number | null>() };

  /** `now`: ms since the epoch. */
  constructor(options: { now?: () => number } = {}) {
    this.#now = options.now ?? Date.now;
  }

  async open(): Promise<void> {}

  async block(ip: string, seconds: number | null): Promise<void> {
    await this.blockAll([{ ip, remainingSeconds: seconds }]);
  }

  async blockAll(blocks: readonly ActiveBlock[]): Promise<void> {
    this.#dropExpired();
    const orders = blocks.map(({ ip, remainingSeconds }) => ({
      ...targetOf(ip),
      seconds: secondsOf(remainingSeconds),
    }));
    for (const version of [4, 6] as const) {
      const added = orders.filter(
        (order) => order.version === version && !this.#untilMs[version].has(order.ip),
      );
      if (this.#untilMs[version].size + new Set(added.map(({ ip }) => ip)).size > MAX_BLOCKS) {
        throw new AppError(
          'overloaded',
          `Cannot block more than ${MAX_BLOCKS} IPv${version} addresses at once`,
        );
      }
    }
    for (const { version, ip, seconds } of orders) {
      this.#untilMs[version].set(ip, seconds === null ? null : this.#now() + seconds * 1000);
    }
  }

  async unblock(ip: string): Promise<boolean> {
    this.#dropExpired();
    const target = targetOf(ip);
    return this.#untilMs[target.version].delete(target.ip);
  }

  async list(): Promise<ActiveBlock[]> {
    this.#dropExpired();
    return [...this.#untilMs[4], ...this.#untilMs[6]].map(([ip, untilMs]) => ({
      ip,
      remainingSeconds: untilMs === null ? null : Math.ceil((untilMs - this.#now()) / 1000),
    }));
  }

  async removeAll(): Promise<void> {
    this.#untilMs[4].clear();
    this.#untilMs[6].clear();
  }

  #dropExpired(): void {
    const now = this.#now();
    for (const blocks of [this.#untilMs[4], this.#untilMs[6]]) {
      for (const [ip, untilMs] of blocks) if (untilMs !== null && untilMs <= now) blocks.delete(ip);
    }
  }
}
