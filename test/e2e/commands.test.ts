/** The commands that ask a running platform, against one that has seen the demo. */

import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/contract/alert.ts';
import type { Decision } from '../../src/contract/decision.ts';
import { type RunningPlatform, startUp, whyNotBuilt } from '../support/platform.ts';
import { runCommand } from '../support/run-command.ts';
import { signIn, until } from '../support/session.ts';

describe.skipIf(whyNotBuilt)(`commands at a running platform ${whyNotBuilt}`, () => {
  let platform: RunningPlatform;
  const run = (...words: string[]) => runCommand([...words, '--data-dir', platform.dataDir]);

  /** Alerts as `alerts --json` prints them. */
  const listed = async (...words: string[]): Promise<Alert[]> =>
    (await run('alerts', '--json', ...words)).out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  beforeAll(async () => {
    platform = await startUp(['--demo', '--no-capture', '--no-lures']);
    await until(
      60,
      async () => platform.said(),
      (said) => said.includes('The demo has been replayed'),
    );
  }, 120_000);

  afterAll(async () => {
    await platform?.stop();
  }, 30_000);

  it('finds the platform by its data folder, with a key that only its user can read', () => {
    expect(statSync(join(platform.dataDir, 'admin.key')).mode & 0o777).toBe(0o600);
  });

  it('lists alerts as JSON lines and nothing else, filtered', async () => {
    const { out, err, code } = await run('alerts', '--json', '--type', 'Port_Scan');
    const alerts = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Alert);
    expect({ err, code }).toEqual({ err: '', code: 0 });
    expect(new Set(alerts.map(({ alert_type }) => alert_type))).toEqual(new Set(['Port_Scan']));
  });

  it('lists no more than asked for, for people', async () => {
    const { out } = await run('alerts', '--limit', '2');
    expect(out.trimEnd().split('\n')).toHaveLength(3);
  });

  it('explains an alert with the numbers and the limits they crossed', async () => {
    const { out } = await run('alerts', '--json', '--type', 'ARP_Spoof', '--limit', '1');
    const explained = await run('explain', (JSON.parse(out) as Alert).id);
    expect(explained.code).toBe(0);
    expect(explained.out).toMatch(/^ARP_Spoof/);
    expect(explained.out).toMatch(/claims +\d+ +\(limit 4\)/);
    expect(await run('explain', 'nothere')).toMatchObject({
      code: 2,
      err: 'phantomnet: There is no alert nothere\n',
    });
  });

  it('derives alerts again from the packets that are kept, while it runs', async () => {
    const { out } = await run('alerts', '--json', '--limit', '100');
    const kinds = new Map<string, Alert>();
    for (const line of out.trimEnd().split('\n')) {
      const alert = JSON.parse(line) as Alert;
      kinds.set(alert.alert_type, alert);
    }
    const ids = [...kinds.values()].slice(0, 6).map(({ id }) => id);
    const verified = await run('verify', ...ids, '--json');
    const results = verified.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; result: string });
    expect(results.map(({ id, result }) => [id, result])).toEqual(ids.map((id) => [id, 'equal']));
    expect(verified.code).toBe(0);
    const elsewhere = await run(
      'verify',
      ids[0] ?? '',
      '--evidence',
      join(platform.dataDir, 'none'),
    );
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.out).toContain('no packets of sensor demo are kept');
    expect(await run('verify', 'nothere')).toMatchObject({ code: 2, out: '' });
  }, 120_000);

  it('triages alerts by id and by filter, keeps a record, and takes it back', async () => {
    const [alert] = await listed('--limit', '1');
    const id = alert?.id ?? '';
    const resolved = await run('alerts', 'resolve', id, '--comment', 'a drill', '--json');
    expect(resolved).toMatchObject({ code: 0, err: '' });
    const { action_id: actionId } = JSON.parse(resolved.out);
    expect((await run('alerts', 'history', id)).out).toContain(
      'status open to resolved, "a drill"',
    );
    expect((await run('alerts', 'undo', actionId)).out).toContain('1 changed');
    expect(await run('alerts', 'undo', actionId)).toMatchObject({
      code: 1,
      err: expect.stringContaining('undone already'),
    });
    expect((await run('alerts', 'assign', id, '--to', 'admin')).code).toBe(0);
    expect((await listed('--assignee', 'admin')).map((each) => each.id)).toEqual([id]);
    const scans = await listed('--type', 'Port_Scan');
    const acked = await run('alerts', 'ack', '--type', 'Port_Scan', '--json');
    expect(JSON.parse(acked.out)).toMatchObject({ changed: scans.length, is_cut: false });
    const open = await listed('--type', 'Port_Scan', '--status', 'open');
    expect(open).toEqual([]);
    expect(await run('alerts', 'ack')).toMatchObject({ code: 2, out: '' });
  });

  it('suppresses what a preview said it would, until it is told to stop', async () => {
    const before = await listed();
    const scans = before.filter(({ alert_type: kind }) => kind === 'Port_Scan');
    const words = ['--type', 'Port_Scan', '--source', '0.0.0.0/0', '--preview'];
    expect(await run('suppress', ...words)).toMatchObject({ code: 2, out: '' });
    const preview = await run('suppress', '--type', 'Port_Scan', '--preview', '--json');
    expect(JSON.parse(preview.out).hidden.count).toBe(scans.length);
    expect((await run('suppressions')).out).toBe('Nothing is suppressed.\n');
    const unreasoned = await run('suppress', '--type', 'Port_Scan');
    expect(unreasoned).toMatchObject({ code: 2, err: expect.stringContaining('--reason') });
    const made = await run('suppress', '--type', 'Port_Scan', '--reason', 'our own', '--json');
    expect(made.err).toContain(`it would have hidden ${scans.length}, raised 0`);
    const { id } = JSON.parse(made.out);
    expect(await listed('--type', 'Port_Scan')).toEqual([]);
    expect(await listed('--suppressed')).toHaveLength(scans.length);
    expect((await run('suppressions')).out).toContain(
      `hid ${scans.length}, by command line: our own`,
    );
    expect((await run('unsuppress', id)).code).toBe(0);
    expect((await listed()).map((each) => each.id)).toEqual(before.map((each) => each.id));
  });

  it('says what another policy would have done, and changes it only when asked to', async () => {
    const preview = await run('policy', '--block-from', '0.99', '--preview');
    expect(preview.out).toMatch(/not blocked +\d+ \(/);
    expect((await run('policy')).out).toContain('block from 0.8');
    const changed = await run('policy', '--block-from', '0.9');
    expect(changed.out).toContain('block from 0.9');
    expect(changed.err).toMatch(/^In the last 7 days it would have hidden 0, raised 0, /);
    expect((await run('policy', '--block-from', '0.8')).code).toBe(0);
    expect(await run('policy', '--block-from', '1.5')).toMatchObject({ code: 2, out: '' });
  });

  it("tells an address's story in order", async () => {
    const scans = await listed('--type', 'Port_Scan');
    const { out } = await run('story', scans[0]?.source_ip ?? '', '--json', '--days', '365');
    const entries = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries[0].kind).toBe('first_contact');
    const times = entries.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    expect(entries.map(({ alert }) => alert?.alert_type)).toContain('Port_Scan');
    expect((await run('story', '192.0.2.200')).out).toContain('Nothing is kept');
    expect(await run('story', 'hello')).toMatchObject({ code: 2, out: '' });
  });

  it('blocks, lists and unblocks by address', async () => {
    const blocked = await run(
      'block',
      '203.0.113.9',
      '--for',
      '10m',
      '--reason',
      'a test',
      '--json',
    );
    const decision = JSON.parse(blocked.out) as Decision;
    expect(decision).toMatchObject({
      ip: '203.0.113.9',
      simulated: true,
      created_by: 'command line',
    });
    expect((await run('blocks')).out).toContain(decision.id);
    expect((await run('unblock', '203.0.113.9')).out).toContain('removed');
    expect((await run('blocks')).out).not.toContain(decision.id);
    expect((await run('blocks', '--all')).out).toContain(decision.id);
    expect(await run('unblock', '203.0.113.9')).toMatchObject({ code: 2, out: '' });
  });

  it('makes a key that lets in until it is removed', async () => {
    const made = await run('keys', 'add', 'reader', '--role', 'viewer');
    const secret = made.out.trim();
    expect(made.err).toContain('not shown again');
    const asWith = () => runCommand(['alerts', '--url', platform.url], { PHANTOMNET_KEY: secret });
    expect(await asWith()).toMatchObject({ code: 0 });
    const listed = await run('keys', 'list');
    expect(listed.out).toMatch(/viewer\s+reader/);
    expect(listed.out).not.toContain(secret);
    expect((await run('keys', 'remove', 'reader')).out).toContain('removed');
    expect(await asWith()).toMatchObject({ code: 2, out: '' });
    expect(await run('keys', 'remove', 'reader')).toMatchObject({ code: 2, out: '' });
    expect(await run('keys', 'add', 'reader')).toMatchObject({ code: 2, out: '' });
  });

  it('protects a network until it is taken off the list', async () => {
    expect((await run('protect', '203.0.113.0/24', '--reason', 'office')).out).toContain('office');
    const refused = await run('block', '203.0.113.9');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('office');
    expect((await run('protect', '203.0.113.0/24', '--remove')).out).not.toContain('office');
  });

  it('refuses what is no address, and an own one', async () => {
    expect(await run('block', 'hello')).toMatchObject({ code: 2, out: '' });
    expect(await run('block', '127.0.0.1')).toMatchObject({ code: 1, out: '' });
  });

  it('shows its key to no other server', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const result = await run('alerts', '--url', `http://127.0.0.1:${port}`);
    other.close();
    expect(result.code).toBe(2);
    expect(result.err).toContain('PHANTOMNET_KEY');
    expect(seen).toEqual([]);
  });

  it('says which server cannot be reached or does not know the key', async () => {
    const dead = await runCommand(['alerts', '--url', 'http://127.0.0.1:9'], {
      PHANTOMNET_KEY: 'x',
    });
    expect(dead).toMatchObject({ code: 1, out: '' });
    expect(dead.err).toContain('http://127.0.0.1:9');
    const wrong = await runCommand(['blocks'], {
      PHANTOMNET_KEY: 'pn_wrong',
      PHANTOMNET_URL: platform.url,
    });
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toContain('does not accept this API key');
  });

  it('sees what of the platform works here', async () => {
    const { out } = await run('doctor', '--json');
    const findings = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(findings).toContainEqual(expect.objectContaining({ check: 'database', state: 'ok' }));
    expect(findings[0]).toMatchObject({ check: 'platform', says: expect.stringContaining('runs') });
  });

  it('gives a new password while the platform runs, and ends the sessions', async () => {
    const before = await signIn(platform.url, platform.password);
    const { out, code } = await run('users', 'password');
    expect(code).toBe(0);
    expect((await before.get('/api/v1/session')).status).toBe(401);
    await expect(signIn(platform.url, platform.password)).rejects.toThrow('401');
    await signIn(platform.url, out.trim());
    expect(await run('users', 'password', 'nobody')).toMatchObject({ code: 2, out: '' });
  });

  it('refuses a second platform on the same data folder', async () => {
    const second = await run('up', '--port', '1', '--no-capture', '--no-lures');
    expect(second.code).toBe(1);
    expect(second.err).toContain('another PhantomNet runs on it');
    expect((await run('blocks')).code).toBe(0);
  });

  it('says where no platform runs', async () => {
    const elsewhere = join(platform.dataDir, 'elsewhere');
    const { code, err } = await runCommand(['alerts', '--data-dir', elsewhere]);
    expect(code).toBe(1);
    expect(err).toContain(`No PhantomNet runs on ${elsewhere}`);
  });
});
