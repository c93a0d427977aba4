/**
 * Takes batches from the queue and settles each. Those of one sensor one after the other, in the order in which they
 * came; those of different sensors at once: while the database commits one, the next is analysed.
 */
import type { PacketBatch } from '../contract/packet-batch.ts';
import type { BatchMeta } from '../stream/batch-meta.ts';
import type { BatchStream, Delivery, StoreResult } from '../stream/batch-stream.ts';

/** Small batches of many sensors are stored together: that many may be under way. */
const SENSORS_AT_ONCE = 64;
/**
 * Of large ones about three: one is analysed, one is in the database, and one fills the gaps between them. More gain
 * nothing while the analyses share a thread, and each takes some megabytes.
 */
const ROWS_AT_ONCE = 12_288;

type Ingest = (
  batch: PacketBatch,
  place: BatchMeta,
  encoded: Uint8Array | null,
) => Promise<StoreResult>;

/** Resolves when the stream is closed and empty. What waits here is bounded by what the stream lets out unsettled. */
export async function runWorker(stream: BatchStream, ingest: Ingest): Promise<void> {
  /** By sensor: the deliveries that have not begun, oldest first. A sensor at work has an entry, also an empty one. */
  const waiting = new Map<string, Delivery[]>();
  /** Sensors with a delivery that may begin when another has ended: whose oldest came first is first. */
  const ready: string[] = [];
  const working = new Set<Promise<void>>();
  let rows = 0;

  const begin = () => {
    while (working.size < SENSORS_AT_ONCE && rows < ROWS_AT_ONCE) {
      const sensorId = ready.shift();
      const delivery = sensorId === undefined ? undefined : waiting.get(sensorId)?.shift();
      if (sensorId === undefined || !delivery) return;
      const { length } = delivery.batch;
      rows += length;
      const work = settle(delivery, ingest).then(() => {
        working.delete(work);
        rows -= length;
        // Behind the others: no sensor holds the rest up.
        if (waiting.get(sensorId)?.length) ready.push(sensorId);
        else waiting.delete(sensorId);
        begin();
      });
      working.add(work);
    }
  };

  for await (const delivery of stream.deliveries()) {
    const { sensorId } = delivery.meta;
    const line = waiting.get(sensorId);
    if (line) line.push(delivery);
    else {
      waiting.set(sensorId, [delivery]);
      ready.push(sensorId);
    }
    begin();
  }
  while (working.size > 0) await Promise.all(working);
}

async function settle(
  { batch, meta, encoded, settle, fail }: Delivery,
  ingest: Ingest,
): Promise<void> {
  try {
    settle(await ingest(batch, meta, encoded));
  } catch (error) {
    fail(error);
  }
}
