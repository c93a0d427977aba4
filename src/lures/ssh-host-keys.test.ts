import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hostKeys } from './ssh-host-keys.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'host-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

it('makes three keys once, readable by us alone', async () => {
  const made = await hostKeys(directory);
  expect(await hostKeys(directory)).toEqual(made);
  const names = await readdir(directory);
  expect(names.sort()).toEqual(['ssh_host_ecdsa_key', 'ssh_host_ed25519_key', 'ssh_host_rsa_key']);
  for (const name of names) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
});

it('names the key that is damaged, and does not replace it', async () => {
  await writeFile(join(directory, 'ssh_host_rsa_key'), 'rubbish');
  await expect(hostKeys(directory)).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('ssh_host_rsa_key'),
  });
  expect((await stat(join(directory, 'ssh_host_rsa_key'))).size).toBe(7);
});
