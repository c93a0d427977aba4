/** The sensor on this machine, as metrics: what waits, and what it could not keep. */
import type { Registry } from 'prom-client';
import { followGauge } from '../http/follow-gauge.ts';
import type { SensorStats } from '../sensor/sensor.ts';

/** @param read null: there is none */
export function measureSensor(registry: Registry, read: () => SensorStats | null): void {
  const follow = (name: string, help: string, value: (stats: SensorStats) => number) =>
    followGauge(registry, name, help, () => {
      const stats = read();
      return stats && value(stats);
    });
  follow(
    'phantomnet_spool_batches',
    'Captured batches that wait for the server',
    ({ spool }) => spool.batches,
  );
  follow('phantomnet_spool_bytes', 'Bytes of the batches that wait', ({ spool }) => spool.bytes);
  follow(
    'phantomnet_spool_lost_packets',
    'Captured packets lost because the spool or its disk was full, since the start',
    ({ spool }) => spool.lostRows,
  );
  follow(
    'phantomnet_evidence_dropped_packets',
    'Packets whose bytes were not kept because the disk was full or too slow, since the start',
    ({ evidence }) => evidence?.dropped ?? 0,
  );
}
