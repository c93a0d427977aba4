import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { describeLure, LureBench } from './lure.suite.ts';

describeLure('http', {
  async login(port, username, password) {
    const response = await fetch(`http://127.0.0.1:${port}/login`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: new URLSearchParams({ username, password }),
    });
    return response.status === 200;
  },
  async upload(port, name, data) {
    await fetch(`http://127.0.0.1:${port}/upload/${name}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', connection: 'close' },
      body: new Uint8Array(data),
    }).catch(() => {});
  },
});

const hasCurl = (() => {
  try {
    execFileSync('curl', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('the http lure', () => {
  const bench = new LureBench('http');
  const run = promisify(execFile);
  afterEach(() => bench.clean());

  it.skipIf(!hasCurl)('records what curl asks, and answers as a device does', async () => {
    const port = await bench.start();
    const url = `http://127.0.0.1:${port}`;
    const page = (await run('curl', ['-si', `${url}/admin?x=1`])).stdout;
    expect(page).toMatch(/^HTTP\/1\.1 200 OK\r\nServer: Apache/);
    expect(page).toContain('<form method="post" action="/login">');
    expect((await bench.until('request')).text).toMatch(
      /^GET \/admin\?x=1 HTTP\/1\.1\nHost: 127\.0\.0\.1:\d+\nUser-Agent: curl\//,
    );
    expect((await run('curl', ['-si', `${url}/.env`])).stdout).toMatch(/^HTTP\/1\.1 404 /);
    expect((await run('curl', ['-sI', `${url}/`])).stdout).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.skipIf(!hasCurl)('finds credentials in forms, JSON and Basic', async () => {
    const port = await bench.start();
    const url = `http://127.0.0.1:${port}/login`;
    await run('curl', ['-s', url, '-d', 'log=a&pwd=b%26c']);
    await run('curl', [
      '-s',
      url,
      '-H',
      'content-type: application/json',
      '-d',
      '{"email":"e@x","password":"j","n":{}}',
    ]);
    await run('curl', ['-s', url, '-u', 'admin:pa:ss']);
    const status = await run('curl', [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      url,
      '-d',
      'username=admin&password=admin',
    ]);
    expect(
      bench.of('login').map(({ username, password, text }) => [username, password, text]),
    ).toEqual([
      ['a', 'b&c', 'rejected password'],
      ['e@x', 'j', 'rejected password'],
      ['admin', 'pa:ss', 'rejected password'],
      ['admin', 'admin', 'accepted password'],
    ]);
    expect(status.stdout).toBe('200');
  });

  it.skipIf(!hasCurl)('names an upload by its file name', async () => {
    const port = await bench.start();
    const child = execFile('curl', [
      '-s',
      `http://127.0.0.1:${port}/firmware`,
      '-F',
      'image=@-;filename=shell.php',
    ]);
    child.stdin?.end('<?php system($_GET[0]); ?>');
    await once(child, 'close');
    expect((await bench.until('upload')).text).toBe('shell.php');
  });

  it('never answers with what it was sent', async () => {
    const port = await bench.start();
    const response = await fetch(
      `http://127.0.0.1:${port}/login?q=%3Cscript%3Eecho1%3C/script%3E`,
      {
        method: 'POST',
        body: new URLSearchParams({ username: '<script>echo2</script>', password: 'x' }),
      },
    );
    expect(await response.text()).not.toMatch(/echo\d/);
  });

  it('records what is not HTTP, and is no proxy', async () => {
    const port = await bench.start();
    const malformed = createConnection({ port, host: '127.0.0.1' });
    malformed.resume().write('\u0016\u0003\u0001 nonsense\r\n\r\n');
    await once(malformed, 'close');
    expect((await bench.until('request')).text).toContain('malformed: \\x16\\x03\\x01 nonsense');
    const proxy = createConnection({ port, host: '127.0.0.1' });
    proxy.write('CONNECT 203.0.113.9:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = await once(proxy, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 405 /);
    await bench.until(
      'request',
      ({ text }) => text?.startsWith('CONNECT 203.0.113.9:443') ?? false,
    );
  });

  it('cuts off who sends requests without end', async () => {
    const port = await bench.start({ limits: { maxEventsPerSession: 30 } });
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.resume().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(500));
    await once(socket, 'close');
    await bench.until('close');
    expect(bench.events.length).toBeLessThanOrEqual(31);
  });
});
