/** What the routes share for the life of one server, beside the services: all of it bounded. */
import { LoginLimit } from './auth/login-limit.ts';
import { OncePerKey } from './ingest/once-per-key.ts';
import { PayloadBudget } from './ingest/payload-budget.ts';
import { RecordSequences } from './ingest/record-sequences.ts';
import { SensorClocks } from './ingest/sensor-clocks.ts';
import type { Services } from './services.ts';

export interface HttpState {
  /** Whether clients reach us by https, here or at a proxy: cookies are then `Secure`. */
  readonly https: boolean;
  readonly loginLimit: LoginLimit;
  readonly payloads: PayloadBudget;
  readonly recordSequences: RecordSequences;
  readonly oncePerKey: OncePerKey;
  readonly sensorClocks: SensorClocks;
}

export function createHttpState(
  https: boolean,
  { metrics, log }: Pick<Services, 'metrics' | 'log'>,
): HttpState {
  return {
    https,
    loginLimit: new LoginLimit(),
    payloads: new PayloadBudget(),
    recordSequences: new RecordSequences(),
    oncePerKey: new OncePerKey(),
    sensorClocks: new SensorClocks({
      gauge: metrics.sensorClockSkew,
      onSkew: (sensor, estimate) =>
        log.warn({ sensor, ...estimate }, "a sensor's clock is off: set it by NTP"),
    }),
  };
}
