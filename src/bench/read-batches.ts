/** The bench's capture as a sensor's batches. */
import { openCapture } from '../capture/open-capture.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import { PacketDecoder } from '../core/wire/decoder.ts';
import { makeBenchCapture } from './bench-capture.ts';

const BATCH_ROWS = 4_096;
/** Enough for a steady rate, few enough for a short bench. */
const MAX_ROWS = 40 * BATCH_ROWS;

/** @param batchRows of each; @param maxRows of all. */
export async function readBatches(
  batchRows = BATCH_ROWS,
  maxRows = MAX_ROWS,
): Promise<PacketBatch[]> {
  const capture = await makeBenchCapture();
  const batches: PacketBatch[] = [];
  const decoder = new PacketDecoder();
  let batch = new PacketBatch(batchRows);
  const source = await openCapture(capture.path);
  await source.run((frame) => {
    if (batches.length * batchRows >= maxRows) return;
    decoder.decode(frame, batch);
    if (!batch.isFull) return;
    batches.push(batch);
    batch = new PacketBatch(batchRows);
  });
  capture.remove();
  return batches;
}
