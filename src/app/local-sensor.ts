/** The sensor inside `phantomnet up`: live capture where permitted, through spool and shipper into the server beside it. */
import { join } from 'node:path';
import { excludeFilter } from '../capture/exclude-filter.ts';
import { AppError } from '../errors.ts';
import { LiveBatches } from '../sensor/live-batches.ts';
import { ownTraffic } from '../sensor/own-traffic.ts';
import { Sensor } from '../sensor/sensor.ts';
import { Shipper } from '../sensor/shipper.ts';
import { Spool } from '../sensor/spool.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';

/** A home machine's packets fit many times over; 64 MiB, the sensor's own default, is for busy links. */
const RING_BYTES = 16 << 20;

export interface LocalSensor {
  readonly state: 'running' | 'off' | 'not_permitted';
  /** Why it does not run; null where it does or was not wanted. */
  readonly reason: string | null;
  stop(): Promise<void>;
}

const OFF: LocalSensor = { state: 'off', reason: null, stop: async () => {} };

/** Resolves once packets arrive or it is known that they will not. Never throws for want of permission. */
export async function startLocalSensor(
  config: Config,
  { url, key, log }: { url: string; key: string; log: Log },
): Promise<LocalSensor> {
  if (!config.capture.enabled) return OFF;
  const stop = new AbortController();
  const spool = await Spool.open({
    dir: join(config.data_dir, 'spool'),
    maxBytes: config.sensor.spool_bytes,
  });
  const { id: sensorId } = config.sensor;
  const onTrouble = (message: string) => log.warn(message);
  let onOpen = () => {};
  const opened = new Promise<null>((resolve) => {
    onOpen = () => resolve(null);
  });
  const sensor = new Sensor({
    sensorId,
    spool,
    shipper: new Shipper({ spool, sensorId, url, key, onTrouble }),
    producer: new LiveBatches({
      interfaces: config.capture.interfaces,
      promiscuous: config.capture.promiscuous,
      ringBytes: RING_BYTES,
      filter: excludeFilter(await ownTraffic(url)),
      onOpen: () => onOpen(),
    }),
    onTrouble,
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
  void failed.then((error) => {
    if (error && !stop.signal.aborted) log.error({ err: error }, 'live capture ended');
  });
  return {
    state: 'running',
    reason: null,
    async stop() {
      stop.abort();
      await failed;
    },
  };
}
