import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Queryable } from '../database.ts';
import { type SumQueries, topSums } from './top-sums.ts';

interface Row {
  readonly key: string;
  readonly sum: number;
}

/** Sums as a shard has them: at most one row a key. */
const shardRows = fc
  .uniqueArray(fc.record({ key: fc.constantFrom(...'abcdefghijkl'), sum: fc.nat(20) }), {
    selector: ({ key }) => key,
  })
  .map((rows) => sorted(rows));

it('are those of all rows in one place, whatever lies where', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(shardRows, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5 }),
      async (shards, count) => {
        const sums = new Map<string, number>();
        for (const { key, sum } of shards.flat()) sums.set(key, (sums.get(key) ?? 0) + sum);
        const all = sorted([...sums].map(([key, sum]) => ({ key, sum })));
        expect(await topOf(shards, count)).toEqual(all.slice(0, count));
      },
    ),
  ));

it('find a key that is at the top of no shard', async () => {
  const shards = [
    [
      { key: 'a', sum: 10 },
      { key: 'both', sum: 9 },
    ],
    [
      { key: 'b', sum: 10 },
      { key: 'both', sum: 9 },
    ],
  ];
  expect(await topOf(shards, 1)).toEqual([{ key: 'both', sum: 18 }]);
});

/** The numbers stand for the databases. */
function topOf(shards: readonly Row[][], count: number): Promise<Row[]> {
  const rowsOf = (shard: Queryable) => shards[shard as unknown as number] ?? [];
  const queries: SumQueries<string, Row> = {
    top: async (shard, limit) => rowsOf(shard).slice(0, limit),
    atLeast: async (shard, least) => rowsOf(shard).filter(({ sum }) => sum >= least),
    of: async (shard, keys) => rowsOf(shard).filter(({ key }) => keys.includes(key)),
    keyOf: ({ key }) => key,
    sumOf: ({ sum }) => sum,
    add: (a, b) => ({ key: a.key, sum: a.sum + b.sum }),
  };
  const numbers = shards.map((_, number) => number as unknown as Queryable);
  return topSums((question) => Promise.all(numbers.map(question)), count, queries);
}

function sorted(rows: Row[]): Row[] {
  return rows.sort((a, b) => b.sum - a.sum || (a.key < b.key ? -1 : 1));
}
