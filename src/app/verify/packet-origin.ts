/** Where the packets of an alert may be had again: capture files, or what its sensor still keeps. */
import { openCapture } from '../../capture/open-capture.ts';
import type { Source } from '../../capture/source.ts';
import type { Alert } from '../../contract/alert.ts';
import { AppError } from '../../errors.ts';
import { ringsOf } from '../../sensor/evidence/ring-folders.ts';
import { type RingRun, ringRuns } from '../../sensor/evidence/ring-runs.ts';
import type { Rederivation } from '../../workshop/verify/rederive.ts';

/** One history that may have led to the alert, as packets in order. */
export interface PacketOrigin {
  readonly name: string;
  /** What it tells of lost packets, the analysis was told as well. */
  readonly isLossTold: boolean;
  /** Each with a decoder of its own, all for one analysis. */
  open(): Promise<readonly Source[]>;
  /** Why something else may come out although nothing was changed; none: it must come out the same. */
  doubts(alert: Alert, result: Rederivation): readonly string[];
}

/** `analyze` takes every file for itself; a sensor that replays several takes them for one. */
export function originsOfCaptures(files: readonly string[]): PacketOrigin[] {
  const origin = (name: string, paths: readonly string[]): PacketOrigin => ({
    name,
    isLossTold: false,
    open: () => Promise.all(paths.map((path) => openCapture(path))),
    doubts: () => [],
  });
  const alone = files.map((file) => origin(file, [file]));
  return files.length > 1 ? [...alone, origin(`${files.length} captures as one`, files)] : alone;
}

/**
 * The run that the alert began in, by itself; and all that is kept, as where the analysis went on over restarts
 * of the sensor.
 * @throws AppError `not_found` saying why there is nothing to derive it from
 */
export async function originsOfEvidence(dir: string, alert: Alert): Promise<PacketOrigin[]> {
  const { sensor_id: sensorId } = alert;
  const rings = await ringsOf(dir, sensorId);
  const [ring] = rings;
  if (ring === undefined)
    throw new AppError('not_found', `no packets of sensor ${sensorId} are kept in ${dir}`);
  if (rings.length > 1)
    throw new AppError(
      'not_found',
      `sensor ${sensorId} captures with ${rings.length} workers, and in which order their packets came is not kept`,
    );
  const runs = await ringRuns(ring);
  const begun = runs.filter(({ firstMicros }) => firstMicros <= alert.first_seen * 1e6);
  const own = begun.at(-1) ?? runs[0];
  if (own === undefined)
    throw new AppError('not_found', `no packets of sensor ${sensorId} are kept in ${dir} yet`);
  const name = `the packets kept of ${sensorId}`;
  const origins = [originOf(name, [own])];
  if (runs.length > 1) origins.push(originOf(name, runs));
  return origins;
}

function originOf(name: string, runs: readonly RingRun[]): PacketOrigin {
  return {
    name,
    isLossTold: true,
    open: () => Promise.all(runs.map((run) => run.open())),
    doubts: (alert, { firstMicros, lastMicros, cutPackets, packets }) => {
      const doubts: string[] = [];
      if (alert.first_seen * 1e6 < firstMicros)
        doubts.push(`its packets from before ${utc(firstMicros)} are not kept any more`);
      else if (runs[0]?.isWhole !== true)
        doubts.push(
          `the analysis remembered packets from before ${utc(firstMicros)}, which are not kept any more`,
        );
      if (alert.last_seen * 1e6 > lastMicros)
        doubts.push(`no packets from after ${utc(lastMicros)} are kept yet`);
      if (cutPackets > 0)
        doubts.push(`${cutPackets} of ${packets} packets are kept only in part (snap length)`);
      return doubts;
    },
  };
}

function utc(micros: number): string {
  return Number.isFinite(micros) ? new Date(micros / 1000).toISOString() : 'ever';
}
