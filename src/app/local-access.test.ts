import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { grantLocalAccess, readLocalAccess, revokeLocalAccess } from './local-access.ts';

const ACCESS = { url: 'http://127.0.0.1:8000', key: 'pn_secret' };

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'phantomnet-access-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

it('is there from grant to revoke', async () => {
  expect(await readLocalAccess(dataDir)).toBeNull();
  await grantLocalAccess(dataDir, ACCESS);
  expect(await readLocalAccess(dataDir)).toEqual(ACCESS);
  await revokeLocalAccess(dataDir);
  expect(await readLocalAccess(dataDir)).toBeNull();
  await revokeLocalAccess(dataDir);
});

it('makes a key that was open to others private', async () => {
  writeFileSync(join(dataDir, 'admin.key'), 'old', { mode: 0o644 });
  await grantLocalAccess(dataDir, ACCESS);
  expect(statSync(join(dataDir, 'admin.key')).mode & 0o777).toBe(0o600);
});

it('writes through no link that somebody has laid', async () => {
  const elsewhere = join(dataDir, 'elsewhere');
  writeFileSync(elsewhere, 'untouched');
  symlinkSync(elsewhere, join(dataDir, 'admin.key'));
  symlinkSync(elsewhere, join(dataDir, 'admin.key.new'));
  await grantLocalAccess(dataDir, ACCESS);
  expect(readFileSync(elsewhere, 'utf8')).toBe('untouched');
  expect(await readLocalAccess(dataDir)).toEqual(ACCESS);
});
