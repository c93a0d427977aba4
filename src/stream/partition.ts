/**
 * Which partition of a stream a sensor's batches go to. By sensor and not by the packets' addresses: an analysis
 * is a function of one sensor's packets in order (docs/decisions/0008-partitions-by-sensor.md).
 */
import { crc32 } from 'node:zlib';

/** So many workers can share the work. Changing it means a new stream: sensors would change places. */
export const PARTITIONS = 16;

export function partitionOf(sensorId: string): number {
  return crc32(sensorId) % PARTITIONS;
}
