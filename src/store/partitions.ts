/**
 * Makes the partitions that a batch needs, before its transaction begins, and remembers which there are.
 *
 * Packet time decides: a capture of 2005 gets the hours of 2005. Attackers and broken clocks can name any
 * time, so their number is bounded (see `tiers.ts`); past the bound rows go to the default partition,
 * where nothing is lost but pruning. A process that does not know that another one dropped a
 * partition writes there as well.
 */
import type pg from 'pg';
import { clampMicros } from './copy-binary.ts';
import type { Database, StoreCounters, Transaction } from './database.ts';
import type { Tier } from './tiers.ts';

/** One at a time over all processes. */
export const PARTITIONS_LOCK = 0x70617274;
const CHECK_VIOLATION = '23514';
/** How long a refused partition is not asked for again. */
const RETRY_MS = 60_000;
const MAX_REMEMBERED = 1000;
/** Spans before and after now that count as near. */
const NEAR_BEFORE = 24;
const NEAR_AFTER = 2;

export class Partitions {
  readonly #counters: StoreCounters;
  /** `parent@start` of those that exist; and of those refused, when to ask again (ms). */
  readonly #known = new Set<string>();
  readonly #refused = new Map<string, number>();

  constructor(counters: StoreCounters) {
    this.#counters = counters;
  }

  /** @param micros times whose partitions are needed. */
  async ensure(db: Database, tier: Tier, micros: Iterable<number>): Promise<void> {
    const missing = this.#missing(tier, micros);
    if (missing.length === 0) return;
    await db.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1)', [PARTITIONS_LOCK]);
      await ageAnew(tx, tier, missing);
      const rows = await tx.query<{ start: number }>(
        `SELECT extract(epoch FROM lower)::float8 AS start FROM store_partitions
         WHERE parent = $1 AND lower > '-infinity'`,
        [tier.parent],
      );
      const existing = new Set(rows.map(({ start }) => start));
      for (const start of missing) {
        if (existing.has(start) || (await this.#make(tx, tier, start, existing))) {
          this.#remember(tier, start);
        } else {
          this.#refuse(tier, start);
        }
      }
      if (missing.some((start) => !existing.has(start))) await markDefaultWritten(tx, tier);
    });
  }

  /** To be called after a partition was dropped. */
  forget(): void {
    this.#known.clear();
    this.#refused.clear();
  }

  #missing(tier: Tier, micros: Iterable<number>): number[] {
    const now = Date.now();
    const missing = new Set<number>();
    for (const time of micros) {
      const seconds = Math.floor(clampMicros(time) / 1e6);
      const start = seconds - (seconds % tier.seconds);
      const key = `${tier.parent}@${start}`;
      if (!this.#known.has(key) && (this.#refused.get(key) ?? 0) < now) missing.add(start);
    }
    return [...missing].sort((a, b) => b - a);
  }

  /** False where it may not be made. */
  async #make(tx: Transaction, tier: Tier, start: number, existing: Set<number>): Promise<boolean> {
    const spansAgo = (Date.now() / 1000 - start) / tier.seconds;
    const isNear = spansAgo <= NEAR_BEFORE && spansAgo >= -NEAR_AFTER;
    if (existing.size >= (isNear ? tier.limit : tier.farLimit)) return false;
    if (!(await createPartition(tx, tier, start))) return false;
    existing.add(start);
    return true;
  }

  #remember(tier: Tier, start: number): void {
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.add(`${tier.parent}@${start}`);
  }

  #refuse(tier: Tier, start: number): void {
    this.#counters.partitionsRefused++;
    if (this.#refused.size >= MAX_REMEMBERED) this.#refused.clear();
    this.#refused.set(`${tier.parent}@${start}`, Date.now() + RETRY_MS);
  }
}

/** In seconds. False where the default partition has rows of its span. */
export async function createPartition(
  tx: Transaction,
  tier: Tier,
  start: number,
): Promise<boolean> {
  const lower = new Date(start * 1000).toISOString();
  const upper = new Date((start + tier.seconds) * 1000).toISOString();
  const name = `${tier.parent}_${lower.slice(0, 13).replaceAll(/\D/g, '')}`;
  await tx.query('SAVEPOINT partition');
  try {
    await attachPartition(tx, { parent: tier.parent, name, lower, upper });
  } catch (error) {
    // The default partition holds rows of this span already: they and the new ones stay there.
    if ((error as pg.DatabaseError).code !== CHECK_VIOLATION) throw error;
    await tx.query('ROLLBACK TO SAVEPOINT partition');
    return false;
  }
  await tx.query(
    'INSERT INTO store_partitions (parent, name, lower, upper) VALUES ($1, $2, $3, $4)',
    [tier.parent, name, lower, upper],
  );
  return true;
}

/**
 * Attached after it was made: that locks readers of the parent out for a moment less than making it in place.
 * `lower` and `upper` are ISO 8601.
 */
export async function attachPartition(
  tx: Transaction,
  { parent, name, lower, upper }: { parent: string; name: string; lower: string; upper: string },
): Promise<void> {
  await tx.query(`CREATE TABLE ${name} (LIKE ${parent} INCLUDING ALL)`);
  await tx.query(
    `ALTER TABLE ${parent} ATTACH PARTITION ${name} FOR VALUES FROM ('${lower}') TO ('${upper}')`,
  );
}

/** One that held only evidence is written again: it ages and expires like any other from here on. */
async function ageAnew(tx: Transaction, tier: Tier, starts: readonly number[]): Promise<void> {
  await tx.query(
    `UPDATE store_partitions SET is_pinned = false, written_at = now()
     WHERE is_pinned AND parent = $1 AND extract(epoch FROM lower)::float8 = ANY($2)`,
    [tier.parent, starts],
  );
}

/** So that retention counts the age of the default partition from its latest rows. */
async function markDefaultWritten(tx: Transaction, tier: Tier): Promise<void> {
  await tx.query(
    `UPDATE store_partitions SET written_at = now() WHERE parent = $1 AND lower = '-infinity'`,
    [tier.parent],
  );
}
