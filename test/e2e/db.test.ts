/** `phantomnet db` as a person runs it: a backup into a file, the file into a new folder, errors in a line. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbedded } from '../../src/store/embedded.ts';
import { type RunningPlatform, startUp, whyNotBuilt } from '../support/platform.ts';
import { runCommand } from '../support/run-command.ts';

describe.skipIf(whyNotBuilt)(`phantomnet db ${whyNotBuilt}`, () => {
  let folder = '';
  let from = '';
  let platform: RunningPlatform;
  const db = (words: string, dataDir: string) =>
    runCommand(['db', ...words.split(' '), '--data-dir', dataDir]);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
    platform = await startUp(['--no-demo', '--no-capture', '--no-lures']);
    from = platform.dataDir;
    const { err, code } = await db(`backup ${join(folder, 'live')}`, from);
    expect({ err, code }).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^\d+ rows of \d+ tables\n$/),
    });
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  it('backs up the running platform, restores into a new folder, and refuses a second time', async () => {
    const file = join(folder, 'live');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const to = join(folder, 'new');
    const restored = await db(`restore ${file}`, to);
    expect(restored).toMatchObject({ code: 0, out: '' });
    expect(restored.err).toContain('users: 1 rows\n');
    expect(await db('migrate', to)).toMatchObject({ code: 0, err: 'The schema is up to date.\n' });
    const again = await db(`restore ${file}`, to);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('it is not empty') });
  }, 60_000);

  it('says in one line what is wrong with a file', async () => {
    writeFileSync(join(folder, 'text'), 'select 1');
    const to = join(folder, 'another');
    const wrong = await db(`restore ${join(folder, 'text')}`, to);
    expect(wrong).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^phantomnet: Cannot read the backup: .*\n$/),
    });
    const none = await db(`restore ${join(folder, 'none')}`, to);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('there is no such file') });
    const kept = readFileSync(join(folder, 'live'));
    const full = await db(`backup ${join(folder, 'no', 'folder')}`, from);
    expect(full).toMatchObject({ code: 2, err: expect.stringContaining('there is no such file') });
    expect(readFileSync(join(folder, 'live')).equals(kept)).toBe(true);
  }, 60_000);

  it('lets doctor tell how full the store of a running platform is', async () => {
    const { out } = await runCommand(['doctor', '--json', '--data-dir', from]);
    const findings = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(findings.find(({ check }) => check === 'storage')).toEqual({
      check: 'storage',
      state: 'ok',
      says: expect.stringMatching(
        /^0\.0 GB of 21\.5 GB, 0\.\d GB more a day; settles at \d+\.\d GB$/,
      ),
    });
  }, 30_000);

  it('moves into another PostgreSQL by one command, and nowhere where it is already', async () => {
    const other = await startEmbedded({
      dataDir: join(folder, 'other'),
      log: { info() {}, warn() {} },
    });
    const { host, port, user, database } = other.connection;
    const url = `postgres://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host ?? '')}`;
    try {
      const moved = await db(`move --to ${url}`, from);
      expect(moved).toMatchObject({ code: 0, err: expect.stringContaining('users: 1 rows\n') });
      expect(moved.err).toContain(`set database.url to ${url}`);
    } finally {
      await other.stop();
    }
    expect(await db('move --to embedded', from)).toMatchObject({ code: 2 });
  }, 60_000);
});
