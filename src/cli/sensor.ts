/** `phantomnet sensor`: captures on this machine and ships to a server until it is stopped. */

import { parseFilter } from '../capture/filter/parse-filter.ts';
import type { CaptureMethod } from '../contract/capture.ts';
import { AppError } from '../errors.ts';
import { openLiveSensor } from '../sensor/live-sensor.ts';
import { openAndDrop } from '../sensor/open-and-drop.ts';
import { resend } from '../sensor/resend.ts';
import type { SensorStats } from '../sensor/sensor.ts';
import type { ServerTrust } from '../sensor/server-link.ts';
import { untilStopped } from './until-stopped.ts';

export interface SensorCommandOptions {
  /** The server's URL. */
  readonly to: string;
  /** API key; default: the environment's PHANTOMNET_KEY. */
  readonly key?: string;
  /** PEM file of the authority of an https server. */
  readonly ca?: string;
  /** SHA-256 of the server's certificate. */
  readonly fingerprint?: string;
  /** Must be the key's name; default `local`. */
  readonly id?: string;
  /** Default `any`. */
  readonly interface?: readonly string[];
  readonly promiscuous?: boolean;
  /** Only what this says is captured; see docs/capture-filter.md. */
  readonly filter?: string;
  /** Threads that share the packets; default 1. */
  readonly workers?: number;
  readonly method?: CaptureMethod;
  /** Directory of the spool; default `data/spool`. */
  readonly spool?: string;
  readonly spoolBytes?: number;
  /** Folder above the ring of the last packets; false: they are not kept. */
  readonly evidence?: string | false;
  readonly evidenceBytes?: number;
  readonly snapBytes?: number;
  /** Counters as JSON lines on standard output. */
  readonly json?: boolean;
}

const REPORT_MS = 10_000;

/** @throws AppError `usage` (no key, no such filter), `capture_unavailable` (says what to grant), `config_invalid` (the spool). */
export async function sensorCommand(options: SensorCommandOptions): Promise<void> {
  const key = requireKey(options.key);
  const interfaces = options.interface ?? ['any'];
  const note = (line: string) => process.stderr.write(`${line}\n`);
  const { promiscuous, filter: expression = null, workers, method } = options;
  if (expression !== null) parseFilter(expression);
  const spoolDir = options.spool ?? 'data/spool';
  const capture = { interfaces, promiscuous, expression, workers, method, spoolDir };
  const dir = options.evidence ?? 'data/evidence';
  const { evidenceBytes: maxBytes, snapBytes } = options;
  const evidence = dir === false ? undefined : { dir, maxBytes, snapBytes };
  // Before anything else is open: on Linux the program starts anew here.
  const fds = openAndDrop({ ...capture, evidenceDir: evidence?.dir });
  const sensor = await openLiveSensor({
    ...capture,
    evidence,
    fds,
    sensorId: options.id ?? 'local',
    url: options.to,
    key,
    trust: trustOf(options),
    spoolBytes: options.spoolBytes,
    onTrouble: note,
    onOpen: () => note(`capturing on ${interfaces.join(', ')}, shipping to ${options.to}`),
  });
  const report = () => {
    if (options.json) process.stdout.write(`${JSON.stringify(sensor.stats)}\n`);
    else note(summaryOf(sensor.stats));
  };
  const reporting = setInterval(report, REPORT_MS);
  try {
    await sensor.run(untilStopped());
  } finally {
    clearInterval(reporting);
    report();
  }
}

/** `phantomnet sensor resend`: what the server had refused. @throws AppError `usage`, `server_unavailable`, `unauthenticated` */
export async function resendCommand(options: SensorCommandOptions): Promise<void> {
  const counts = { taken: 0, refused: 0 };
  await resend({
    spoolDir: options.spool ?? 'data/spool',
    url: options.to,
    key: requireKey(options.key),
    trust: trustOf(options),
    onBatch(batch) {
      counts[batch.refusal === null ? 'taken' : 'refused']++;
      if (options.json) process.stdout.write(`${JSON.stringify(batch)}\n`);
      const outcome = batch.refusal?.split('\n', 1)[0] ?? 'taken';
      process.stderr.write(`${batch.name}: ${outcome}\n`);
    },
  });
  process.stderr.write(`${counts.taken} batches taken, ${counts.refused} refused again\n`);
}

function trustOf({ ca, fingerprint }: SensorCommandOptions): ServerTrust {
  return { caFile: ca, fingerprint };
}

/** @throws AppError `usage` where neither the option nor the environment has one. */
export function requireKey(option: string | undefined): string {
  const key = option ?? process.env.PHANTOMNET_KEY;
  if (key) return key;
  throw new AppError(
    'usage',
    'Cannot ship packets without an API key: give --key or PHANTOMNET_KEY',
  );
}

/** One line for people. */
export function summaryOf(stats: SensorStats): string {
  const { frames, kernelDrops, spool, shipper } = stats;
  const parts = [`${frames} packets read`, `${shipper.sentRows} delivered`];
  if (spool.batches > 0) parts.push(`${spool.batches} batches waiting`);
  const givenUp = Object.values(stats.decoder).reduce((sum, count) => sum + count, 0);
  if (givenUp > 0) parts.push(`${givenUp} messages and fragments not put together`);
  if (kernelDrops > 0) parts.push(`${kernelDrops} dropped by the kernel`);
  if (spool.lostRows > 0) parts.push(`${spool.lostRows} lost from the spool`);
  if (shipper.rejectedBatches > 0) parts.push(`${shipper.rejectedBatches} batches refused`);
  return parts.join(', ');
}
