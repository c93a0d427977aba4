import { describe, expect, it } from 'vitest';
import { requireOwnHost, requireSameOrigin } from './same-origin.ts';

function post(headers: Record<string, string>): Request {
  return new Request('http://192.0.2.1:8000/x', {
    method: 'POST',
    headers: { host: '192.0.2.1:8000', ...headers },
  });
}

describe('requireSameOrigin', () => {
  it.each([
    {},
    { origin: 'http://192.0.2.1:8000' },
    { 'sec-fetch-site': 'same-origin', origin: 'http://192.0.2.1:8000' },
  ])('lets %j through', (headers) => {
    expect(() => requireSameOrigin(post(headers))).not.toThrow();
  });

  it.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://evil.example' },
    { origin: 'http://192.0.2.1:9000' },
    { origin: 'null' },
    { 'sec-fetch-site': 'same-origin', origin: 'http://evil.example' },
  ])('refuses %j', (headers) => {
    expect(() => requireSameOrigin(post(headers))).toThrow(/another site/);
  });
});

describe('requireOwnHost', () => {
  it.each([
    '127.0.0.1:8000',
    '[::1]:8000',
    'localhost',
    'localhost:8000',
    '192.0.2.1',
    'LAB.lan:8000',
  ])('serves %s', (host) => {
    expect(() => requireOwnHost(host, ['lab.lan'])).not.toThrow();
  });

  it.each(['evil.example', 'localhost.evil.example:8000', '1.2.3.4.evil.example'])(
    'refuses %s',
    (host) => {
      expect(() => requireOwnHost(host, ['lab.lan'])).toThrow(/host name/);
      expect(() => requireOwnHost(host, ['*'])).not.toThrow();
    },
  );
});
