/**
 * Which shards an answer lacks. It is noted where a shard is left out, far below the page that it is missing from, and
 * told where the answer goes out; everything between would have to hand it on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const missing = new AsyncLocalStorage<Set<number>>();

/** Runs `work`; the set holds the numbers of the shards that it went without. */
export function withMissingShards<Result>(
  work: (missing: ReadonlySet<number>) => Promise<Result>,
): Promise<Result> {
  const numbers = new Set<number>();
  return missing.run(numbers, () => work(numbers));
}

export function noteMissingShard(number: number): void {
  missing.getStore()?.add(number);
}
