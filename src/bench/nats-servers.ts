/** NATS servers with JetStream on loopback, in a folder of their own: one, or three that replicate. For benches and tests. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from '../stream/nats-connection.ts';

/** Why no server can be started here; empty: it can. */
export const whyNoNats =
  spawnSync('nats-server', ['--version']).status === 0
    ? ''
    : 'nats-server is not installed (Debian: apt-get install nats-server)';

const START_MS = 20_000;

export interface NatsServers {
  readonly urls: readonly string[];
  /** Process ids of those that run. */
  readonly pids: readonly number[];
  /** Ends one as nothing can resist. */
  kill(node: number): Promise<void>;
  start(node: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startNats(nodes: 1 | 3): Promise<NatsServers> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-nats-'));
  const ports = await freePorts(2 * nodes);
  const clients = ports.slice(0, nodes);
  const routes = ports.slice(nodes);
  const running: (ChildProcess | null)[] = clients.map(() => null);
  const start = async (node: number) => {
    const config = join(folder, `${node}.conf`);
    const cluster = `cluster { name: test, listen: "127.0.0.1:${routes[node]}", routes: [${routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')}] }`;
    await writeFile(
      config,
      `listen: "127.0.0.1:${clients[node]}"
server_name: node${node}
max_payload: 32MB
max_pending: 128MB
jetstream { store_dir: "${join(folder, `store${node}`)}", max_memory_store: 256MB, max_file_store: 100GB }
${nodes > 1 ? cluster : ''}
`,
    );
    running[node] = spawn('nats-server', ['-c', config], { stdio: 'ignore' });
  };
  const kill = async (node: number) => {
    const child = running[node];
    running[node] = null;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const urls = clients.map((port) => `nats://127.0.0.1:${port}`);
  for (const node of clients.keys()) await start(node);
  await untilReady(urls, nodes);
  return {
    urls,
    get pids() {
      return running.flatMap((child) => child?.pid ?? []);
    },
    kill,
    start,
    async stop() {
      for (const node of clients.keys()) await kill(node);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A stream with as many replicas as there are nodes can be made. */
async function untilReady(urls: readonly string[], replicas: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      const connection = await connectNats({ servers: urls, caFile: null, name: 'test' });
      try {
        const manager = await jetstreamManager(connection);
        await manager.streams.add({ name: 'ready', subjects: ['ready'], num_replicas: replicas });
        await manager.streams.delete('ready');
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.push(address.port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}
