/**
 * Reads the newest rows of a partitioned table without opening all its partitions: first from the two
 * newest, then from more, then from all. Most pages are full after the first step.
 */
import type { Queryable } from './database.ts';
import type { Tier } from './tiers.ts';

/** How many partitions each step but the last may open. */
const STEPS = [2, 16];

/**
 * @param before microseconds; the page begins there. null: at the newest.
 * @param read reads at most `count` rows from `lower` (a time, or null for no bound) on, newest first.
 */
export async function walkBack<Row>(
  db: Queryable,
  tier: Tier,
  options: { before: number | null; count: number },
  read: (lower: string | null) => Promise<Row[]>,
): Promise<Row[]> {
  const before = options.before === null ? 'infinity' : isoMicros(options.before);
  const partitions = await db.query<{ lower: string }>(
    `SELECT lower::text AS lower FROM store_partitions
     WHERE parent = $1 AND lower > '-infinity' AND lower <= $2 ORDER BY lower DESC LIMIT $3`,
    [tier.parent, before, STEPS.at(-1)],
  );
  for (const step of STEPS) {
    const lower = partitions[step - 1]?.lower;
    if (lower === undefined) break;
    const rows = await read(lower);
    if (rows.length >= options.count) return rows;
  }
  return read(null);
}

/** A time as PostgreSQL reads it, exact to the microsecond. */
export function isoMicros(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = String(micros - 1000 * millis).padStart(3, '0');
  return new Date(millis).toISOString().replace('Z', `${rest}Z`);
}
