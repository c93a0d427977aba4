import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Enforcer } from './enforcer.ts';
import { EnforcerClient } from './enforcer-client.ts';
import { type EnforcerProcess, runEnforcerProcess } from './enforcer-process.ts';
import { describeFirewall } from './firewall.suite.ts';
import { RecordingFirewall } from './recording.ts';

let directory: string;
let socketPath: string;
let running: EnforcerProcess[];
let clients: EnforcerClient[];
let nowMs = 1e12;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'enforcer-'));
  socketPath = join(directory, 'run', 'enforcer.sock');
  running = [];
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  for (const process of running) await process.stop();
  await rm(directory, { recursive: true });
});

async function start(): Promise<EnforcerProcess> {
  const now = () => nowMs;
  const enforcer = new Enforcer({
    firewall: new RecordingFirewall({ now }),
    now,
    discover: async () => [{ cidr: '192.0.2.1', reason: 'own address' }],
  });
  const process = await runEnforcerProcess({ enforcer, socketPath });
  running.push(process);
  return process;
}

function client(): EnforcerClient {
  const made = new EnforcerClient({ socketPath });
  clients.push(made);
  return made;
}

describeFirewall('EnforcerClient', async () => {
  await start();
  const wait = async (seconds: number) => {
    nowMs += seconds * 1000;
  };
  return { firewall: client(), wait };
});

describe('the enforcer process', () => {
  it('is for its user only', async () => {
    await start();
    expect((await stat(join(directory, 'run'))).mode & 0o777).toBe(0o700);
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  });

  it('does not listen where others may enter', async () => {
    await start().then((process) => process.stop());
    await chmod(join(directory, 'run'), 0o755);
    await expect(start()).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('refuses protected addresses and says why', async () => {
    await start();
    await expect(client().block('192.0.2.1', 60)).rejects.toMatchObject({
      code: 'protected_address',
      message: expect.stringContaining('own address'),
    });
  });

  it('takes the never-block list of the client, beside its own', async () => {
    await start();
    const asking = client();
    await asking.protect([{ cidr: '203.0.113.0/24', reason: 'office' }]);
    await expect(asking.block('203.0.113.9', 60)).rejects.toThrow(/office/);
    const cidrs = (await asking.protectedNetworks()).map(({ cidr }) => cidr);
    expect(cidrs).toEqual(
      expect.arrayContaining(['203.0.113.0/24', '192.0.2.1/32', '127.0.0.0/8']),
    );
  });

  it('restores more blocks than fit into one request', async () => {
    await start();
    const asking = client();
    const blocks = Array.from({ length: 4500 }, (_, index) => ({
      ip: `10.0.${index >> 8}.${index & 255}`,
      remainingSeconds: 600,
    }));
    expect(await asking.restore([...blocks, { ip: '192.0.2.1', remainingSeconds: 600 }])).toBe(
      4500,
    );
    expect(await asking.list()).toHaveLength(4500);
    expect(await asking.counts()).toMatchObject({ refused: 1 });
  });

  it('ends when told, and the client finds the next one', async () => {
    const first = await start();
    const asking = client();
    await asking.block('203.0.113.9', 60);
    await asking.stopProcess();
    await first.finished;
    await expect(asking.list()).rejects.toMatchObject({ code: 'firewall_unavailable' });
    await start();
    expect(await asking.list()).toEqual([]);
  });

  it('does not push aside one that is running', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ code: 'conflict' });
    await client().open();
  });

  it('does not remove a file that is no socket', async () => {
    await start().then((process) => process.stop());
    await writeFile(socketPath, 'precious');
    await expect(start()).rejects.toMatchObject({ code: 'config_invalid' });
    expect((await stat(socketPath)).size).toBe(8);
  });

  it.each([
    ['not JSON', 'hello\n', null],
    ['an unknown request', '{"id":1,"op":"exec","command":"id"}\n', 1],
    ['an unknown key', '{"id":2,"op":"ping","extra":1}\n', 2],
    [
      'an address that is a command',
      '{"id":3,"op":"block","ip":"1.2.3.4; flush ruleset","seconds":1}\n',
      3,
    ],
    ['a network in place of an address', '{"id":4,"op":"block","ip":"0.0.0.0/0","seconds":1}\n', 4],
    ['a missing time', '{"id":5,"op":"block","ip":"203.0.113.9"}\n', 5],
  ])('answers %s with an error and goes on', async (_, line, id) => {
    await start();
    const replies = await talk(`${line}{"id":9,"op":"list"}\n`, 2);
    expect(replies).toEqual([
      { id, ok: false, code: 'invalid_request', message: expect.any(String) },
      { id: 9, ok: true, result: [] },
    ]);
  });

  it('cuts off who sends a line without end', async () => {
    await start();
    const replies = await talk('x'.repeat(2 ** 21), 1);
    expect(replies).toEqual([expect.objectContaining({ ok: false, code: 'too_large' })]);
    await client().open();
  });

  it('reads requests however they are cut', async () => {
    await start();
    const text = '{"id":1,"op":"block","ip":"203.0.113.9","seconds":null}\n{"id":2,"op":"list"}\n';
    const replies = await talk(text, 2, 7);
    expect(replies[1]).toEqual({
      id: 2,
      ok: true,
      result: [{ ip: '203.0.113.9', remainingSeconds: null }],
    });
  });
});

/** Sends `text` in pieces and resolves with the first `count` replies. */
function talk(text: string, count: number, pieceBytes = text.length): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath);
    let received = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      const lines = received.split('\n').slice(0, -1);
      if (lines.length < count) return;
      socket.destroy();
      resolve(lines.map((line) => JSON.parse(line)));
    });
    for (let start = 0; start < text.length; start += pieceBytes) {
      socket.write(text.slice(start, start + pieceBytes));
    }
  });
}
