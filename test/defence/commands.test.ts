/** The two commands as processes: what they print, and how they end. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LureEvent } from '../../src/contract/lure.ts';
import { EnforcerClient } from '../../src/firewall/enforcer-client.ts';
import { Namespace, whyNoNamespaces } from '../../src/firewall/namespace.suite.ts';

const CLI = resolve('src/cli');
const reason = await whyNoNamespaces();

let directory: string;
let child: ChildProcessWithoutNullStreams | null = null;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'defence-'));
});
afterEach(async () => {
  if (child && child.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  child = null;
  await rm(directory, { recursive: true });
});

/** Runs `body`, a module that may import from the folder of the commands, until it ends. */
async function start(
  body: string,
  prefix: readonly string[] = [],
): Promise<{ out: () => string; err: () => string }> {
  const file = join(directory, 'run.mjs');
  await writeFile(file, body.replaceAll('CLI', `file://${CLI}`));
  const [program = '', ...args] = [...prefix, process.execPath, file];
  child = spawn(program, args);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  return { out: () => out, err: () => err };
}

async function until(said: () => string, pattern: RegExp): Promise<RegExpExecArray> {
  for (let tries = 0; tries < 1000; tries++) {
    const match = pattern.exec(said());
    if (match) return match;
    await sleep(10);
  }
  throw new Error(`No ${pattern} in ${said()}`);
}

describe('phantomnet lures', () => {
  it('prints each event as one line of JSON and nothing else, and the last ones when it ends', async () => {
    const { out, err } = await start(`
      import { lures } from 'CLI/lures.ts';
      await lures({ dataDir: ${JSON.stringify(directory)}, host: '127.0.0.1', json: true, out: process.stdout,
        err: process.stderr, ports: { ssh: null, http: null, ftp: 0 } });`);
    const [, port] = await until(err, /Lure: ftp on 127\.0\.0\.1 port (\d+)/);
    const visitor = createConnection({ port: Number(port), host: '127.0.0.1' });
    visitor.resume().write('USER eve\r\nPASS x\u001b[2J\r\n');
    await until(out, /"login"/);
    child?.kill('SIGTERM');
    const [code] = await once(child as NonNullable<typeof child>, 'exit');
    const events = out()
      .trim()
      .split('\n')
      .map((line) => LureEvent.parse(JSON.parse(line)));
    expect(code).toBe(0);
    expect(events.map(({ kind }) => kind)).toEqual(['connect', 'login', 'close']);
    expect(events[1]).toMatchObject({ username: 'eve', password: 'x\\x1b[2J' });
  });
});

describe.skipIf(reason !== null)(
  `phantomnet enforcer${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    let namespace: Namespace;

    beforeEach(async () => {
      namespace = await Namespace.create();
    });
    afterEach(() => namespace.remove());

    const body = (socket: string) => `
    import { enforcer } from 'CLI/enforcer.ts';
    await enforcer({ socket: ${JSON.stringify(socket)}, untilStdinEnds: true, err: process.stderr })
      .catch((error) => { console.error(error.code, error.message); process.exitCode = error.exitCode; });`;

    it.each([
      ['SIGTERM', () => child?.kill('SIGTERM')],
      ['the end of standard input', () => child?.stdin.end()],
    ])(
      'blocks in its namespace, and leaves the block in force when it ends by %s',
      async (_, end) => {
        await namespace.run('ip', 'address', 'add', '203.0.113.77/32', 'dev', 'lo');
        const socketPath = join(directory, 'run', 'enforcer.sock');
        const { err } = await start(body(socketPath), namespace.command());
        await until(err, /listening on/);
        const client = new EnforcerClient({ socketPath });
        await client.block('198.51.100.9', 600);
        await expect(client.block('203.0.113.77', 600)).rejects.toThrow(/own address on lo/);
        await client.close();
        end();
        const [code] = await once(child as NonNullable<typeof child>, 'exit');
        expect(code).toBe(0);
        await expect(stat(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
        expect(
          await namespace.run('nft', 'list', 'set', 'inet', 'phantomnet', 'blocked4'),
        ).toContain('198.51.100.9');
      },
    );

    it('says what to grant when it may not, and exits 1', async () => {
      const { err } = await start(
        body(join(directory, 'run', 's')),
        namespace.command('setpriv', '--bounding-set', '-net_admin'),
      );
      const [code] = await once(child as NonNullable<typeof child>, 'exit');
      expect(code).toBe(1);
      expect(err()).toMatch(/firewall_unavailable .*CAP_NET_ADMIN/);
    });
  },
);
