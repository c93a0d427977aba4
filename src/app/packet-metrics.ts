/** What became of stored packets, as metrics of whoever stores them: `up`, or each worker. */
import { Counter, type Registry } from 'prom-client';
import type { AnalysedBatch } from '../contract/analysis.ts';
import { countAnomalies } from './anomaly-counts.ts';

/**
 * What can happen to a sensor's packets besides being counted in their windows: `late` and `out_of_order` came
 * behind others, `lost` never came, `kernel_dropped` were not even captured.
 */
type PacketFate = 'late' | 'out_of_order' | 'lost' | 'kernel_dropped';

/** Returns what is to be told of each batch that was stored. */
export function measurePackets(registry: Registry): (batch: AnalysedBatch) => void {
  const registers = [registry];
  const anomalies = new Counter({
    name: 'phantomnet_packet_anomalies_total',
    help: 'Stored packets that were malformed, by the name of the malformation',
    labelNames: ['anomaly'],
    registers,
  });
  const fates = new Counter({
    name: 'phantomnet_sensor_packets_total',
    help: 'Packets that came too late for their window, came out of order and were counted, were lost between sensor and here, or were dropped by the kernel',
    labelNames: ['sensor', 'fate'],
    registers,
  });
  return (batch) => {
    for (const [anomaly, count] of countAnomalies(batch.packets)) anomalies.inc({ anomaly }, count);
    for (const [fate, count] of Object.entries(fatesOf(batch)))
      fates.inc({ sensor: batch.sensorId, fate }, count);
  };
}

function fatesOf(batch: AnalysedBatch): Record<PacketFate, number> {
  return {
    late: batch.latePackets ?? 0,
    out_of_order: batch.outOfOrderPackets ?? 0,
    lost: batch.lostPackets ?? 0,
    kernel_dropped: batch.packets.kernelDrops,
  };
}
