/**
 * The keys with the greatest sums over several shards, exactly, without fetching all keys of any: a key that is in no shard's
 * own top list can still be at the top of all. In three rounds (Cao and Wang, "Efficient top-K query
 * calculation in distributed networks", 2004): each shard's own top; then all keys that have so much on one shard that
 * they can be at the top of all; then what these have on each.
 */
import type { Queryable } from '../database.ts';

/** The same question to every shard. */
type AskAll<Row> = (question: (shard: Queryable) => Promise<Row[]>) => Promise<Row[][]>;

export interface SumQueries<Key, Row> {
  /** The `count` keys with the greatest sums. */
  top(shard: Queryable, count: number): Promise<Row[]>;
  /** All keys with at least that sum. */
  atLeast(shard: Queryable, sum: number): Promise<Row[]>;
  of(shard: Queryable, keys: readonly Key[]): Promise<Row[]>;
  keyOf(row: Row): Key;
  sumOf(row: Row): number;
  /** Makes one row of two with the same key. */
  add(a: Row, b: Row): Row;
}

export async function topSums<Key, Row>(
  ask: AskAll<Row>,
  count: number,
  queries: SumQueries<Key, Row>,
): Promise<Row[]> {
  const tops = await ask((shard) => queries.top(shard, count));
  const [only] = tops;
  if (only && tops.length === 1) return only;
  const merged = addedAndSorted(tops, queries);
  const least = merged[count - 1];
  // Fewer keys than asked for: each shard has named all that it has.
  if (least === undefined) return merged;
  // Who has less than this on every shard has less than `least` in all.
  const threshold = queries.sumOf(least) / tops.length;
  const candidates = await ask((shard) => queries.atLeast(shard, threshold));
  const keys = [...new Set(candidates.flat().map(queries.keyOf))];
  const rows = await ask((shard) => queries.of(shard, keys));
  return addedAndSorted(rows, queries).slice(0, count);
}

/** As the database sorts: greatest first, of equal ones the lesser key. */
function addedAndSorted<Key, Row>(
  lists: readonly Row[][],
  { keyOf, sumOf, add }: SumQueries<Key, Row>,
): Row[] {
  const sums = new Map<Key, Row>();
  for (const row of lists.flat()) {
    const sum = sums.get(keyOf(row));
    sums.set(keyOf(row), sum ? add(sum, row) : row);
  }
  return [...sums.values()].sort((a, b) => sumOf(b) - sumOf(a) || (keyOf(a) < keyOf(b) ? -1 : 1));
}
