/** `phantomnet up` in a process that can be killed, with its embedded PostgreSQL, and sensors that ship to it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { findPostmaster, SOCKET_PORT, SUPERUSER } from '../../src/store/embedded/postmaster.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { freePort } from './free-port.ts';
import { Role } from './role.ts';
import { spoolSensors } from './spool-sensors.ts';

const MAIN = 'src/cli/main.ts';

/** Which folder lies on a disk of its own. */
export type OwnDisk = 'database' | 'analysis' | 'spools';

const FOLDERS: Readonly<Record<OwnDisk, { path: string; bytes: number }>> = {
  // The cluster and its log as they are at the end of a round, and as much again.
  database: { path: 'data/postgres', bytes: 400 << 20 },
  analysis: { path: 'data/analysis', bytes: 32 << 20 },
  spools: { path: 'spools', bytes: 4 << 20 },
};

export interface OneMachine {
  readonly db: Database;
  readonly urls: readonly string[];
  readonly keys: readonly string[];
  readonly platform: Role;
  readonly sensors: readonly Role[];
  /** Of the folder that was asked for, else null. */
  readonly disk: SmallDisk | null;
  /** Of the database's server now; null: there is none. */
  postmaster(): Promise<number | null>;
  stop(): Promise<void>;
}

export interface OneMachineOptions {
  readonly sensors: number;
  readonly batches: number;
  readonly paceMs: number;
  readonly ownDisk?: OwnDisk | undefined;
}

/** The platform is up when it resolves, the sensors are not started. */
export async function startOneMachine(options: OneMachineOptions): Promise<OneMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-one-'));
  const { ownDisk } = options;
  const disk =
    ownDisk === undefined
      ? null
      : await mountSmallDisk(join(folder, FOLDERS[ownDisk].path), FOLDERS[ownDisk]);
  const config = join(folder, 'config.yaml');
  const port = await freePort();
  await writeFile(
    config,
    `data_dir: ${join(folder, 'data')}
server: { port: ${port} }
resume: { snapshot_s: 1 }
enforcer: { enabled: false }
`,
  );
  const words = [MAIN, '--config', config, 'up', '--no-demo', '--no-capture', '--no-lures'];
  const platform = new Role(words, 'PhantomNet is up');
  const postgres = join(folder, 'data', 'postgres');
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  stops.push(async () => {
    disk?.unmount();
    await rm(folder, { recursive: true, force: true });
  });
  const cluster = join(postgres, 'cluster');
  const postmaster = async () => (await findPostmaster(cluster))?.pid ?? null;
  stops.push(async () => {
    await platform.end('SIGKILL');
    const pid = await postmaster();
    if (pid !== null) process.kill(pid, 'SIGQUIT');
    while ((await postmaster()) !== null) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  try {
    await platform.start();
    const db = await openDatabase({
      connection: {
        host: join(postgres, 'run'),
        port: SOCKET_PORT,
        user: SUPERUSER,
        database: 'phantomnet',
      },
    });
    stops.push(() => db.close());
    const urls = [`http://127.0.0.1:${port}`];
    const { sensors, keys } = await spoolSensors(db, folder, urls, options);
    stops.push(async () => {
      await Promise.all(sensors.map((sensor) => sensor.end('SIGKILL')));
    });
    return { db, urls, keys, platform, sensors, disk, postmaster, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
