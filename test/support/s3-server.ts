/** An S3 server in a process of its own on loopback, with one bucket in a folder: it can be killed, and comes back with what it had. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import type { S3Target } from '../../src/store/archive/s3-target.ts';

export const BUCKET = 'packets-of-old';
const START_MS = 15_000;

export interface S3Server {
  readonly target: S3Target;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startS3(dir: string): Promise<S3Server> {
  const port = await freePort();
  const program = createRequire(import.meta.url).resolve('s3rver/bin/s3rver.js');
  const words = ['-d', dir, '-a', '127.0.0.1', '-p', String(port), '--configure-bucket', BUCKET];
  let running: ChildProcess | null = null;
  const server: S3Server = {
    target: {
      endpoint: `http://127.0.0.1:${port}`,
      bucket: BUCKET,
      region: 'us-east-1',
      prefix: 'site-1/',
      pathStyle: true,
      // The only ones that it knows.
      accessKey: 'S3RVER',
      secretKey: 'S3RVER',
    },
    async kill() {
      const child = running;
      running = null;
      if (!child) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    async start() {
      running = spawn(process.execPath, [program, ...words], { stdio: 'ignore' });
      const deadline = Date.now() + START_MS;
      while (!(await answers(server.target.endpoint))) {
        if (running.exitCode !== null || Date.now() > deadline)
          throw new Error('s3rver does not start');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
  await server.start();
  return server;
}

function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
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
