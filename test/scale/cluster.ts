/** A platform of many machines on one: NATS nodes, a PostgreSQL, servers, workers and sensors, each a process that can be killed. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type NatsServers, startNats } from '../../src/bench/nats-servers.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { freePort } from './free-port.ts';
import { Role } from './role.ts';
import { spoolSensors } from './spool-sensors.ts';

const MAIN = 'src/cli/main.ts';
const quiet = { info() {}, warn() {} };

export interface Machines {
  readonly nats: NatsServers;
  readonly postgres: EmbeddedPostgres;
  stop(): Promise<void>;
}

/** The parts that keep something; they serve one cluster after the other. */
export async function startMachines(nodes: 1 | 3): Promise<Machines> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-scale-'));
  const postgres = await startEmbedded({ dataDir: join(folder, 'database'), log: quiet });
  const nats = await startNats(nodes);
  return {
    nats,
    postgres,
    async stop() {
      await nats.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Cluster {
  readonly db: Database;
  readonly urls: readonly string[];
  /** Where workers have their metrics. */
  readonly workerUrls: readonly string[];
  readonly servers: readonly Role[];
  readonly workers: readonly Role[];
  readonly sensors: readonly Role[];
  readonly keys: readonly string[];
  /** One more, not started; to be ended by whoever starts it. */
  newWorker(): Role;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly servers: number;
  readonly workers: number;
  readonly sensors: number;
  readonly batches: number;
  readonly paceMs: number;
}

/** Servers and workers are up when it resolves, sensors are not started. Each sensor ships to one of the servers. */
export async function startCluster(
  { nats, postgres }: Machines,
  options: ClusterOptions,
): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-cluster-'));
  const { connection } = postgres;
  const database = `scale_${randomUUID().replaceAll('-', '')}`;
  await administer(connection, `CREATE DATABASE ${database}`);
  const db = await openDatabase({ connection: { ...connection, database } });
  await migrate(db);
  const config = join(folder, 'config.yaml');
  const host = encodeURIComponent(connection.host ?? '');
  await writeFile(
    config,
    `data_dir: ${join(folder, 'data')}
database: { url: "postgres://${connection.user}@/${database}?host=${host}&port=${connection.port}" }
stream: { servers: [${nats.urls.map((url) => `"${url}"`).join(', ')}], name: ${database.slice(0, 12)}, replicas: ${nats.urls.length}, partition_bytes: 67108864 }
resume: { snapshot_s: 1 }
enforcer: { enabled: false }
`,
  );
  const urls: string[] = [];
  const servers: Role[] = [];
  for (let index = 0; index < options.servers; index++) {
    const port = await freePort();
    urls.push(`http://127.0.0.1:${port}`);
    const words = [MAIN, '--config', config, 'server', '--port', String(port)];
    servers.push(new Role(words, 'The server is up'));
  }
  const newWorker = () => new Role([MAIN, '--config', config, 'worker'], 'The worker is up');
  const workers: Role[] = [];
  const workerUrls: string[] = [];
  for (let index = 0; index < options.workers; index++) {
    const port = await freePort();
    workerUrls.push(`http://127.0.0.1:${port}`);
    const words = [MAIN, '--config', config, 'worker', '--metrics-port', String(port)];
    workers.push(new Role(words, 'The worker is up'));
  }
  const { sensors, keys } = await spoolSensors(db, folder, urls, options);
  await Promise.all([...servers, ...workers].map((role) => role.start()));
  return {
    db,
    urls,
    workerUrls,
    servers,
    workers,
    sensors,
    keys,
    newWorker,
    async stop() {
      await Promise.all([...sensors, ...workers, ...servers].map((role) => role.end('SIGKILL')));
      await db.close();
      await administer(connection, `DROP DATABASE ${database} WITH (FORCE)`);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function administer(connection: pg.PoolConfig, sql: string): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
