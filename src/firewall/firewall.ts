/** What carries a block out. Implementations: nftables, and one that only records (simulation). */

export interface ActiveBlock {
  readonly ip: string;
  /** Seconds left; null: until removed. */
  readonly remainingSeconds: number | null;
}

export interface Firewall {
  readonly name: string;
  /** Makes the table and sets if they are not there. @throws AppError `firewall_unavailable` naming what is missing. */
  open(): Promise<void>;
  /** Idempotent: blocking again replaces the time-out. Canonical address text. */
  block(ip: string, seconds: number | null): Promise<void>;
  /** True if it was blocked. */
  unblock(ip: string): Promise<boolean>;
  list(): Promise<ActiveBlock[]>;
  /** Removes everything this platform ever added, and only that. */
  removeAll(): Promise<void>;
}
