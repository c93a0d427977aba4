/** Counters of the HTTP room, and the registry where other rooms put theirs. `GET /metrics` prints it. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { followGauge } from './follow-gauge.ts';
import type { LiveEvents } from './live-events.ts';

export interface Metrics {
  readonly registry: Registry;
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly requestSeconds: Histogram<'method' | 'route'>;
  readonly ingestBatches: Counter<'format' | 'result'>;
  readonly ingestPackets: Counter<'format'>;
  readonly logins: Counter<'result'>;
  readonly sensorClockSkew: Gauge<'sensor'>;
}

export interface MetricsOptions {
  /** Memory, event loop and garbage collection of this process too. */
  readonly ofProcess: boolean;
}

/** `route` is the path's template, never the path: label values are bounded by the number of routes. */
export function createMetrics(live: LiveEvents, { ofProcess }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (ofProcess) collectDefaultMetrics({ register: registry });
  const follow = (name: string, help: string, read: () => number) =>
    followGauge(registry, name, help, read);
  follow('phantomnet_live_clients', 'Open live streams', () => live.clients);
  follow('phantomnet_live_events', 'Live events published since the start', () => live.published);
  follow(
    'phantomnet_live_dropped',
    'Live streams dropped for reading too slowly',
    () => live.dropped,
  );
  follow('phantomnet_live_refused', 'Live streams refused for want of a place', () => live.refused);
  return {
    registry,
    requests: new Counter({
      name: 'phantomnet_http_requests_total',
      help: 'HTTP requests answered',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'phantomnet_http_request_seconds',
      help: 'Time until the answer began',
      labelNames: ['method', 'route'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    ingestBatches: new Counter({
      name: 'phantomnet_ingest_batches_total',
      help: 'Batches received: stored, or known already',
      labelNames: ['format', 'result'],
      registers,
    }),
    ingestPackets: new Counter({
      name: 'phantomnet_ingest_packets_total',
      help: 'Packets stored from batches',
      labelNames: ['format'],
      registers,
    }),
    sensorClockSkew: new Gauge({
      name: 'phantomnet_sensor_clock_skew_seconds',
      help: "A sensor's clock minus ours",
      labelNames: ['sensor'],
      registers,
    }),
    logins: new Counter({
      name: 'phantomnet_logins_total',
      help: 'Log-ins: accepted, wrong, or refused by the rate limit',
      labelNames: ['result'],
      registers,
    }),
  };
}
