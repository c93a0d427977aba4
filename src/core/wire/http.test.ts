import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, bytesOf } from './hex-frame.suite.ts';
import { HttpMessage } from './http.ts';

describe('HttpMessage', () => {
  it('reads a request with the headers that matter', () => {
    const read = request(
      'POST /a?b=c HTTP/1.1\r\nhost:  example.com \r\nUser-Agent: curl/8\r\nAuthorization: Basic eA==\r\n\r\nbody',
    );
    expect(read).toEqual({
      method: 'POST',
      path: '/a?b=c',
      host: 'example.com',
      userAgent: 'curl/8',
      hasAuthorization: true,
      hasHeadersEnd: true,
    });
  });

  it('takes headers that do not end as not ended', () => {
    expect(request('GET / HTTP/1.1\r\nHost: a\r\nX-a: b\r\n')?.hasHeadersEnd).toBe(false);
  });

  it('keeps the spaces of a target: an injection may stand behind them', () => {
    expect(request("GET /?id=1' UNION SELECT 1 HTTP/1.1\r\n\r\n")?.path).toBe(
      "/?id=1' UNION SELECT 1",
    );
  });

  it('does not take a header from the body', () => {
    expect(request('GET / HTTP/1.1\r\n\r\nHost: body')?.host).toBeNull();
  });

  it('ignores empty lines before the request', () => {
    expect(request('\r\n\r\nGET /x HTTP/1.1\r\n\r\n')?.path).toBe('/x');
  });

  it('reads a path whose line goes on in the next segment, without the beginning of a version', () => {
    expect(request('GET /very/long')?.path).toBe('/very/long');
    expect(request('GET /very/long HTT')?.path).toBe('/very/long');
  });

  it('asks for a version, but not on the ports of HTTP', () => {
    expect(request('GET stats\r\n')).toBeNull();
    expect(request('GET /index.html\r\n')).toBeNull();
    expect(request('GET /index.html\r\n', true)?.path).toBe('/index.html');
  });

  it.each([
    'GETS / HTTP/1.1\r\n',
    'get / HTTP/1.1\r\n',
    'FOO / HTTP/1.1\r\n',
    'GET\r\n',
    'GET ',
    '',
  ])('does not take %j for a request', (text) => {
    expect(request(text, true)).toBeNull();
  });

  it.each([
    ['HTTP/1.1 401 Unauthorized\r\n', 401],
    ['HTTP/1.0 200\r\n', 200],
    ['HTTP/1.1 \t503 x', 503],
    ['HTTP/1.1 20x ok\r\n', null],
    ['HTTP/1.1 20', null],
    ['HTTP/1.1', null],
  ])('reads the status of %j', (text, status) => {
    const http = new HttpMessage();
    const bytes = bytesOf(ascii(text));
    const isRead = http.at(bytes, 0, bytes.length, false);
    expect(isRead ? http.status : null).toBe(status);
  });

  it('never throws and never points outside, whatever the bytes', () => {
    const http = new HttpMessage();
    const opening = fc.constantFrom('GET ', 'POST /', 'HTTP/1.1 ', 'HTTP/', 'PROPFIND', '');
    fc.assert(
      fc.property(
        opening,
        fc.string({ maxLength: 200, unit: 'binary-ascii' }),
        fc.boolean(),
        (start, rest, isHttpPort) => {
          const bytes = bytesOf(ascii(start + rest));
          if (http.at(bytes, 0, bytes.length, isHttpPort) && http.isRequest) {
            expect(http.pathStart).toBeLessThanOrEqual(http.pathEnd);
            expect(http.pathEnd).toBeLessThanOrEqual(bytes.length);
          }
        },
      ),
    );
  });
});

function request(text: string, isHttpPort = false) {
  const bytes = bytesOf(ascii(text));
  const http = new HttpMessage();
  if (!http.at(bytes, 0, bytes.length, isHttpPort) || !http.isRequest) return null;
  const part = (start: number, end: number) =>
    start < 0 ? null : String.fromCharCode(...bytes.subarray(start, end));
  return {
    method: part(http.methodStart, http.methodEnd),
    path: part(http.pathStart, http.pathEnd),
    host: part(http.hostStart, http.hostEnd),
    userAgent: part(http.userAgentStart, http.userAgentEnd),
    hasAuthorization: http.authorizationLineEnd >= 0,
    hasHeadersEnd: http.hasHeadersEnd,
  };
}
