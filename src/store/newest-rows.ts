/**
 * The newest rows of a partitioned table that match, however many or few there are.
 *
 * What is common is found by walking back in time. With an address the planner would guess how far that is,
 * and where it guesses wrong read everything for an address that is nowhere. So the last rows are looked
 * through first, which is enough for one that is busy now; else all rows of that address are taken by its own
 * index, from the newest partitions first, and sorted.
 */
import type pg from 'pg';
import { type Position, pageOf } from './cursor.ts';
import type { Queryable } from './database.ts';
import { Filter } from './filter.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';
import type { Tier } from './tiers.ts';
import { isoMicros, walkBack } from './walk-back.ts';

/** An address with a share of one in a hundred fills a page from them. */
const LOOKED_THROUGH = 5000;

export interface NewestRows {
  readonly tier: Tier;
  /** What is selected; `micros` and `tie` of the row among it, under any name. */
  readonly columns: string;
  readonly time: string;
  readonly tie: string;
  readonly limit: number;
  /** Where the page before ended. */
  readonly before: Position | null;
  /** Adds what the rows must be. */
  readonly conditions: (filter: Filter) => void;
  readonly hasAddress: boolean;
}

/** One page, newest first, and where the next begins. */
export async function newestRows<Row extends pg.QueryResultRow>(
  db: Queryable,
  query: NewestRows,
  positionOf: (row: Row) => Position,
): Promise<{ rows: readonly Row[]; next: string | null }> {
  const lists = await overShards(db, (shard) => newestOf<Row>(shard, query));
  const found = mergeSorted(lists, query.limit + 1, (a, b) => {
    const [left, right] = [positionOf(a), positionOf(b)];
    return right.key - left.key || right.tie - left.tie;
  });
  return pageOf(found, query.limit, positionOf);
}

/** One more than the page has. */
async function newestOf<Row extends pg.QueryResultRow>(
  db: Queryable,
  query: NewestRows,
): Promise<Row[]> {
  const { tier, before, limit, hasAddress } = query;
  const options = { before: before?.key ?? null, count: limit + 1 };
  let isFirst = hasAddress;
  return walkBack(db, tier, options, async (lower) => {
    if (isFirst) {
      isFirst = false;
      const rows = await db.query<Row>(...statement(query, lower, 'last rows'));
      if (rows.length >= options.count) return rows;
    }
    return db.query<Row>(...statement(query, lower, hasAddress ? 'by address' : 'by time'));
  });
}

function statement(
  { tier: { shown }, columns, time, tie, limit, before, conditions }: NewestRows,
  lower: string | null,
  way: 'by time' | 'by address' | 'last rows',
): [sql: string, values: unknown[]] {
  const span = new Filter();
  if (lower !== null) span.add(`${time} >= ?`, lower);
  if (before !== null) {
    const at = isoMicros(before.key);
    // The single column is for the planner: it does not prune by row comparison.
    span.add(`${time} <= ?`, at).add(`(${time}, ${tie}) < (?, ?)`, at, before.tie);
  }
  const order = `ORDER BY t.${time} DESC, t.${tie} DESC`;
  if (way === 'last rows') {
    const wanted = new Filter(span.values);
    conditions(wanted);
    const last = `SELECT * FROM ${shown} AS t ${span.where} ${order} LIMIT ${LOOKED_THROUGH}`;
    return [
      `SELECT ${columns} FROM (${last}) AS t ${wanted.where} ${order} LIMIT ${limit + 1}`,
      span.values,
    ];
  }
  conditions(span);
  // OFFSET 0 keeps the planner from walking back in time instead.
  const from =
    way === 'by time'
      ? `${shown} AS t ${span.where}`
      : `(SELECT * FROM ${shown} ${span.where} OFFSET 0) AS t`;
  return [`SELECT ${columns} FROM ${from} ${order} LIMIT ${limit + 1}`, span.values];
}
