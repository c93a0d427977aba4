import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeLure, LureBench } from './lure.suite.ts';

/** Says one command at a time and yields the answers. */
class FtpVisitor {
  readonly socket: Socket;
  #text = '';

  constructor(port: number, host = '127.0.0.1') {
    this.socket = createConnection({ port, host });
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
  }

  /** The next complete answer, or '' when the connection is gone. */
  async answer(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-[\s\S]*?\r\n)?(\d{3} .*)\r\n/.exec(this.#text);
      if (match) {
        this.#text = this.#text.slice(match[0].length);
        return match[1] ?? '';
      }
      if (this.socket.destroyed) return '';
      await sleep(5);
    }
  }

  async say(line: string): Promise<string> {
    this.socket.write(`${line}\r\n`);
    return await this.answer();
  }

  async signIn(username: string, password: string): Promise<string> {
    await this.answer();
    await this.say(`USER ${username}`);
    return await this.say(`PASS ${password}`);
  }

  async dataPort(): Promise<number> {
    return Number(/\|(\d+)\|/.exec(await this.say('EPSV'))?.[1] ?? 0);
  }
}

describeLure('ftp', {
  async login(port, username, password) {
    const visitor = new FtpVisitor(port);
    const answer = await visitor.signIn(username, password);
    visitor.socket.destroy();
    return answer.startsWith('230');
  },
  async upload(port, name, data) {
    const visitor = new FtpVisitor(port);
    await visitor.signIn('root', 'root');
    const connection = createConnection({ port: await visitor.dataPort(), host: '127.0.0.1' });
    connection.on('error', () => {});
    await visitor.say(`STOR ${name}`);
    connection.end(data);
    await visitor.answer();
    visitor.socket.destroy();
  },
});

const hasCurl = (() => {
  try {
    return execFileSync('curl', ['-V']).toString().includes(' ftp ');
  } catch {
    return false;
  }
})();

describe.skipIf(!hasCurl)(
  `curl at the ftp lure${hasCurl ? '' : ' (skipped: needs curl with ftp)'}`,
  () => {
    const bench = new LureBench('ftp');
    const run = promisify(execFile);
    let directory: string;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'ftp-visitor-'));
    });
    afterEach(async () => {
      await bench.clean();
      await rm(directory, { recursive: true });
    });

    it.each([
      ['extended passive', []],
      ['passive', ['--disable-epsv']],
    ])('lists, uploads and finds nothing to download, %s', async (_, flags) => {
      const port = await bench.start();
      const url = `ftp://127.0.0.1:${port}`;
      const curl = (...args: string[]) =>
        run('curl', ['-sS', '--max-time', '5', '-u', 'admin:admin', ...flags, ...args]);
      expect((await curl(`${url}/`)).stdout).toMatch(/^drwxr-xr-x .* pub\r?\n/);
      const file = join(directory, 'bot.sh');
      await writeFile(file, 'echo pwned\n');
      await curl('-T', file, `${url}/upload/bot.sh`);
      const upload = await bench.until('upload');
      expect(upload).toMatchObject({ text: '/upload/bot.sh', bytes: 11 });
      expect(await readFile(join(bench.uploads, upload.sha256 ?? ''), 'utf8')).toBe('echo pwned\n');
      for (const path of ['etc/passwd', '%2e%2e/%2e%2e/etc/passwd', 'upload/bot.sh']) {
        await expect(curl(`${url}/${path}`)).rejects.toThrow();
      }
      expect(bench.of('command').map(({ text }) => text)).toContain('PWD');
    });

    it('speaks IPv6', async () => {
      const port = await bench.start({ host: '::1' });
      const { stdout } = await run('curl', [
        '-sSg',
        '--max-time',
        '5',
        '-u',
        'anonymous:me@',
        `ftp://[::1]:${port}/`,
      ]);
      expect(stdout).toContain('pub');
      expect(await bench.until('connect')).toMatchObject({ source_ip: '::1' });
      expect(bench.of('login')[0]).toMatchObject({
        username: 'anonymous',
        text: 'accepted password',
      });
    });
  },
);

describe('the ftp lure', () => {
  const bench = new LureBench('ftp');
  afterEach(() => bench.clean());

  it('connects to nobody', async () => {
    let contacts = 0;
    const bystander = createServer(() => contacts++).listen(0, '127.0.0.1');
    await once(bystander, 'listening');
    const { port: bystanderPort } = bystander.address() as { port: number };
    const visitor = new FtpVisitor(await bench.start());
    await visitor.signIn('root', 'root');
    expect(
      await visitor.say(`PORT 127,0,0,1,${bystanderPort >> 8},${bystanderPort & 255}`),
    ).toMatch(/^500/);
    expect(await visitor.say(`EPRT |1|127.0.0.1|${bystanderPort}|`)).toMatch(/^500/);
    expect(await visitor.say('LIST')).toMatch(/^425/);
    await sleep(100);
    expect(contacts).toBe(0);
    bystander.close();
  });

  it('lets only the visitor itself to its data port, on the address it spoke to', async () => {
    const visitor = new FtpVisitor(await bench.start());
    await visitor.signIn('root', 'root');
    const port = await visitor.dataPort();
    const stranger = createConnection({ port, host: '127.0.0.1', localAddress: '127.0.0.9' });
    stranger.on('error', () => {});
    stranger.resume();
    await once(stranger, 'close');
    const elsewhere = createConnection({ port, host: '127.0.0.2' });
    const [error] = await once(elsewhere, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    const own = createConnection({ port, host: '127.0.0.1' });
    expect(await visitor.say('LIST')).toMatch(/^150/);
    expect(String((await once(own, 'data'))[0])).toContain('upload');
  });

  it('wants a login first, and knows no other commands', async () => {
    const visitor = new FtpVisitor(await bench.start());
    expect(await visitor.answer()).toMatch(/^220/);
    expect(await visitor.say('LIST')).toMatch(/^530/);
    expect(await visitor.say('__proto__')).toMatch(/^530/);
    expect(await visitor.say('PASS x')).toMatch(/^503/);
    await visitor.say('USER root');
    expect(await visitor.say('PASS root')).toMatch(/^230/);
    expect(await visitor.say('constructor x')).toMatch(/^500/);
    expect(await visitor.say('CWD ../../etc')).toMatch(/^550/);
    expect(await visitor.say('CWD upload')).toMatch(/^250/);
    expect(await visitor.say('PWD')).toBe('257 "/upload" is the current directory');
    expect(await visitor.say('QUIT')).toMatch(/^221/);
  });

  it.each([
    ['a line without end', 'A'.repeat(10_000)],
    ['commands without end', 'NOOP\r\n'.repeat(2000)],
  ])('cuts off who sends %s', async (_, text) => {
    const visitor = new FtpVisitor(await bench.start());
    visitor.socket.write(text);
    await once(visitor.socket, 'close');
    expect(bench.of('close').length + bench.of('command').length).toBeLessThan(600);
  });
});
