import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isServer } from '../store/embedded/postmaster.ts';
import { Config } from './config.ts';
import { createLog } from './log.ts';
import { type Platform, startPlatform } from './platform.ts';

let folder = '';
const running: Platform[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
  chmodSync(folder, 0o755);
});

afterEach(async () => {
  for (const platform of running.splice(0)) await platform.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(port: number, dataDir = folder): Promise<Platform> {
  const config = Config.parse({
    data_dir: dataDir,
    server: { host: '127.0.0.1', port },
    enforcer: { enabled: false },
  });
  const platform = await startPlatform(config, '0.0.0', createLog('silent'));
  running.push(platform);
  return platform;
}

describe('startPlatform', () => {
  it('makes the administrator only when the password will be shown', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start(port)).rejects.toMatchObject({ code: 'port_taken' });
    other.close();
    await once(other, 'close');
    const platform = await start(port);
    expect(platform.administrator?.password).toMatch(/.{12}/);
    expect(platform.isFirstRun).toBe(true);
  });

  it.each(['/proc/phantomnet', '/dev/null/data'])('says in one line that %s is no place', (dir) =>
    expect(start(1, dir)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(dir),
    }),
  );

  it('goes on after its database was killed', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    other.close();
    await once(other, 'close');
    const { url, db } = await start(port);
    const [server] = await db.query<{ pid: number }>(
      "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid",
    );
    const pid = server?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isServer(pid)).toBe(false);
    const status = async () =>
      ((await (await fetch(`${url}/health`)).json()) as { database: string }).database;
    await expect.poll(status, { timeout: 20_000 }).toBe('ok');
  });
});
