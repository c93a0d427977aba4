/** What starts a clone must not reach through it into another one. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-bootstrap-'));
const clone = join(folder, 'clone');
const other = join(folder, 'other');

/** In a PATH where `npm` does nothing but say that it ran. */
function start() {
  const { status, stderr } = spawnSync(process.execPath, [join(clone, 'scripts/bootstrap.mjs')], {
    encoding: 'utf8',
    env: { PATH: join(folder, 'bin') },
  });
  return { code: status, err: stderr, hasRunNpm: existsSync(join(folder, 'ran')) };
}

beforeAll(() => {
  for (const made of [join(clone, 'scripts'), join(other, 'node_modules'), join(folder, 'bin')])
    mkdirSync(made, { recursive: true });
  copyFileSync('scripts/bootstrap.mjs', join(clone, 'scripts/bootstrap.mjs'));
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  writeFileSync(join(folder, 'bin/npm'), `#!/bin/sh\necho > ${join(folder, 'ran')}\nexit 1\n`, {
    mode: 0o755,
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(process.platform === 'win32')('the start of a clone', () => {
  it('installs nothing through a link', () => {
    symlinkSync(join(other, 'node_modules'), join(clone, 'node_modules'));
    const { code, err, hasRunNpm } = start();
    expect({ code, hasRunNpm }).toEqual({ code: 1, hasRunNpm: false });
    expect(err).toMatch(/^Cannot install: .*node_modules is a link/);
    rmSync(join(clone, 'node_modules'));
  });

  it('installs where there is none', () => {
    expect(start()).toMatchObject({ code: 1, hasRunNpm: true });
  });
});
