import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { NOT_MINE, READ } from '../app-protocol.ts';
import { ascii, bytesOf } from '../hex-frame.suite.ts';
import { appReaderSuite, type PayloadOptions, readPayload } from './app-reader.suite.ts';
import { ssh } from './ssh.ts';

const BANNER = ascii('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n');
/** Each list by its place, so that a digest of the wrong ones is another. */
const LISTS = [
  'kex-a,kex-b',
  'host',
  'enc-c',
  'enc-s',
  'mac-c',
  'mac-s',
  'none,zlib',
  'zlib',
  '',
  '',
];
const KEX_INIT = kexInit(LISTS);
const HASSH = md5Of('kex-a,kex-b;enc-c;mac-c;none,zlib');
const HASSH_SERVER = md5Of('kex-a,kex-b;enc-s;mac-s;zlib');
const FROM_CLIENT: PayloadOptions = { srcPort: 51_000, dstPort: 22 };
const FROM_SERVER: PayloadOptions = { srcPort: 22, dstPort: 51_000 };

appReaderSuite(ssh, [BANNER, KEX_INIT, BANNER + KEX_INIT]);

describe('SSH', () => {
  it.each([
    ['SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n', { version: '2.0', software: 'OpenSSH_9.2p1 Debian-2' }],
    ['SSH-1.99-Cisco-1.25\n', { version: '1.99', software: 'Cisco-1.25' }],
    ['SSH-2.0-\r\n', { version: '2.0' }],
    ['SSH-2.0-cut', { version: '2.0', software: 'cut' }],
    ['SSH-2.0', { version: '2.0' }],
  ])('tells the banner %j', (banner, expected) => {
    const { answer, batch, detail } = readPayload(ssh, ascii(banner));
    expect([answer, batch.appEvents[0]]).toEqual([READ, AppEvent.SSH_BANNER]);
    expect(detail).toEqual(expected);
  });

  it("tells a client's and a server's HASSH", () => {
    const client = readPayload(ssh, KEX_INIT, FROM_CLIENT);
    expect([client.answer, client.batch.hassh.get(0), client.batch.hasshServer.get(0)]).toEqual([
      ...[READ, HASSH, null],
    ]);
    const server = readPayload(ssh, KEX_INIT, FROM_SERVER);
    expect([server.answer, server.batch.hassh.get(0), server.batch.hasshServer.get(0)]).toEqual([
      ...[READ, null, HASSH_SERVER],
    ]);
  });

  it('tells banner and HASSH of one segment', () => {
    const { answer, batch, detail } = readPayload(ssh, BANNER + KEX_INIT, FROM_CLIENT);
    expect([answer, batch.hassh.get(0), batch.appEvents[0]]).toEqual([
      ...[READ, HASSH, AppEvent.SSH_BANNER],
    ]);
    expect(detail).toMatchObject({ software: 'OpenSSH_9.2p1 Debian-2' });
  });

  it.each([
    ['ssh ports', ['kex', ''], { srcPort: 40_000, dstPort: 2222 }, false],
    [
      'ssh ports against the markers',
      ['kex,ext-info-s', ''],
      { srcPort: 40_000, dstPort: 22 },
      false,
    ],
    ['a marker of clients', ['kex,ext-info-c', ''], { srcPort: 800, dstPort: 40_000 }, false],
    [
      'a marker of servers',
      ['kex,kex-strict-s-v00@openssh.com,x', ''],
      { srcPort: 40_000, dstPort: 800 },
      true,
    ],
    ['the lower port', ['kex,ext-info-cs', ''], { srcPort: 800, dstPort: 40_000 }, true],
    ['the lower port of two ssh ports', ['kex', ''], { srcPort: 2222, dstPort: 22 }, false],
  ])('knows the side by %s', (_, [kex], ports, isServer) => {
    const { batch } = readPayload(ssh, kexInit([kex!, ...LISTS.slice(1)]), ports);
    expect(batch.hasshServer.get(0) !== null).toBe(isServer);
    expect(batch.hassh.get(0) !== null).toBe(!isServer);
  });

  it('asks for more until the lists are there, and tells each thing once', () => {
    const bytes = bytesOf(BANNER + KEX_INIT);
    const bannerEnd = bytesOf(BANNER).length;
    const listsEnd = bytes.length - 5 - 6; // tail and padding
    for (let length = 6; length < listsEnd; length++) {
      const options = { ...FROM_CLIENT, isLast: false };
      const { answer, batch, detail } = readPayload(ssh, bytes.subarray(0, length), options);
      if (length === bannerEnd) expect(answer).toBe(READ);
      else expect(answer > length && answer <= bytes.length).toBe(true);
      expect([batch.hassh.get(0), batch.appEvents[0]]).toEqual([null, AppEvent.SSH_BANNER]);
      expect(detail !== null).toBe(length >= bannerEnd);
      const rest = readPayload(ssh, bytes, { ...options, readBefore: length });
      expect([rest.answer, rest.batch.hassh.get(0), rest.batch.appEvents[0]]).toEqual([
        READ,
        HASSH,
        0,
      ]);
      expect(rest.detail !== null).toBe(length < bannerEnd);
    }
  });

  it('asks for more of a message that begins its segment', () => {
    const bytes = bytesOf(KEX_INIT);
    for (let length = 6; length < bytes.length - 11; length++) {
      const part = bytes.subarray(0, length);
      expect(readPayload(ssh, part, { isLast: false }).answer).toBe(bytes.length);
    }
  });

  it('takes 255 bytes for the longest banner', () => {
    const long = ascii(`SSH-2.0-${'x'.repeat(400)}`);
    const { answer, detail } = readPayload(ssh, long, { isLast: false });
    expect(answer).toBe(READ);
    expect(detail).toEqual({ version: '2.0', software: 'x'.repeat(247) });
  });

  it.each([
    ['another word', ascii('SSHX2.0-a\r\n')],
    ['no version', ascii('SSH-x.0-a\r\n')],
    ['a packet of another number', KEX_INIT.replace(/^(.{10})14/, '$115')],
    ['a packet too long', KEX_INIT.replace(/^0000..../, '00008900')],
    ['too little padding', KEX_INIT.replace(/^(.{8})../, '$103')],
    ['a list longer than its packet', KEX_INIT.replace(/^(.{44})0000000b/, '$10000ffff')],
    ['no key exchange algorithm', kexInit(['', ...LISTS.slice(1)])],
    ['names that are no text', kexInit(['kex\x01', ...LISTS.slice(1)])],
    ['a keep-alive byte', '00'],
  ])('does not take %s', (_, hex) => {
    expect(readPayload(ssh, hex).answer).toBe(NOT_MINE);
  });
});

/** Padding of six bytes. */
function kexInit(lists: readonly string[]): string {
  const names = lists
    .map((list) => list.length.toString(16).padStart(8, '0') + ascii(list))
    .join('');
  const payload = `14${'cc'.repeat(16)}${names}00 00000000`.replaceAll(' ', '');
  const packetBytes = 1 + payload.length / 2 + 6;
  return `${packetBytes.toString(16).padStart(8, '0')}06${payload}${'dd'.repeat(6)}`;
}

function md5Of(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
