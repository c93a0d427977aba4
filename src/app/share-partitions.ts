/**
 * The partitions shared among the workers that are there: each takes its share of what is free and gives back what
 * is more than its share. There is no leader: how many workers there are is read from their locks, so one that
 * dies is not counted any more, and what it held is free. The lock of a partition is on the database that its rows
 * are on, those of the workers on the home.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { countWorkers, joinWorkers, type Lease, leasePartition } from '../store/partition-lease.ts';
import { shardOf } from '../store/shards/over-shards.ts';
import type { Log } from './log.ts';

const LOOK_MS = 1_000;

export interface ShareOptions {
  readonly db: Database;
  readonly partitions: number;
  /** Works until the signal aborts or the lease is lost. */
  readonly work: (partition: number, lease: Lease, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  /** Told which ones are held, in ascending order, when that changes. */
  readonly onHeld?: (partitions: readonly number[]) => void;
  /** Between two looks at who is there; default 1 s. */
  readonly lookMs?: number;
}

interface Held {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Resolves after `signal` aborted, when everything held was given back. */
export async function sharePartitions(options: ShareOptions, signal: AbortSignal): Promise<void> {
  const { db, log, lookMs = LOOK_MS } = options;
  const held = new Map<number, Held>();
  let membership: Lease | null = null;
  let trouble: string | null = null;
  while (!signal.aborted) {
    try {
      if (!membership || membership.lost.aborted) {
        await membership?.release();
        membership = await joinWorkers(db);
      }
      await balance(options, held, await countWorkers(db));
      trouble = null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.message !== trouble)
        log.warn({ reason: error.message }, 'no partitions can be taken');
      trouble = error.message;
    }
    await sleep(lookMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
  for (const { stop } of held.values()) stop.abort();
  await Promise.all([...held.values()].map(({ done }) => done));
  await membership?.release();
}

async function balance(
  options: ShareOptions,
  held: Map<number, Held>,
  workers: number,
): Promise<void> {
  const share = Math.ceil(options.partitions / Math.max(1, workers));
  const kept = [...held].filter(([, { stop }]) => !stop.signal.aborted);
  for (const [, { stop }] of kept.slice(share)) stop.abort();
  const away = new Set<Database>();
  // Each begins to look elsewhere: two that take at once do not ask for the same.
  const first = Math.floor(Math.random() * options.partitions);
  for (let step = 0; step < options.partitions && held.size < share; step++) {
    const partition = (first + step) % options.partitions;
    const shard = shardOf(options.db, partition);
    if (held.has(partition) || away.has(shard)) continue;
    try {
      const lease = await leasePartition(shard, partition);
      if (lease) take(options, held, partition, lease);
    } catch (error) {
      // Its partitions wait; those of the others are worked on. That of a store that is one database is told above.
      if (!(error instanceof AppError) || shard === options.db) throw error;
      away.add(shard);
    }
  }
}

function take(
  { work, log, onHeld }: ShareOptions,
  held: Map<number, Held>,
  partition: number,
  lease: Lease,
): void {
  const stop = new AbortController();
  const told = () => onHeld?.([...held.keys()].sort((a, b) => a - b));
  const done = work(partition, lease, stop.signal)
    .catch((error: unknown) => {
      if (!lease.lost.aborted) log.error({ partition, err: error }, 'work on a partition ended');
    })
    .then(() => lease.release())
    .finally(() => {
      held.delete(partition);
      told();
    });
  held.set(partition, { stop, done });
  told();
}
