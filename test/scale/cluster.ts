/** A platform of many machines on one: NATS nodes, a PostgreSQL, servers, workers and sensors, each a process that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type NatsServers, startNats } from '../../src/bench/nats-servers.ts';
import { hashSecret, randomApiKey } from '../../src/http/auth/secret.ts';
import { createApiKey } from '../../src/store/api-keys.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type EmbeddedPostgres, startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { sensorName } from './made-traffic.ts';

const MAIN = 'src/cli/main.ts';
const SENSOR = 'test/scale/spool-sensor.ts';
const START_MS = 40_000;
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

/** A process that is started again with the same words. */
class Role {
  readonly #words: readonly string[];
  readonly #ready: string | null;
  #child: ChildProcess | null = null;
  said = '';
  out = '';

  /** @param ready what it says when it is up; null: nobody waits for that */
  constructor(words: readonly string[], ready: string | null) {
    this.#words = words;
    this.#ready = ready;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [...this.#words], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      this.said += chunk.toString('utf8');
    });
    child.stdout.on('data', (chunk: Buffer) => {
      this.out += chunk.toString('utf8');
    });
    const deadline = Date.now() + START_MS;
    while (this.#ready !== null && !said.includes(this.#ready)) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`It did not come up:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async exited(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

export interface Cluster {
  readonly db: Database;
  readonly urls: readonly string[];
  readonly servers: readonly Role[];
  readonly workers: readonly Role[];
  readonly sensors: readonly Role[];
  readonly keys: readonly string[];
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
  const workers = Array.from(
    { length: options.workers },
    () => new Role([MAIN, '--config', config, 'worker'], 'The worker is up'),
  );
  const keys: string[] = [];
  const sensors: Role[] = [];
  for (let index = 0; index < options.sensors; index++) {
    const key = randomApiKey();
    const secretHash = hashSecret(key);
    await createApiKey(db, { name: sensorName(index), role: 'sensor', secretHash });
    keys.push(key);
    const url = urls[index % urls.length] ?? '';
    const spool = join(folder, `spool${index}`);
    const words = [url, key, index, spool, options.batches, options.paceMs].map(String);
    sensors.push(new Role([SENSOR, ...words], null));
  }
  await Promise.all([...servers, ...workers].map((role) => role.start()));
  return {
    db,
    urls,
    servers,
    workers,
    sensors,
    keys,
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('There is no free port');
  return address.port;
}
