/**
 * The whole promise of a block, with everything real: in a network namespace the platform is armed by a
 * person; a visitor in another namespace reaches it, is blocked through the API, reaches it no more, and
 * reaches it again when the time is over. A person may also take it back.
 */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Namespace, whyNoNamespaces } from '../../src/firewall/namespace.suite.ts';
import { type RunningPlatform, startUp, whyNotBuilt } from '../support/platform.ts';
import { until } from '../support/session.ts';

const SERVER = '10.201.7.1';
const VISITOR = '10.201.7.2';
const BLOCK_SECONDS = 4;
const WEB_PORT = 8077;
/** What the visitor comes for: any service of the machine. */
const WEB_SERVER = `require('node:http').createServer((_, answer) => answer.end('hello')).listen(${WEB_PORT}, '0.0.0.0')`;

const run = promisify(execFile);
const reason = (await whyNoNamespaces()) ?? whyNotBuilt;

describe.skipIf(reason)(`an armed platform ${reason}`, () => {
  let inside: Namespace;
  let outside: Namespace;
  let platform: RunningPlatform;
  let cookie = '';

  /** What curl inside the platform's own namespace gets of the API. */
  async function api(method: string, path: string, body?: unknown): Promise<unknown> {
    const { origin } = new URL(platform.url);
    const [program, ...args] = inside.command(
      'curl',
      '-sS',
      '-i',
      '-X',
      method,
      '-H',
      `Origin: ${origin}`,
      '-H',
      `Cookie: ${cookie}`,
      '-H',
      'Content-Type: application/json',
      ...(body === undefined ? [] : ['-d', JSON.stringify(body)]),
      `${platform.url}${path}`,
    );
    const { stdout } = await run(program, args);
    const [head = '', text = ''] = stdout.split('\r\n\r\n');
    cookie = /^set-cookie: ([^;]+)/im.exec(head)?.[1] ?? cookie;
    if (!/^HTTP\/1.1 2/.test(head)) throw new Error(`${method} ${path}: ${stdout}`);
    return text === '' ? null : JSON.parse(text);
  }

  async function visit(): Promise<'reached' | 'cut off'> {
    const [program, ...args] = outside.command(
      'curl',
      '-sS',
      '-o',
      '/dev/null',
      '--max-time',
      '1.5',
      `http://${SERVER}:${WEB_PORT}/`,
    );
    return run(program, args).then(
      () => 'reached' as const,
      () => 'cut off' as const,
    );
  }

  beforeAll(async () => {
    inside = await Namespace.create();
    outside = await Namespace.create();
    await run('ip', [
      'link',
      'add',
      'pn-in',
      'netns',
      inside.name,
      'type',
      'veth',
      'peer',
      'name',
      'pn-out',
      'netns',
      outside.name,
    ]);
    for (const [namespace, link, address] of [
      [inside, 'pn-in', SERVER],
      [outside, 'pn-out', VISITOR],
    ] as const) {
      await namespace.run('ip', 'address', 'add', `${address}/24`, 'dev', link);
      await namespace.run('ip', 'link', 'set', link, 'up');
    }
    const [program, ...args] = inside.command(process.execPath, '-e', WEB_SERVER);
    // Ends with its namespace.
    spawn(program, args, { stdio: 'ignore' });
    platform = await startUp(['--no-demo', '--no-capture', '--no-lures'], inside.command());
    await api('POST', '/api/v1/session', { username: 'admin', password: platform.password });
  });

  afterAll(async () => {
    await platform?.stop();
    await inside?.remove();
    await outside?.remove();
  });

  it('is simulated until a person arms it: the visitor still gets through', async () => {
    expect(await visit()).toBe('reached');
    expect(await api('POST', '/block-ip', { ip: VISITOR })).toMatchObject({ status: 'success' });
    expect(await visit()).toBe('reached');
  });

  it('cuts the visitor off when armed, and lets it in again when the time is over', async () => {
    const policy = (await api('GET', '/api/v1/policy')) as object;
    await api('PUT', '/api/v1/policy', { ...policy, armed: true, block_seconds: BLOCK_SECONDS });
    expect(await api('POST', '/block-ip', { ip: VISITOR })).toBeTruthy();
    expect(await visit()).toBe('cut off');
    expect(await until(BLOCK_SECONDS + 6, visit, (result) => result === 'reached')).toBe('reached');
  });

  it('lets it in at once when a person takes the block back', async () => {
    const decision = (await api('POST', '/api/v1/decisions', { ip: VISITOR, duration_s: 600 })) as {
      id: string;
      state: string;
    };
    expect(decision.state).toBe('active');
    expect(await visit()).toBe('cut off');
    await api('DELETE', `/api/v1/decisions/${decision.id}`);
    expect(await visit()).toBe('reached');
  });

  it('never blocks its own address', async () => {
    await expect(api('POST', '/block-ip', { ip: SERVER })).rejects.toThrow('own address');
  });
});
