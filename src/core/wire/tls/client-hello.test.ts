import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, bytesOf, viewOf } from '../hex-frame.suite.ts';
import { ClientHello, type HelloPart, isGrease, offeredVersion } from './client-hello.ts';

const RANDOM = '11'.repeat(32);
const SERVER_NAME = `0000 0010 000e 00 000b ${ascii('example.com')}`;
const ALPN = `0010 000e 000c 02 ${ascii('h2')} 08 ${ascii('http/1.1')}`;
const VERSIONS = '002b 0007 06 1a1a 0304 0303';
const SIGNATURES = '000d 0006 0004 0403 0804';
const HELLO = `0303 ${RANDOM} 00 0004 1301 1302 01 00 003f ${SERVER_NAME} ${ALPN} ${VERSIONS} ${SIGNATURES} 0017 0000`;

describe('ClientHello', () => {
  it('finds every part', () => {
    const hello = read(HELLO);
    expect(hello.isWhole).toBe(true);
    expect(hello.legacyVersion).toBe(0x0303);
    expect(words(hello, hello.ciphers)).toEqual([0x1301, 0x1302]);
    expect([...hello.extensions.subarray(0, hello.extensionCount)]).toEqual([
      0x00, 0x10, 0x2b, 0x0d, 0x17,
    ]);
    expect(textOf(hello, hello.serverName)).toBe('example.com');
    expect(textOf(hello, hello.protocols)).toBe('\x02h2\x08http/1.1');
    expect(words(hello, hello.versions)).toEqual([0x1a1a, 0x0304, 0x0303]);
    expect(words(hello, hello.signatures)).toEqual([0x0403, 0x0804]);
    expect(offeredVersion(hello)).toBe(0x0304);
  });

  it('is whole without any extensions', () => {
    const hello = read(`0301 ${RANDOM} 00 0002 002f 01 00`);
    expect([hello.isWhole, hello.extensionCount, hello.hasServerName]).toEqual([true, 0, false]);
    expect(offeredVersion(hello)).toBe(0x0301);
  });

  it('skips the cookie of a datagram', () => {
    const hello = new ClientHello();
    const bytes = bytesOf(`fefd ${RANDOM} 00 03 aabbcc 0002 c02b 01 00 0014 ${SERVER_NAME}`);
    hello.readDatagram(new DataView(bytes.buffer), 0, bytes.length);
    expect([hello.isWhole, textOf(hello, hello.serverName)]).toEqual([true, 'example.com']);
  });

  it('takes the first of two server names', () => {
    const second = `0000 0010 000e 00 000b ${ascii('example.org')}`;
    const hello = read(`0303 ${RANDOM} 00 0002 1301 01 00 0028 ${SERVER_NAME} ${second}`);
    expect(textOf(hello, hello.serverName)).toBe('example.com');
  });

  it.each([
    ['empty', '0000 0005 0003 00 0000'],
    ['of another type', '0000 0006 0004 01 0001 61'],
    ['longer than its extension', '0000 0006 0004 00 0009 61'],
    ['without a list', '0000 0000'],
  ])('has a server name extension but no name where it is %s', (_, extension) => {
    const length = (bytesOf(extension).length + 0x1_0000).toString(16).slice(1);
    const hello = read(`0303 ${RANDOM} 00 0002 1301 01 00 ${length} ${extension}`);
    expect([hello.isWhole, hello.hasServerName, hello.serverName.start]).toEqual([true, true, -1]);
  });

  it('is not whole, cut anywhere, and has no name before the name ends', () => {
    const bytes = bytesOf(HELLO);
    const nameEnd = bytes.length - 0x3f + 20;
    const hello = new ClientHello();
    for (let end = 0; end < bytes.length; end++) {
      hello.read(new DataView(bytes.buffer), 0, end);
      const isWithoutExtensions = end === 43; // then it looks like one of before TLS 1.2
      expect([end, hello.isWhole]).toEqual([end, isWithoutExtensions]);
      expect(hello.serverName.start >= 0).toBe(end >= nameEnd);
    }
  });

  it('is not whole where the extensions do not fill their length', () => {
    expect(read(`0303 ${RANDOM} 00 0002 1301 01 00 0006 0017 0000 0023`).isWhole).toBe(false);
    expect(read(`0303 ${RANDOM} 00 0002 1301 01 00 0004 0017 0009`).isWhole).toBe(false);
  });

  it('never throws and points nowhere outside, whatever the bytes', () => {
    const hello = new ClientHello();
    const template = bytesOf(HELLO);
    const change = fc.tuple(fc.nat(template.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.nat(20), (changes, cutBytes) => {
        const bytes = template.slice();
        for (const [at, value] of changes) bytes[at] = value;
        const end = bytes.length - cutBytes;
        const view = new DataView(bytes.buffer, 0, end);
        hello.read(view, 0, end);
        const { ciphers, serverName, protocols, versions, signatures } = hello;
        for (const part of [ciphers, serverName, protocols, versions, signatures])
          expect(part.start <= part.end && part.end <= end).toBe(true);
        hello.readDatagram(view, 0, end);
      }),
      { numRuns: 1000 },
    );
  });
});

it('knows reserved values', () => {
  const reserved = Array.from({ length: 0x1_0000 }, (_, value) => value).filter(isGrease);
  expect(reserved).toHaveLength(16);
  expect([reserved[0], reserved[15]]).toEqual([0x0a0a, 0xfafa]);
});

function read(hex: string): ClientHello {
  const view = viewOf(hex);
  const hello = new ClientHello();
  hello.read(view, 0, view.byteLength);
  return hello;
}

function words({ view }: ClientHello, { start, end }: HelloPart): number[] {
  return Array.from({ length: (end - start) / 2 }, (_, i) => view.getUint16(start + 2 * i));
}

function textOf({ view }: ClientHello, { start, end }: HelloPart): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, start, end - start));
}
