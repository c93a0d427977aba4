/**
 * One worker's hold on one partition: from the lease to its end, batches are read in order from where the database
 * says it is stored, analysed, and committed with their position in one transaction, on the session that holds the
 * lease. What fails stays first in line; what can never be stored is set aside with the reason, and the rest goes on.
 */
import type { AnalysedBatch } from '../contract/analysis.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import { ingestTogether } from '../store/ingest.ts';
import type { Lease } from '../store/partition-lease.ts';
import { type Quarantined, quarantine } from '../store/quarantine.ts';
import {
  behindStates,
  neededAfter,
  notePosition,
  noteStored,
  openPartition,
} from '../store/stream-places.ts';
import type { StoreResult } from '../stream/batch-stream.ts';
import type { JetStream } from '../stream/jetstream.ts';
import type { Log } from './log.ts';
import type { Pipeline } from './pipeline.ts';
import type { AnalysisKeeper } from './resume/analysis-keeper.ts';
import { StreamKeeper, type StreamKeeperOptions } from './resume/stream-keeper.ts';

const SAVE_MS = 1_000;
const TRIM_MS = 5_000;
/** Of a partition's room: from here on what is not needed goes at once. */
const FULL_SHARE = 0.25;
/** What no repeat changes. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['input_invalid', 'too_large']);

export interface PartitionWorkerOptions {
  readonly partition: number;
  readonly lease: Lease;
  readonly stream: JetStream;
  readonly snapshotMs: number;
  readonly log: Log;
  /** The pipeline of the partition's sensors. */
  readonly pipeline: (parts: {
    store: (batch: AnalysedBatch) => Promise<StoreResult>;
    keeper: AnalysisKeeper;
  }) => Pipeline;
  readonly onQuarantine: () => void;
  readonly onLoss: StreamKeeperOptions['onLoss'];
}

/**
 * Works until `signal` aborts, then leaves its states behind for the next; or until the lease is lost.
 * @throws AppError `database_unavailable`, `server_unavailable`: begin again
 */
export async function workOnPartition(
  options: PartitionWorkerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { partition, lease, stream, snapshotMs, log } = options;
  const { db } = lease;
  const stop = AbortSignal.any([signal, lease.lost]);
  const { created, first, last } = await stream.state(partition);
  let stored = await openPartition(db, partition, created);
  if (first > stored + 1)
    log.error(
      { partition, stored, first },
      'batches have gone from the stream that were not stored',
    );
  // What is there a second time is known; what is new must not be passed over.
  const after = Math.min(stored, last);
  if (after < stored) log.warn({ partition, stored, last }, 'the stream has gone back');
  let current = stored;
  const keeper = new StreamKeeper({
    db,
    stream,
    snapshotMs,
    position: () => stored,
    signal: stop,
    log,
    onLoss: options.onLoss,
  });
  const pipeline = options.pipeline({
    keeper,
    async store(batch) {
      const place = { position: current, sensorId: batch.sensorId };
      const [result] = await ingestTogether(db, [batch], (tx) =>
        noteStored(tx, partition, [place]),
      );
      if (result === 'stored') stored = current;
      return result as StoreResult;
    },
  });
  const setAside = async (batch: Omit<Quarantined, 'partition'>) => {
    log.error({ partition, ...batch.meta, reason: batch.reason }, 'a batch was set aside');
    const emptied = await db.transaction(async (tx) => {
      const older = await quarantine(tx, { ...batch, partition });
      const { meta, position } = batch;
      // The analysis may have counted it: whoever goes on from the state must, too.
      if (meta) await noteStored(tx, partition, [{ position, sensorId: meta.sensorId }]);
      else await notePosition(tx, partition, position);
      return older;
    });
    db.counters.quarantinedEmptied += emptied;
    if (emptied > 0)
      log.warn({ emptied }, 'the quarantine is full: of its oldest batches only the reasons stay');
    stored = batch.position;
    options.onQuarantine();
  };
  // What the one before left uncounted in its states: silent sensors must not hold the stream back.
  for (const { sensorId } of await behindStates(db, partition)) {
    if (stop.aborted) return;
    await pipeline.restore(sensorId);
  }
  const timers = [
    setInterval(() => pipeline.saveDue(), SAVE_MS),
    every(TRIM_MS, () => trim(options), log),
  ];
  try {
    const reading = {
      partition,
      after,
      signal: stop,
      onSpoilt: ({
        position,
        bytes,
        reason,
      }: {
        position: number;
        bytes: Uint8Array;
        reason: string;
      }) => setAside({ meta: null, position, packets: null, reason, bytes }),
    };
    let trouble: string | null = null;
    for await (const delivery of stream.deliveries(reading)) {
      const { batch, meta, encoded, position } = delivery;
      const packets = batch.length;
      current = position;
      try {
        const result = await pipeline.ingest(batch, meta, encoded);
        stored = position;
        delivery.settle(result);
        trouble = null;
      } catch (error) {
        if (lease.lost.aborted) return;
        const { message: reason } = error as Error;
        if (error instanceof AppError && FINAL.has(error.code)) {
          const { sensorId, epoch, sequence } = meta;
          const place = { sensorId, epoch, sequence };
          await setAside({ meta: place, position, packets, reason, bytes: encoded ?? NOTHING });
          delivery.settle('stored');
        } else {
          if (reason !== trouble) log.warn({ partition, reason }, 'a batch waits');
          trouble = reason;
          delivery.fail(error);
        }
      }
      if (stop.aborted) break;
    }
    if (!lease.lost.aborted) await pipeline.close();
  } finally {
    for (const timer of timers) clearInterval(timer);
  }
}

const NOTHING = new Uint8Array(0);

/**
 * Lets the stream forget what is stored and in the states: where that is all it has, or where it must.
 *
 * A node of NATS 2.9 that is killed and comes back can lack more than was purged (measured, docs/faults.md): a purge
 * is rare while there is something behind it that is needed.
 */
async function trim({ partition, stream, lease }: PartitionWorkerOptions): Promise<void> {
  if (lease.lost.aborted) return;
  const needed = await neededAfter(lease.db, partition);
  // Another may count again from there by now.
  if (lease.lost.aborted) return;
  const { first, last, bytes } = await stream.state(partition);
  const mayWait = needed < last && bytes < FULL_SHARE * stream.partitionBytes;
  if (needed >= first && !mayWait) await stream.trim(partition, needed);
}

function every(ms: number, work: () => Promise<void>, log: Log): NodeJS.Timeout {
  let isRunning = false;
  return setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    void work()
      .catch((error: Error) => log.debug({ err: error }, 'periodic work failed'))
      .finally(() => {
        isRunning = false;
      });
  }, ms);
}
