/** What `/metrics` says of who judges. */
import { Gauge, type Registry } from 'prom-client';
import type { Judging } from './judging.ts';

export function measureJudging(registry: Registry, judging: Judging): void {
  new Gauge({
    name: 'phantomnet_model_drift_alarms',
    help: 'Values of live traffic that are far from what the judging model was trained on',
    registers: [registry],
    collect() {
      this.set(judging.driftAlarms);
    },
  });
  new Gauge({
    name: 'phantomnet_model_info',
    help: 'The hash of the model that judges',
    labelNames: ['hash'],
    registers: [registry],
    collect() {
      this.reset();
      if (judging.judge) this.set({ hash: judging.judge.hash }, 1);
    },
  });
}
