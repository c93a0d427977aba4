/** Batches that are a function of their sensor and their number: an attack that goes on, a scan, clients that work. */
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { conversation, type Hand, times } from '../../src/core/detection/detections.suite.ts';
import { batchOf } from '../../src/core/flows/packet-rows.suite.ts';

/** Each batch has its own seconds: so rows can be counted by batch. */
export const BATCH_SECONDS = 10;
export const BEGIN = 1_700_000_000;

/** The last of `batches` ends the capture. */
export function madeBatch(sensor: number, number: number, batches: number): PacketBatch {
  if (number === batches - 1) return new PacketBatch(1);
  const t = BEGIN + BATCH_SECONDS * number;
  const net = `10.${sensor}`;
  const packets: Hand[] = times(6, (i) => [
    ...conversation(t + i, `${net}.0.1`, `${net}.0.2`, 3389, 20_000 + 10 * number + i),
    {
      t: t + i + 0.5,
      src: `${net}.0.9`,
      dst: `${net}.0.2`,
      sport: 4000,
      dport: 100 + 7 * number + i,
      flags: 'S',
    },
  ]).flat();
  return batchOf(packets);
}

/** The first three lie on partitions of which not all are on the same of two shards. */
export function sensorName(sensor: number): string {
  return `sensor.${4 * sensor}`;
}
