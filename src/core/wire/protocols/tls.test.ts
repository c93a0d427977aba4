import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { NOT_MINE, READ } from '../app-protocol.ts';
import { ascii, bytesOf } from '../hex-frame.suite.ts';
import { alpnNames, clientHello, handshake } from '../tls/hello.suite.ts';
import { appReaderSuite, type PayloadOptions, readPayload } from './app-reader.suite.ts';
import { tls } from './tls.ts';

const NAME = `000e00000b${ascii('example.com')}`;
const MESSAGE = handshake(
  clientHello({
    ciphers: [0x1301, 0xc02b],
    extensions: [
      [0x00, NAME],
      [0x10, alpnNames(ascii('h2'), ascii('http/1.1'))],
      [0x2b, '0403040303'],
    ],
  }),
);
const HELLO = record(MESSAGE);
const JA4 = 't13d0203h2_777cda164f4b_b9a491fefe05';
const SPLIT =
  record(MESSAGE.slice(0, 6)) + record(MESSAGE.slice(6, 140)) + record(MESSAGE.slice(140));
/** TLS 1.3 with a key share of no interest, then more records. */
const SERVER_HELLO = `160303 0032 02 00002e 0303 ${'22'.repeat(32)} 00 1301 00 0006 002b 0002 0304 140303 0001 01`;
const SERVER_HELLO_12 = `160303 0037 02 000033 0303 ${'22'.repeat(32)} 00 c02f 00 000b 0010 0007 0005 04 ${ascii('test')}`;

appReaderSuite(tls, [HELLO, SPLIT, SERVER_HELLO, SERVER_HELLO_12]);

describe('TLS', () => {
  it("tells a client's server name, fingerprint, ALPN and version", () => {
    const { answer, batch, detail } = readPayload(tls, HELLO);
    expect([answer, batch.appEvents[0]]).toEqual([READ, AppEvent.TLS_CLIENT_HELLO]);
    expect([batch.tlsSni.get(0), batch.ja4.get(0)]).toEqual(['example.com', JA4]);
    expect(detail).toEqual({ alpn: ['h2', 'http/1.1'], version: '1.3' });
  });

  it("tells a server's version and cipher", () => {
    const { batch, detail } = readPayload(tls, SERVER_HELLO);
    expect(batch.appEvents[0]).toBe(AppEvent.TLS_SERVER_HELLO);
    expect(detail).toEqual({ version: '1.3', cipher: '0x1301' });
    expect([batch.tlsSni.get(0), batch.ja4.get(0)]).toEqual([null, null]);
  });

  it("tells a server's ALPN", () => {
    const { detail } = readPayload(tls, SERVER_HELLO_12);
    expect(detail).toEqual({ alpn: ['test'], version: '1.2', cipher: '0xc02f' });
  });

  it('joins a hello out of several records', () => {
    const { answer, batch } = readPayload(tls, SPLIT);
    expect([answer, batch.tlsSni.get(0), batch.ja4.get(0)]).toEqual([READ, 'example.com', JA4]);
  });

  it.each([
    ['one record', HELLO],
    ['several records', SPLIT],
  ])('asks for more of %s until the hello is whole, and then tells it', (_, hex) => {
    const bytes = bytesOf(hex);
    for (let length = 2; length < bytes.length; length++) {
      const part = bytes.subarray(0, length);
      const { answer, batch } = readPayload(tls, part, { isLast: false });
      expect(answer).toBeGreaterThan(length);
      expect(answer).toBeLessThanOrEqual(bytes.length);
      expect(batch.appEvents[0]).toBe(length < 6 ? 0 : AppEvent.TLS_CLIENT_HELLO);
      expect([batch.tlsSni.get(0), batch.ja4.get(0), batch.appDetail.get(0)]).toEqual([
        null,
        null,
        null,
      ]);
      const rest = readPayload(tls, bytes, { readBefore: length, isLast: false });
      expect([rest.answer, rest.batch.ja4.get(0)]).toEqual([READ, JA4]);
      expect(rest.batch.appEvents[0]).toBe(length < 6 ? AppEvent.TLS_CLIENT_HELLO : 0);
    }
  });

  it('tells what there is of a hello of which no more will come, without a fingerprint', () => {
    const { batch, detail } = readPayload(tls, HELLO, { cutBytes: 1 });
    expect([batch.tlsSni.get(0), batch.ja4.get(0)]).toEqual(['example.com', null]);
    expect(detail).toEqual({ alpn: ['h2', 'http/1.1'], version: '1.2' });
  });

  it('tells what there is of a hello larger than can be joined', () => {
    const padding = [0x15, '00'.repeat(20_000)] as const;
    const hello = clientHello({ ciphers: [0x1301], extensions: [[0x00, NAME], padding] });
    const message = handshake(hello);
    const large = record(message.slice(0, 32_000)) + record(message.slice(32_000));
    const options: PayloadOptions = { isLast: false };
    const first = readPayload(tls, bytesOf(large).subarray(0, 1400), options);
    expect(first.answer).toBeGreaterThan(16_000);
    const { answer, batch } = readPayload(tls, bytesOf(large).subarray(0, 16_384), options);
    expect([answer, batch.tlsSni.get(0), batch.ja4.get(0)]).toEqual([READ, 'example.com', null]);
  });

  it('has no fingerprint where the lengths do not fit', () => {
    const bytes = bytesOf(HELLO);
    bytes[bytes.length - 6] = 9; // length of the last extension
    const { answer, batch } = readPayload(tls, bytes);
    expect([answer, batch.tlsSni.get(0), batch.ja4.get(0)]).toEqual([READ, 'example.com', null]);
  });

  it('cuts a long list of ALPN names', () => {
    const names = Array.from({ length: 60 }, (_, i) => `${i}`.padStart(40, 'a'));
    const alpn = alpnNames(...names.map(ascii));
    const { detail } = readPayload(
      tls,
      record(handshake(clientHello({ extensions: [[0x10, alpn]] }))),
    );
    expect(detail).toMatchObject({ cut: true, version: '1.2' });
  });

  it.each([
    ['an alert', '15 0303 0002 0128'],
    ['another version', '16 0203 0004 01 000000'],
    ['a certificate', '16 0303 0004 0b 000000'],
    ['an empty record', '16 0303 0000 01 000000'],
    ['two bytes, and no more to come', '16 03'],
    ['one byte', '16'],
  ])('does not take %s', (_, hex) => {
    expect(readPayload(tls, hex).answer).toBe(NOT_MINE);
  });
});

function record(content: string): string {
  return `160301${(content.length / 2).toString(16).padStart(4, '0')}${content}`;
}
