/**
 * Where rings lie: `DIR/SENSOR_ID/worker-N`, one per capture worker, so that no two write into one folder.
 * Readers take all workers of a sensor together and order by time.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SENSOR_ID } from '../../stream/batch-meta.ts';

/** What a sensor keeps of its packets. */
export interface EvidenceSettings {
  /** Folder above the rings of all sensors. */
  readonly dir: string;
  /** Of all workers together; default 1 GiB. */
  readonly maxBytes?: number | undefined;
  /** Kept of each packet; default 65,535. */
  readonly snapBytes?: number | undefined;
}

const WORKER_NAME = /^worker-(\d{1,4})$/;

export function ringFolder(dir: string, sensorId: string, worker: number): string {
  return join(dir, sensorId, `worker-${worker}`);
}

/** Folders of the sensor's rings; none where nothing was ever kept, or it is no sensor's id. */
export async function ringsOf(dir: string, sensorId: string): Promise<string[]> {
  if (!SENSOR_ID.test(sensorId)) return [];
  const names = await namesIn(join(dir, sensorId));
  return names.filter((name) => WORKER_NAME.test(name)).map((name) => join(dir, sensorId, name));
}

/** Ids of the sensors that have rings below `dir`. */
export async function sensorsIn(dir: string): Promise<string[]> {
  const sensors: string[] = [];
  for (const name of await namesIn(dir))
    if ((await ringsOf(dir, name)).length > 0) sensors.push(name);
  return sensors.sort();
}

/** Removes the rings of workers that there are no more, whose bytes no budget would count. */
export async function removeRingsFrom(
  dir: string,
  sensorId: string,
  workers: number,
): Promise<void> {
  for (const name of await namesIn(join(dir, sensorId))) {
    const number = WORKER_NAME.exec(name)?.[1];
    if (number !== undefined && Number(number) >= workers)
      await rm(join(dir, sensorId, name), { recursive: true, force: true });
  }
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}
