/** Against real servers on loopback, with a certificate of an authority that nobody knows. */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServerLink, type ServerTrust } from './server-link.ts';

const TLS = 'test/support/tls';
const certificate = readFileSync(`${TLS}/server.pem`);
const fingerprint = new X509Certificate(certificate).fingerprint256;
const body = Buffer.from('a batch');

let server: Server;
let seen: string[] = [];

beforeEach(async () => {
  seen = [];
  const key = readFileSync(`${TLS}/server-key.pem`);
  server = createServer({ cert: certificate, key }, (request, response) => {
    seen.push(`${request.headers.authorization} ${request.headers['content-length']}`);
    request.resume();
    response.end('taken');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function post(trust?: ServerTrust): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const link = new ServerLink(new URL(`https://127.0.0.1:${port}/ingest_packets`), trust);
  try {
    const { statusLine, text } = await link.post({ authorization: 'Bearer k' }, body, 2_000);
    return `${statusLine} ${text}`;
  } finally {
    link.close();
  }
}

describe('a sensor ships over https', () => {
  it('to no server whose authority it does not know, and does not show its key', async () => {
    await expect(post()).rejects.toThrow(/self.signed|unable to verify/);
    expect(seen).toEqual([]);
  });

  it('to a server of the authority in its file', async () => {
    expect(await post({ caFile: `${TLS}/ca.pem` })).toBe('200 OK taken');
    expect(seen).toEqual(['Bearer k 7']);
  });

  it('to the server whose fingerprint it has, written with colons or without', async () => {
    expect(await post({ fingerprint })).toBe('200 OK taken');
    const plain = fingerprint.replaceAll(':', '').toLowerCase();
    expect(await post({ fingerprint: plain })).toBe('200 OK taken');
  });

  it('to no server with another fingerprint, and does not show its key', async () => {
    const other = 'ab'.repeat(32);
    await expect(post({ fingerprint: other })).rejects.toThrow('shows another certificate');
    expect(seen).toEqual([]);
  });

  it.each([
    ['https://127.0.0.1', { fingerprint: 'abc' }, 'a SHA-256 has 64 hexadecimal digits'],
    ['https://127.0.0.1', { caFile: '/no/such/file' }, 'there is no such file'],
    ['http://127.0.0.1', { fingerprint: 'ab'.repeat(32) }, 'http://127.0.0.1 has none'],
  ])('%s with %o is refused before anything is sent', (url, trust, reason) => {
    expect(() => new ServerLink(new URL(url), trust)).toThrow(reason);
  });
});

it('keeps one connection for many batches', async () => {
  let connections = 0;
  const plain = createHttpServer((request, response) => {
    request.resume();
    response.end();
  });
  plain.on('connection', () => connections++);
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const link = new ServerLink(
    new URL(`http://127.0.0.1:${(plain.address() as AddressInfo).port}/`),
  );
  for (let batch = 0; batch < 5; batch++) await link.post({}, body, 2_000);
  expect(connections).toBe(1);
  link.close();
  plain.close();
});
