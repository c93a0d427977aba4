import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Config } from '../app/config.ts';
import { createLog } from '../app/log.ts';
import { startPlatform } from '../app/platform.ts';
import { hashSecret, randomApiKey } from '../http/auth/secret.ts';
import { createApiKey } from '../store/api-keys.ts';
import { addProtected } from '../store/protected.ts';
import { openApi } from './api-client.ts';
import { decidingNow } from './verify.ts';

it('decides by the never-block list of the platform, and not by what this machine is', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
  chmodSync(dataDir, 0o755);
  const port = await freePort();
  const config = Config.parse({
    data_dir: dataDir,
    server: { host: '127.0.0.1', port },
    enforcer: { enabled: false },
  });
  const platform = await startPlatform(config, '0.0.0', createLog('silent'));
  try {
    await addProtected(platform.db, { cidr: '203.0.113.0/24', reason: 'a partner' });
    const key = randomApiKey();
    await createApiKey(platform.db, { name: 'test', role: 'admin', secretHash: hashSecret(key) });
    const env = { PHANTOMNET_KEY: key };
    const api = await openApi({ url: platform.url, dataDir, env });
    const { neverBlock } = await decidingNow(api);
    expect(neverBlock?.reasonFor('203.0.113.9')).toBe('a partner');
  } finally {
    await platform.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
