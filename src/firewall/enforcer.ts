/**
 * Carries decisions out, and has the last word on what may never be blocked: the list is looked at again here for
 * each single call, whatever was decided elsewhere. It also keeps books of what should be in force, so that
 * blocks come back after a restart, or after another program has flushed the firewall.
 */
import { NeverBlockList, type NeverBlockNetwork } from '../core/response/never-block.ts';
import { AppError } from '../errors.ts';
import { secondsOf, targetOf } from './block-target.ts';
import type { ActiveBlock, Firewall } from './firewall.ts';

export interface EnforcerCounts {
  blocked: number;
  unblocked: number;
  /** Refused because protected. */
  refused: number;
  /** Ended because their time was over. */
  expired: number;
  /** Found missing in the firewall and put back. */
  repaired: number;
}

export interface Sweep {
  /** Blocks whose time was over since the last sweep. */
  readonly expired: readonly string[];
  /** Blocks that should have been in force and were not; they are again. */
  readonly repaired: readonly string[];
}

/** What `Enforcer` and the client of the enforcer process both offer. */
export interface Enforcement extends Firewall {
  /** Protects these besides what is always protected; replaces what was given before. Blocks on them are lifted. */
  protect(networks: readonly NeverBlockNetwork[]): Promise<void>;
  protectedNetworks(): Promise<NeverBlockNetwork[]>;
  /** Blocks of before a restart. Protected ones are left out. Returns how many are in force. */
  restore(blocks: readonly ActiveBlock[]): Promise<number>;
  sweep(): Promise<Sweep>;
  counts(): Promise<EnforcerCounts>;
}

export interface EnforcerOptions {
  readonly firewall: Firewall;
  /** Found by the system itself (own addresses, gateway, resolvers, administrator); read at `open` and each sweep. */
  readonly discover?: () => Promise<NeverBlockNetwork[]>;
  /** ms since the epoch. */
  readonly now?: () => number;
}

export class Enforcer implements Enforcement {
  readonly name: string;
  readonly #firewall: Firewall;
  readonly #discover: () => Promise<NeverBlockNetwork[]>;
  readonly #now: () => number;
  /** What should be in force, until when in ms of `now`. Bounded as the firewall is: what it refuses is not noted. */
  readonly #untilMs = new Map<string, number | null>();
  readonly #counts: EnforcerCounts = {
    blocked: 0,
    unblocked: 0,
    refused: 0,
    expired: 0,
    repaired: 0,
  };
  #given: readonly NeverBlockNetwork[] = [];
  #discovered: readonly NeverBlockNetwork[] = [];
  /** Null before `open`: nothing may be blocked while our own addresses are unknown. */
  #neverBlock: NeverBlockList | null = null;
  /** Changes run one after another, so that the books and the firewall agree. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: EnforcerOptions) {
    this.#firewall = options.firewall;
    this.#discover = options.discover ?? (async () => []);
    this.#now = options.now ?? Date.now;
    this.name = options.firewall.name;
  }

  /** Takes over what the firewall still has from an earlier run. */
  open(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#firewall.open();
      for (const { ip, remainingSeconds } of await this.#firewall.list())
        this.#note(ip, remainingSeconds);
      await this.#rediscover();
    });
  }

  block(ip: string, seconds: number | null): Promise<void> {
    return this.#inTurn(async () => {
      const target = targetOf(ip);
      secondsOf(seconds);
      const reason = this.#reasonFor(target.ip);
      if (reason !== null) {
        this.#counts.refused++;
        throw new AppError(
          'protected_address',
          `Cannot block ${target.ip}: it is protected (${reason})`,
        );
      }
      await this.#firewall.block(target.ip, seconds);
      this.#note(target.ip, seconds);
      this.#counts.blocked++;
    });
  }

  /** @throws AppError `protected_address`, naming the first; then none is blocked. */
  blockAll(blocks: readonly ActiveBlock[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const { ip } of blocks) {
        const reason = this.#reasonFor(targetOf(ip).ip);
        if (reason === null) continue;
        this.#counts.refused++;
        throw new AppError('protected_address', `Cannot block ${ip}: it is protected (${reason})`);
      }
      await this.#firewall.blockAll(blocks);
      for (const { ip, remainingSeconds } of blocks) this.#note(targetOf(ip).ip, remainingSeconds);
      this.#counts.blocked += blocks.length;
    });
  }

  restore(blocks: readonly ActiveBlock[]): Promise<number> {
    return this.#inTurn(async () => {
      const allowed = blocks.filter(({ ip }) => this.#reasonFor(targetOf(ip).ip) === null);
      this.#counts.refused += blocks.length - allowed.length;
      await this.#firewall.blockAll(allowed);
      for (const { ip, remainingSeconds } of allowed) this.#note(targetOf(ip).ip, remainingSeconds);
      return allowed.length;
    });
  }

  unblock(ip: string): Promise<boolean> {
    return this.#inTurn(() => this.#unblock(ip));
  }

  list(): Promise<ActiveBlock[]> {
    return this.#inTurn(() => this.#firewall.list());
  }

  removeAll(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#firewall.removeAll();
      this.#counts.unblocked += this.#untilMs.size;
      this.#untilMs.clear();
    });
  }

  protect(networks: readonly NeverBlockNetwork[]): Promise<void> {
    return this.#inTurn(async () => {
      const list = new NeverBlockList(networks);
      this.#given = list.networks();
      if (this.#neverBlock) await this.#rebuild();
    });
  }

  async protectedNetworks(): Promise<NeverBlockNetwork[]> {
    return (this.#neverBlock ?? new NeverBlockList(this.#given)).networks();
  }

  async counts(): Promise<EnforcerCounts> {
    return { ...this.#counts };
  }

  /** To be called every few seconds: notices ends, puts back what another program has removed, looks for new addresses of our own. */
  sweep(): Promise<Sweep> {
    return this.#inTurn(async () => {
      await this.#rediscover();
      const now = this.#now();
      const expired = [...this.#untilMs].flatMap(([ip, untilMs]) =>
        untilMs !== null && untilMs <= now ? [ip] : [],
      );
      for (const ip of expired) this.#untilMs.delete(ip);
      const present = new Set((await this.#firewall.list()).map(({ ip }) => ip));
      // Under a second left: it may just have ended in the kernel.
      const missing = [...this.#untilMs].flatMap(([ip, untilMs]) => {
        const remainingSeconds = untilMs === null ? null : Math.floor((untilMs - now) / 1000);
        return present.has(ip) || remainingSeconds === 0 ? [] : [{ ip, remainingSeconds }];
      });
      if (missing.length > 0) await this.#firewall.blockAll(missing);
      this.#counts.expired += expired.length;
      this.#counts.repaired += missing.length;
      return { expired, repaired: missing.map(({ ip }) => ip) };
    });
  }

  async #unblock(ip: string): Promise<boolean> {
    const target = targetOf(ip);
    const wasBlocked = await this.#firewall.unblock(target.ip);
    this.#untilMs.delete(target.ip);
    if (wasBlocked) this.#counts.unblocked++;
    return wasBlocked;
  }

  #reasonFor(ip: string): string | null {
    if (!this.#neverBlock) throw new Error('Cannot block before the enforcer is open');
    return this.#neverBlock.reasonFor(ip);
  }

  async #rediscover(): Promise<void> {
    this.#discovered = await this.#discover();
    await this.#rebuild();
  }

  async #rebuild(): Promise<void> {
    this.#neverBlock = new NeverBlockList([...this.#given, ...this.#discovered]);
    for (const ip of [...this.#untilMs.keys()]) {
      if (this.#reasonFor(ip) !== null) await this.#unblock(ip);
    }
  }

  #note(ip: string, seconds: number | null): void {
    this.#untilMs.set(ip, seconds === null ? null : this.#now() + seconds * 1000);
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
