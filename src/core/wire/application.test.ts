import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppEvent, PacketBatch } from '../../contract/packet-batch.ts';
import { PacketDecoder } from './decoder.ts';
import { ascii, bytesOf, frameOf, ipv4Frame, tcp } from './hex-frame.suite.ts';
import { MAX_MESSAGE_BYTES } from './stream-joiner.ts';
import { toRecord } from './to-record.ts';

interface Segment {
  /** Bytes of the stream before it. */
  readonly at: number;
  readonly text: string;
  readonly ports?: string;
}

/** Segments of one client to one server, decoded in the order given. */
function decode(segments: readonly Segment[], decoder = new PacketDecoder()) {
  const batch = new PacketBatch(segments.length);
  for (const { at, text, ports = 'c738 270f' } of segments) {
    const header = tcp('18', ascii(text), ports).replace('00000001', hex32(1000 + at));
    decoder.decode(frameOf(ipv4Frame(6, header)), batch);
  }
  return { batch, records: segments.map((_, row) => toRecord(batch, row, null)) };
}

/** The stream cut at the given positions. */
function cut(text: string, ...positions: number[]): Segment[] {
  const bounds = [0, ...positions, text.length];
  return positions
    .map((_, i) => ({ at: bounds[i] ?? 0, text: text.slice(bounds[i], bounds[i + 1]) }))
    .concat({ at: bounds.at(-2) ?? 0, text: text.slice(bounds.at(-2)) });
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

const REQUEST =
  'POST /wp-login.php?redirect=1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8\r\nAuthorization: Basic eA==\r\n\r\nbody';
const HOST_AT = REQUEST.indexOf('Host:');
const END_AT = REQUEST.indexOf('\r\n\r\n') + 4;

describe('HTTP heads over several segments', () => {
  it('tells each line in the row of the segment in which it ends, and what there is of the first where it begins', () => {
    const { records, batch } = decode(cut(REQUEST, 20, HOST_AT + 8, HOST_AT + 30, END_AT - 1));
    expect(
      records.map((r) => [r.http_method, r.http_path, r.http_host, r.http_user_agent]),
    ).toEqual([
      ['POST', '/wp-login.php?r', null, null],
      ['POST', '/wp-login.php?redirect=1', null, null],
      [null, null, 'shop.example', null],
      [null, null, null, 'curl/8'],
      [null, null, null, null],
    ]);
    expect([...batch.appEvents]).toEqual([
      AppEvent.HTTP_REQUEST,
      AppEvent.HTTP_LOGIN,
      0,
      AppEvent.HTTP_LOGIN,
      AppEvent.HTTP_HEADERS_END,
    ]);
    expect(records.map((r) => r.app_protocol)).toEqual(['http', 'http', 'http', 'http', 'http']);
  });

  it('finds the same whatever the cuts', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 6, max: REQUEST.length - 1 }), { maxLength: 12 }),
        (positions) => {
          const { records, batch } = decode(cut(REQUEST, ...positions.sort((a, b) => a - b)));
          const of = (key: 'http_method' | 'http_path' | 'http_host' | 'http_user_agent') =>
            records
              .map((record) => record[key])
              .filter((value) => value !== null)
              .slice(-1);
          expect([
            of('http_method'),
            of('http_path'),
            of('http_host'),
            of('http_user_agent'),
          ]).toEqual([['POST'], ['/wp-login.php?redirect=1'], ['shop.example'], ['curl/8']]);
          const count = (bit: number) => batch.appEvents.filter((events) => events & bit).length;
          expect([count(AppEvent.HTTP_REQUEST), count(AppEvent.HTTP_HEADERS_END)]).toEqual([1, 1]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('waits for a piece that comes late, and takes none twice', () => {
    const [a, b, c] = cut(REQUEST, 20, 60) as [Segment, Segment, Segment];
    for (const order of [
      [a, c, b],
      [a, a, b, b, c],
      [a, c, c, b],
    ]) {
      const { records } = decode(order);
      expect(records.filter(({ http_path }) => http_path?.endsWith('=1'))).toHaveLength(1);
      expect(records.filter(({ http_host }) => http_host === 'shop.example')).toHaveLength(1);
    }
  });

  it('begins anew where the ports are used again', () => {
    const { records } = decode([
      { at: 0, text: 'GET /old HTTP/1.1\r\nHost: o' },
      { at: 500_000, text: 'GET /new HTTP/1.1\r\nHost: n\r\n\r\n' },
    ]);
    expect(records[1]).toMatchObject({ http_path: '/new', http_host: 'n' });
  });

  it('reads a request that comes letter by letter to a web server', () => {
    const text = 'GET /slow HTTP/1.0\r\n\r\n';
    const letters = [...text].map((letter, at) => ({ at, text: letter, ports: 'c738 0050' }));
    const { records } = decode(letters);
    expect(records.map(({ http_path }) => http_path).filter(Boolean)).toEqual(['/slow']);
  });

  it('gives up a head beyond its bound, with what had come of it', () => {
    const line = `X-Filler: ${'x'.repeat(989)}\r\n`;
    const segments: Segment[] = [{ at: 0, text: `GET /big HTTP/1.1\r\n` }];
    let at = 19;
    for (; at < MAX_MESSAGE_BYTES + 2000; at += line.length) segments.push({ at, text: line });
    segments.push({ at, text: 'Host: late\r\n\r\n' });
    const { records, batch } = decode(segments);
    expect(records[0]).toMatchObject({ http_path: '/big' });
    expect(records.at(-1)).toMatchObject({ http_host: null });
    // The blank line is known all the same.
    expect(batch.appEvents[segments.length - 1]).toBe(AppEvent.HTTP_HEADERS_END);
  });

  it('keeps a stated number of heads and counts those it gave up', () => {
    const decoder = new PacketDecoder();
    const segments = Array.from({ length: 5000 }, (_, i) => ({
      at: 0,
      text: 'GET /x HTTP/1.1\r\nHost: a',
      ports: `${(1024 + i).toString(16).padStart(4, '0')} 0050`,
    }));
    decode(segments, decoder);
    expect(decoder.evictions.messages).toBeGreaterThan(3500);
    expect(decoder.evictions.messages).toBeLessThan(5000 - 512);
  });
});

it('never throws, whatever segments come in whatever order', () => {
  const segment = fc.record({
    at: fc.oneof(fc.nat(200), fc.nat(0xffff_ffff)),
    text: fc.oneof(
      fc.constantFrom('GET /', 'G', '\r\n', 'HTTP/1.1 2', 'SSH-2.0-x\r\n', 'Host: a\r\n\r\n'),
      fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    ),
    ports: fc.constantFrom('c738 0050', '0050 c738', 'c738 270f', 'c738 0035', '0016 c738'),
  });
  const decoder = new PacketDecoder();
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 20 }), (segments) => {
      expect(decode(segments, decoder).records).toHaveLength(segments.length);
    }),
    { numRuns: 1000 },
  );
});

/** Bytes as text of one character each, as `ascii` takes them. */
function binary(hex: string): string {
  return String.fromCharCode(...bytesOf(hex));
}

const NAME = `0010 00 000d ${ascii('a.example.com')}`;
const HELLO_BODY = `0303 ${'07'.repeat(32)} 00 0002 1301 0100 0016 0000 0012 ${NAME}`;
const HELLO = binary(`160301 0045 01 000041 ${HELLO_BODY}`);
const QUERY = binary(
  '001d 1234 0100 0001 0000 0000 0000 0161 07 6578616d706c65 03 636f6d 00 0001 0001',
);
const BANNER = 'SSH-2.0-OpenSSH_9.6\r\n';

describe('a message cut anywhere', () => {
  it.each([
    ['a request to a web server', REQUEST, 80, ['http', 'shop.example', 515]],
    ['a request to another port', REQUEST, 9999, ['http', 'shop.example', 515]],
    ['a TLS hello', HELLO, 443, ['tls', 'a.example.com', 64]],
    ['a DNS query', QUERY, 53, ['dns', 'a.example.com', 0]],
    ['an SSH banner', BANNER, 22, ['ssh', '{"version":"2.0","software":"OpenSSH_9.6"}', 8]],
  ] as const)('%s is read all the same', (_, message, port, expected) => {
    for (let at = 1; at < message.length; at++) {
      const ports = `c738 ${port.toString(16).padStart(4, '0')}`;
      const segments = cut(message, at).map((segment) => ({ ...segment, ports }));
      const { records, batch } = decode(segments);
      const found = records.map((r) => r.http_host ?? r.tls_sni ?? r.dns_qname ?? detailOf(r));
      const protocols = new Set(records.flatMap(({ app_protocol: name }) => name ?? []));
      const events = (batch.appEvents[0] ?? 0) | (batch.appEvents[1] ?? 0);
      expect([at, ...protocols, found.findLast((each) => each !== null), events]).toEqual([
        at,
        ...expected,
      ]);
    }
  });

  it('begins with a letter that two protocols share', () => {
    const { records } = decode(cut(BANNER, 1));
    expect(records.map(({ app_protocol }) => app_protocol)).toEqual([null, 'ssh']);
    const other = decode(cut('SEARCH / HTTP/1.1\r\n\r\n', 1));
    expect(other.records.map(({ http_method }) => http_method)).toEqual([null, 'SEARCH']);
  });

  it('names nothing after a letter that somebody types', () => {
    const { records } = decode(cut('Gold, please', 1, 2, 4));
    expect(records.map(({ app_protocol }) => app_protocol)).toEqual([null, null, null, null]);
  });

  it('is not spoilt by a keep-alive probe before it', () => {
    const ports = 'c738 0035';
    const probe = { at: 0, text: '\0', ports };
    const { records } = decode([probe, { at: 1, text: QUERY, ports }]);
    expect(records[1]?.dns_qname).toBe('a.example.com');
  });
});

describe('what somebody puts between the segments of another', () => {
  const [first, second] = cut(REQUEST, HOST_AT + 8) as [Segment, Segment];
  const decoy = 'Host: decoy.example\r\n\r\n';

  it('is nothing where the receiver does not take it: out of the window', () => {
    const { records } = decode([first, { at: 1_000_000, text: decoy }, second]);
    expect(records.map(({ http_host }) => http_host)).toEqual([null, null, 'shop.example']);
  });

  it('is nothing where the receiver does not take it: of a wrong checksum', () => {
    const decoder = new PacketDecoder();
    const batch = new PacketBatch(3);
    for (const [at, text, sum] of [
      [first.at, first.text, '0000'],
      [second.at, decoy, 'dead'],
      [second.at, second.text, '0000'],
    ] as const) {
      const segment = tcp('18', ascii(text), 'c738 270f').replace('00000001', hex32(1000 + at));
      decoder.decode(frameOf(ipv4Frame(6, segment.replace('faf0 0000', `faf0 ${sum}`))), batch);
    }
    expect(toRecord(batch, 1, null).anomaly).toBe('bad_tcp_checksum');
    expect(toRecord(batch, 2, null).http_host).toBe('shop.example');
  });

  it('does not replace bytes that came early', () => {
    const at = HOST_AT + 12;
    const { records } = decode([
      { at: 0, text: REQUEST.slice(0, HOST_AT) },
      { at, text: REQUEST.slice(at) },
      { at: HOST_AT, text: 'Host: evilevilevil' },
    ]);
    expect(records[2]?.http_host).toBe(`evilev${REQUEST.slice(at, REQUEST.indexOf('\r', at))}`);
  });
});

function detailOf({ app_detail: detail }: { app_detail?: string | null }): string | null {
  return detail ?? null;
}
