/** Takes batches from the stream, one after the other, and settles each: what the stream is does not matter here. */
import type { PacketBatch } from '../contract/packet-batch.ts';
import type { BatchMeta } from '../stream/batch-meta.ts';
import type { BatchStream, StoreResult } from '../stream/batch-stream.ts';

/** Resolves when the stream is closed and empty. */
export async function runWorker(
  stream: BatchStream,
  ingest: (
    batch: PacketBatch,
    place: BatchMeta,
    encoded: Uint8Array | null,
  ) => Promise<StoreResult>,
): Promise<void> {
  for await (const delivery of stream.deliveries()) {
    try {
      delivery.settle(await ingest(delivery.batch, delivery.meta, delivery.encoded));
    } catch (error) {
      delivery.fail(error);
    }
  }
}
