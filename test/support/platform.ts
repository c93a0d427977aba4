/** `phantomnet up` as a user starts it: the built program in a process of its own, with ports that are free. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = 'dist/cli/main.js';
const START_MS = 60_000;

export interface RunningPlatform {
  readonly url: string;
  readonly password: string;
  readonly dataDir: string;
  readonly ports: { readonly ssh: number; readonly http: number; readonly ftp: number };
  /** Of the process that runs now. */
  readonly pid: number;
  /** Everything it said so far. */
  said(): string;
  /** Ends it as nothing can resist (SIGKILL) and starts it again. Resolves when it is up. */
  killAndRestart(): Promise<void>;
  /** Ends it as Ctrl-C does and removes its folder. Resolves to the exit code. */
  stop(): Promise<number | null>;
}

/** Why the program cannot be started here; empty: it can. */
export const whyNotBuilt = existsSync(MAIN) ? '' : `${MAIN} is not there: run npm run build`;

/**
 * Resolves when it has said that it is up.
 * @param within a program and arguments to run it by, such as `ip netns exec NAME`
 * @param settings lines of the configuration file, below those that are always there
 */
export async function startUp(
  args: readonly string[] = [],
  within: readonly string[] = [],
  settings = '',
): Promise<RunningPlatform> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-up-'));
  const ports = {
    server: await freePort(),
    ssh: await freePort(),
    http: await freePort(),
    ftp: await freePort(),
  };
  const config = join(folder, 'config.yaml');
  const dataDir = join(folder, 'data');
  await writeFile(
    config,
    `data_dir: ${dataDir}
server: { port: ${ports.server} }
lures: { host: 127.0.0.1, ssh_port: ${ports.ssh}, http_port: ${ports.http}, ftp_port: ${ports.ftp} }
${settings}
`,
  );
  const command = [...within, process.execPath, MAIN, '--config', config, 'up', ...args];
  let running = await startProcess(command);
  let before = '';
  return {
    url: `http://127.0.0.1:${ports.server}`,
    password: /Sign in as admin with (\S+)/.exec(running.said())?.[1] ?? '',
    dataDir,
    ports,
    get pid() {
      return running.child.pid ?? 0;
    },
    said: () => before + running.said(),
    async killAndRestart() {
      await end(running.child, 'SIGKILL');
      before += running.said();
      running = await startProcess(command);
    },
    async stop() {
      const code = await end(running.child, 'SIGINT');
      await rm(folder, { recursive: true, force: true });
      return code;
    },
  };
}

async function startProcess([program = '', ...words]: readonly string[]): Promise<{
  child: ChildProcess;
  said: () => string;
}> {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const deadline = Date.now() + START_MS;
  while (!said.includes('PhantomNet is up')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`It did not come up:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { child, said: () => said };
}

async function end(child: ChildProcess, signal: 'SIGINT' | 'SIGKILL'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
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
