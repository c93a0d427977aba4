/** What happened to a batch's packets besides being counted, for `/metrics`. */
import type { AnalysedBatch } from '../contract/analysis.ts';
import type { PacketFate } from '../http/metrics.ts';

export function packetFates(batch: AnalysedBatch): Record<PacketFate, number> {
  return {
    late: batch.latePackets ?? 0,
    out_of_order: batch.outOfOrderPackets ?? 0,
    lost: batch.lostPackets ?? 0,
    kernel_dropped: batch.packets.kernelDrops,
  };
}
