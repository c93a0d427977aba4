/** A platform of many machines on one: NATS nodes, a PostgreSQL or two, servers, workers and sensors, each a process that can be killed. */
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
  /** Null: the store is one database. */
  readonly secondPostgres: EmbeddedPostgres | null;
  stop(): Promise<void>;
}

/** The parts that keep something; they serve one cluster after the other. */
export async function startMachines(nodes: 1 | 3, databases: 1 | 2 = 1): Promise<Machines> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-scale-'));
  const postgres = await startEmbedded({
    dataDir: join(folder, 'database'),
    log: quiet,
    maxConnections: 120,
  });
  const secondPostgres =
    databases === 2
      ? await startEmbedded({
          dataDir: join(folder, 'second database'),
          log: quiet,
          maxConnections: 120,
        })
      : null;
  const nats = await startNats(nodes);
  return {
    nats,
    postgres,
    secondPostgres,
    async stop() {
      await nats.stop();
      await secondPostgres?.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Cluster {
  /** With its shards, where there are two databases. */
  readonly db: Database;
  readonly config: string;
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
  { nats, postgres, secondPostgres }: Machines,
  options: ClusterOptions,
): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-cluster-'));
  const database = `scale_${randomUUID().replaceAll('-', '')}`;
  const hosts = secondPostgres ? [postgres, secondPostgres] : [postgres];
  const databases: Database[] = [];
  for (const { connection } of hosts) {
    await administer(connection, `CREATE DATABASE ${database}`);
    databases.push(await openDatabase({ connection: { ...connection, database } }));
  }
  const home = databases[0] as Database;
  await migrate(home);
  const db = secondPostgres ? { ...home, shards: databases } : home;
  const [url, ...shards] = hosts.map(({ connection: { host, port, user } }) => {
    const where = `host=${encodeURIComponent(host ?? '')}&port=${port}`;
    return `"postgres://${user}@/${database}?${where}"`;
  });
  const config = join(folder, 'config.yaml');
  await writeFile(
    config,
    `data_dir: ${join(folder, 'data')}
database: { url: ${url}, shards: [${shards.join(', ')}] }
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
  const stop = async () => {
    await Promise.all([...sensors, ...workers, ...servers].map((role) => role.end('SIGKILL')));
    for (const each of databases) await each.close();
    for (const { connection } of hosts)
      await administer(connection, `DROP DATABASE ${database} WITH (FORCE)`);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all([...servers, ...workers].map((role) => role.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { db, config, urls, workerUrls, servers, workers, sensors, keys, newWorker, stop };
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
