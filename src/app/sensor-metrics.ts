/** The sensor on this machine, as metrics: what waits, and what it could not keep. */
import { Gauge, type Registry } from 'prom-client';
import type { SensorStats } from '../sensor/sensor.ts';

/** @param read null: there is none */
export function measureSensor(registry: Registry, read: () => SensorStats | null): void {
  const follow = (name: string, help: string, value: (stats: SensorStats) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const stats = read();
        if (stats) this.set(value(stats));
      },
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
