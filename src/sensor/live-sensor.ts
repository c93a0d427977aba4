/** A sensor on this machine's interfaces: ring, spool and shipper joined, its own shipping left out of the capture. */
import { captureFilter } from '../capture/exclude-filter.ts';
import { LiveBatches } from './live-batches.ts';
import { ownTraffic } from './own-traffic.ts';
import { Sensor } from './sensor.ts';
import { Shipper } from './shipper.ts';
import { Spool } from './spool.ts';

export interface LiveSensorOptions {
  readonly sensorId: string;
  /** The server, without `/ingest_packets`. */
  readonly url: string;
  /** An API key of the role `sensor` whose name is the sensor's id. */
  readonly key: string;
  /** `any` alone means all of them. */
  readonly interfaces: readonly string[];
  readonly promiscuous?: boolean | undefined;
  /** Memory of the kernel's ring; default 64 MiB. */
  readonly ringBytes?: number | undefined;
  readonly spoolDir: string;
  readonly spoolBytes?: number | undefined;
  readonly onTrouble?: ((message: string) => void) | undefined;
  /** Called once packets are being captured. */
  readonly onOpen?: (() => void) | undefined;
}

/**
 * Opens the spool; `run` of the answer captures until its signal aborts and fails with
 * `capture_unavailable` where capture is not permitted, saying what to grant.
 * @throws AppError `config_invalid`: the spool cannot be used; `usage`: the URL or the id is none.
 */
export async function openLiveSensor(options: LiveSensorOptions): Promise<Sensor> {
  const {
    sensorId,
    url,
    key,
    interfaces,
    promiscuous = false,
    ringBytes,
    onTrouble,
    onOpen,
  } = options;
  const spool = await Spool.open({ dir: options.spoolDir, maxBytes: options.spoolBytes });
  const trouble = onTrouble ? { onTrouble } : {};
  const shipper = new Shipper({ spool, sensorId, url, key, ...trouble });
  const filter = captureFilter({ exclude: await ownTraffic(url) });
  const producer = new LiveBatches({
    interfaces,
    promiscuous,
    filter,
    ...(ringBytes ? { ringBytes } : {}),
    ...(onOpen ? { onOpen } : {}),
  });
  return new Sensor({ sensorId, producer, spool, shipper, ...trouble });
}
