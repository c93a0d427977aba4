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
  readonly pid: number;
  /** Everything it said so far. */
  said(): string;
  /** Ends it as Ctrl-C does and removes its folder. Resolves to the exit code. */
  stop(): Promise<number | null>;
}

/** Why the program cannot be started here; empty: it can. */
export const whyNotBuilt = existsSync(MAIN) ? '' : `${MAIN} is not there: run npm run build`;

/**
 * Resolves when it has said that it is up.
 * @param within a program and arguments to run it by, such as `ip netns exec NAME`
 */
export async function startUp(
  args: readonly string[] = [],
  within: readonly string[] = [],
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
`,
  );
  const [program = '', ...words] = [
    ...within,
    process.execPath,
    MAIN,
    '--config',
    config,
    'up',
    ...args,
  ];
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
  return {
    url: `http://127.0.0.1:${ports.server}`,
    password: /Sign in as admin with (\S+)/.exec(said)?.[1] ?? '',
    dataDir,
    ports,
    pid: child.pid ?? 0,
    said: () => said,
    async stop() {
      const code = await end(child);
      await rm(folder, { recursive: true, force: true });
      return code;
    },
  };
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null) {
    const gone = once(child, 'exit');
    child.kill('SIGINT');
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
