/** A sensor on this machine's interfaces: ring, spool and shipper joined, its own shipping left out of the capture. */
import type { LiveSourceOptions } from '../capture/live-source.ts';
import type { EvidenceSettings } from './evidence/ring-folders.ts';
import { LiveBatches } from './live-batches.ts';
import { ownTraffic } from './own-traffic.ts';
import { Sensor } from './sensor.ts';
import type { ServerTrust } from './server-link.ts';
import { Shipper } from './shipper.ts';
import { Spool } from './spool.ts';

export interface LiveSensorOptions extends Omit<LiveSourceOptions, 'exclude'> {
  readonly sensorId: string;
  /** The server, without `/ingest_packets`. */
  readonly url: string;
  /** An API key of the role `sensor` whose name is the sensor's id. */
  readonly key: string;
  readonly trust?: ServerTrust | undefined;
  /** Threads that share the packets; default 1. */
  readonly workers?: number | undefined;
  /** Sockets that are open already, one for each thread; see `open-and-drop.ts`. */
  readonly fds?: readonly number[] | undefined;
  readonly spoolDir: string;
  readonly spoolBytes?: number | undefined;
  /** Keeps the packets' bytes; default: they are not kept. */
  readonly evidence?: EvidenceSettings | undefined;
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
  const { sensorId, url, key, trust, spoolDir, spoolBytes, onTrouble, ...live } = options;
  const spool = await Spool.open({ dir: spoolDir, maxBytes: spoolBytes });
  const trouble = onTrouble ? { onTrouble } : {};
  const shipper = new Shipper({ spool, sensorId, url, key, trust, ...trouble });
  const producer = new LiveBatches({ ...live, onTrouble, exclude: await ownTraffic(url) });
  return new Sensor({ sensorId, producer, spool, shipper, ...trouble });
}
