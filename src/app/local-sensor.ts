/** The sensor inside `phantomnet up`: live capture where permitted, through spool and shipper into the server beside it. */
import { AppError } from '../errors.ts';
import { openLiveSensor } from '../sensor/live-sensor.ts';
import type { SensorStats } from '../sensor/sensor.ts';
import { type Config, evidenceSettings, spoolFolder } from './config.ts';
import type { Log } from './log.ts';

/** A home machine's packets fit many times over; 64 MiB, the sensor's own default, is for busy links. */
const RING_BYTES = 16 << 20;

export interface LocalSensor {
  /** As it is now. */
  readonly state: 'running' | 'off' | 'not_permitted';
  /** What is wrong with it now; null: nothing, or it was not wanted. */
  readonly reason: string | null;
  readonly stats: SensorStats | null;
  stop(): Promise<void>;
}

const OFF: LocalSensor = { state: 'off', reason: null, stats: null, stop: async () => {} };
/** Shipping waits for so many batches before it counts as a trouble: a restart of the server is none. */
const MANY_WAITING = 30;

/** Resolves once packets arrive or it is known that they will not. Never throws for want of permission. */
export async function startLocalSensor(
  config: Config,
  { url, key, log }: { url: string; key: string; log: Log },
): Promise<LocalSensor> {
  if (!config.capture.enabled) return OFF;
  const stop = new AbortController();
  let onOpen = () => {};
  const opened = new Promise<null>((resolve) => {
    onOpen = () => resolve(null);
  });
  const sensor = await openLiveSensor({
    sensorId: config.sensor.id,
    url,
    key,
    interfaces: config.capture.interfaces,
    promiscuous: config.capture.promiscuous,
    expression: config.capture.filter,
    workers: config.capture.workers,
    method: config.capture.method,
    ringBytes: RING_BYTES,
    spoolDir: spoolFolder(config),
    spoolBytes: config.sensor.spool_bytes,
    evidence: evidenceSettings(config),
    onTrouble: (message) => log.warn(message),
    onOpen: () => onOpen(),
  });
  const running = sensor.run(stop.signal);
  const failed = running.then(
    () => null,
    (error: unknown) => error,
  );
  const failure = await Promise.race([opened, failed]);
  if (failure instanceof AppError)
    return { ...OFF, state: 'not_permitted', reason: failure.message };
  if (failure) throw failure;
  let ended: string | null = null;
  void failed.then((error) => {
    if (!error || stop.signal.aborted) return;
    log.error({ err: error }, 'live capture ended');
    ended = `live capture ended: ${(error as Error).message}`;
  });
  return {
    get state() {
      return ended === null ? 'running' : 'off';
    },
    get reason() {
      const { spoolTrouble, spool, shipper } = sensor.stats;
      return ended ?? spoolTrouble ?? (spool.batches > MANY_WAITING ? shipper.trouble : null);
    },
    get stats() {
      return sensor.stats;
    },
    async stop() {
      stop.abort();
      await failed;
    },
  };
}
