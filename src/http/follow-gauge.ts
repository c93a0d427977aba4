/** A gauge that is read when somebody asks for the metrics. */
import { Gauge, type Registry } from 'prom-client';

/** @param read null: nobody knows, and the gauge stays as it was */
export function followGauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | null | Promise<number | null>,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await read();
      if (value !== null) this.set(value);
    },
  });
}
