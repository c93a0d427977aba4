/** Sensors of made traffic, each with its key and a spool below `folder`; none is started. */
import { join } from 'node:path';
import { hashSecret, randomApiKey } from '../../src/http/auth/secret.ts';
import { createApiKey } from '../../src/store/api-keys.ts';
import type { Database } from '../../src/store/database.ts';
import { sensorName } from './made-traffic.ts';
import { Role } from './role.ts';

const SENSOR = 'test/scale/spool-sensor.ts';

/** Each ships to one of the servers. */
export async function spoolSensors(
  db: Database,
  folder: string,
  urls: readonly string[],
  options: { readonly sensors: number; readonly batches: number; readonly paceMs: number },
): Promise<{ sensors: Role[]; keys: string[] }> {
  const keys: string[] = [];
  const sensors: Role[] = [];
  for (let index = 0; index < options.sensors; index++) {
    const key = randomApiKey();
    const secretHash = hashSecret(key);
    await createApiKey(db, { name: sensorName(index), role: 'sensor', secretHash });
    keys.push(key);
    const url = urls[index % urls.length] ?? '';
    const spool = join(folder, 'spools', String(index));
    const words = [url, key, index, spool, options.batches, options.paceMs].map(String);
    sensors.push(new Role([SENSOR, ...words], null));
  }
  return { sensors, keys };
}
