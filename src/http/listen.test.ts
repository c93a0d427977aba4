import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { ServerLink } from '../sensor/server-link.ts';
import { listen } from './listen.ts';

const app = new Hono().get('/slow', async (context) => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return context.text('done');
});

describe('listen', () => {
  it('names the port that another program has', async () => {
    const first = await listen(app, { host: '127.0.0.1', port: 0 });
    const again = listen(app, { host: '127.0.0.1', port: first.port });
    await expect(again).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringContaining(String(first.port)),
    });
    await first.stop();
  });

  it('names the address that is not ours', async () => {
    await expect(listen(app, { host: '192.0.2.77', port: 0 })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('192.0.2.77'),
    });
  });

  it('lets an open answer finish before it stops, and then takes nothing', async () => {
    const listener = await listen(app, { host: '127.0.0.1', port: 0 });
    const answer = fetch(`${listener.url}/slow`);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await Promise.all([
      listener.stop(),
      answer.then(async (response) => expect(await response.text()).toBe('done')),
    ]);
    await expect(fetch(`${listener.url}/slow`)).rejects.toThrow();
  });

  it('speaks https with the certificate that it is given', async () => {
    const folder = 'test/support/tls';
    const tls = { certFile: `${folder}/server.pem`, keyFile: `${folder}/server-key.pem` };
    const posts = new Hono().post('/', (context) => context.text('taken'));
    const listener = await listen(posts, { host: '127.0.0.1', port: 0, tls });
    expect(listener.url).toMatch(/^https:/);
    const link = new ServerLink(new URL(listener.url), { caFile: `${folder}/ca.pem` });
    expect(await link.post({}, Buffer.from('x'), 5_000)).toMatchObject({ text: 'taken' });
    link.close();
    await listener.stop();
  });

  it.each([
    ['/no/such/file', 'Cannot read /no/such/file: there is no such file'],
    ['package.json', 'Cannot use the certificate package.json'],
  ])('names the certificate that cannot be used: %s', async (certFile, message) => {
    const tls = { certFile, keyFile: 'test/support/tls/server-key.pem' };
    const listening = listen(app, { host: '127.0.0.1', port: 0, tls });
    await expect(listening).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(message),
    });
  });
});
