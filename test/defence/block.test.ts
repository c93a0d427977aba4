/**
 * The block for real: an attacker's namespace, this machine's (with the firewall and a web server), and one behind
 * it that it routes to. Decisions go the whole way: client, socket, enforcer, nft, kernel.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Enforcer } from '../../src/firewall/enforcer.ts';
import { EnforcerClient } from '../../src/firewall/enforcer-client.ts';
import { type EnforcerProcess, runEnforcerProcess } from '../../src/firewall/enforcer-process.ts';
import { Namespace, whyNoNamespaces } from '../../src/firewall/namespace.suite.ts';
import { Nftables } from '../../src/firewall/nftables.ts';

const ATTACKER = { 4: '10.77.0.2', 6: 'fd77::2' } as const;
const MACHINE = { 4: 'http://10.77.0.1:8000/', 6: 'http://[fd77::1]:8000/' } as const;
const BEHIND = 'http://10.78.0.2:8000/';
const CONNECT_TIMEOUT_S = '0.5';

/** Answers every request; under /drip a byte every 50 ms for ever. */
const WEB_SERVER = `
require('node:http').createServer((request, response) => {
  if (request.url !== '/drip') return response.end('hello');
  setInterval(() => response.write('.'), 50);
}).listen(8000, '::', () => console.log('listening'));`;

const reason = await whyNoNamespaces();

describe.skipIf(reason !== null)(`a block${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const namespaces: Namespace[] = [];
  let attacker: Namespace;
  let machine: Namespace;
  let behind: Namespace;
  let directory: string;
  let enforcerProcess: EnforcerProcess;
  let enforcer: EnforcerClient;

  beforeAll(async () => {
    for (let index = 0; index < 3; index++) namespaces.push(await Namespace.create());
    [attacker, machine, behind] = namespaces as [Namespace, Namespace, Namespace];
    await connect(
      attacker,
      machine,
      ['10.77.0.2/24', 'fd77::2/64'],
      ['10.77.0.1/24', 'fd77::1/64'],
    );
    await connect(behind, machine, ['10.78.0.2/24'], ['10.78.0.1/24']);
    await attacker.run('ip', 'route', 'add', 'default', 'via', '10.77.0.1');
    await behind.run('ip', 'route', 'add', 'default', 'via', '10.78.0.1');
    await machine.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    await Promise.all([serveWeb(machine), serveWeb(behind)]);

    directory = await mkdtemp(join(tmpdir(), 'defence-'));
    const socketPath = join(directory, 'run', 'enforcer.sock');
    enforcerProcess = await runEnforcerProcess({
      socketPath,
      enforcer: new Enforcer({
        firewall: new Nftables({ command: machine.command('nft') }),
        discover: async () => [{ cidr: '10.77.0.254', reason: 'default gateway' }],
      }),
    });
    enforcer = new EnforcerClient({ socketPath });
    await enforcer.open();
  });

  afterAll(async () => {
    await enforcer?.close();
    await enforcerProcess?.stop();
    for (const namespace of namespaces) await namespace.remove();
    if (directory) await rm(directory, { recursive: true });
  });

  beforeEach(() => enforcer.removeAll());

  /** Whether the attacker gets the page. */
  async function reaches(url: string): Promise<boolean> {
    const page = attacker.run(
      'curl',
      '-sS',
      '-g',
      '--connect-timeout',
      CONNECT_TIMEOUT_S,
      '--max-time',
      '2',
      url,
    );
    return (await page.catch(() => '')) === 'hello';
  }

  it.each([4, 6] as const)('over IPv%d: works, blocked, time over, works', async (version) => {
    expect(await reaches(MACHINE[version])).toBe(true);
    await enforcer.block(ATTACKER[version], 2);
    expect(await reaches(MACHINE[version])).toBe(false);
    const [block] = await enforcer.list();
    expect(block?.ip).toBe(ATTACKER[version]);
    await sleep(((block?.remainingSeconds ?? 0) + 1.2) * 1000);
    expect(await reaches(MACHINE[version])).toBe(true);
    expect(await enforcer.list()).toEqual([]);
  });

  it.each([4, 6] as const)('over IPv%d: works, blocked, unblocked, works', async (version) => {
    expect(await reaches(MACHINE[version])).toBe(true);
    await enforcer.block(ATTACKER[version], null);
    expect(await reaches(MACHINE[version])).toBe(false);
    expect(await enforcer.unblock(ATTACKER[version])).toBe(true);
    expect(await reaches(MACHINE[version])).toBe(true);
  });

  it('leaves the other IP version and other sources alone', async () => {
    await enforcer.block(ATTACKER[4], 60);
    await enforcer.block('10.77.0.3', 60);
    expect([await reaches(MACHINE[4]), await reaches(MACHINE[6])]).toEqual([false, true]);
    await enforcer.unblock(ATTACKER[4]);
    expect(await reaches(MACHINE[4])).toBe(true);
  });

  it('holds for what the machine forwards too', async () => {
    expect(await reaches(BEHIND)).toBe(true);
    await enforcer.block(ATTACKER[4], 60);
    expect(await reaches(BEHIND)).toBe(false);
    await enforcer.unblock(ATTACKER[4]);
    expect(await reaches(BEHIND)).toBe(true);
  });

  it('cuts a connection that stands already', async () => {
    const [program, ...args] = attacker.command(
      'curl',
      '-sSN',
      '-g',
      '--max-time',
      '10',
      `${MACHINE[4]}drip`,
    );
    const download = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let received = 0;
    download.stdout.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    const grownIn = async (ms: number) => {
      const before = received;
      await sleep(ms);
      return received - before;
    };
    await once(download.stdout, 'data');
    expect(await grownIn(1000)).toBeGreaterThan(5);
    await enforcer.block(ATTACKER[4], null);
    // Our packets still go out, but as no acknowledgement comes in they stop after a first congestion window.
    await sleep(1000);
    expect(await grownIn(1000)).toBeLessThan(5);
    download.kill();
    await once(download, 'exit');
  });

  it('is refused for a protected address, which goes on working', async () => {
    await enforcer.protect([{ cidr: `${ATTACKER[4]}/32`, reason: 'the administrator' }]);
    await expect(enforcer.block(ATTACKER[4], 60)).rejects.toMatchObject({
      code: 'protected_address',
    });
    await expect(enforcer.block('10.77.0.254', 60)).rejects.toThrow(/default gateway/);
    await expect(enforcer.block('127.0.0.1', 60)).rejects.toThrow(/loopback/);
    expect(await reaches(MACHINE[4])).toBe(true);
    await enforcer.protect([]);
  });

  it('is lifted for all when all is removed, and only our table goes', async () => {
    await machine.run('nft', 'add', 'table', 'inet', 'other');
    await enforcer.block(ATTACKER[4], null);
    await enforcer.removeAll();
    expect(await reaches(MACHINE[4])).toBe(true);
    expect((await machine.run('nft', 'list', 'tables')).trim()).toBe('table inet other');
  });
});

/** A wire between two namespaces, with these addresses at its ends. */
async function connect(
  a: Namespace,
  b: Namespace,
  aAddresses: string[],
  bAddresses: string[],
): Promise<void> {
  const [aName, bName] = [`to-${b.name.slice(-6)}`, `to-${a.name.slice(-6)}`];
  await a.run('ip', 'link', 'add', aName, 'type', 'veth', 'peer', 'name', bName, 'netns', b.name);
  for (const [namespace, name, addresses] of [
    [a, aName, aAddresses],
    [b, bName, bAddresses],
  ] as const) {
    for (const address of addresses) {
      // Without nodad an IPv6 address is not usable for a second or two.
      const nodad = address.includes(':') ? ['nodad'] : [];
      await namespace.run('ip', 'address', 'add', address, 'dev', name, ...nodad);
    }
    await namespace.run('ip', 'link', 'set', name, 'up');
  }
}

/** Ends with its namespace. */
async function serveWeb(namespace: Namespace): Promise<void> {
  const [program, ...args] = namespace.command(process.execPath, '-e', WEB_SERVER);
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  server.stdout.destroy();
}
