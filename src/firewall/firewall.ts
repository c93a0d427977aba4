/** What carries a block out. Implementations: nftables, one that only records (simulation), and the client of the enforcer process. */

export interface ActiveBlock {
  readonly ip: string;
  /** Seconds left; null: until removed. */
  readonly remainingSeconds: number | null;
}

export interface Firewall {
  readonly name: string;
  /** Makes the table and sets if they are not there. @throws AppError `firewall_unavailable` naming what is missing. */
  open(): Promise<void>;
  /**
   * Idempotent: blocking again replaces the time-out. Canonical address text, whole seconds.
   * @throws AppError `overloaded` when `MAX_BLOCKS` of that IP version are in force already.
   */
  block(ip: string, seconds: number | null): Promise<void>;
  /** The same for many at once, all or none. */
  blockAll(blocks: readonly ActiveBlock[]): Promise<void>;
  /** True if it was blocked. */
  unblock(ip: string): Promise<boolean>;
  list(): Promise<ActiveBlock[]>;
  /** Removes everything this platform ever added, and only that. */
  removeAll(): Promise<void>;
}

/** Addresses of one IP version that may be blocked at once; past it a block is refused, not an older one dropped. */
export const MAX_BLOCKS = 65_536;

/** The longest time-out, a year. Longer ones are for `null`. */
export const MAX_BLOCK_SECONDS = 31_536_000;
