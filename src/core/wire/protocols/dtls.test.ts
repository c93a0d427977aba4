import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { NOT_MINE, READ } from '../app-protocol.ts';
import { ascii, bytesOf } from '../hex-frame.suite.ts';
import { appReaderSuite, type PayloadOptions, readPayload } from './app-reader.suite.ts';
import { dtls } from './dtls.ts';

const UDP: PayloadOptions = { transport: 'udp' };
const SERVER_NAME = `0000 0010 000e 00 000b ${ascii('example.com')}`;
/** Behind the handshake header; a cookie of two bytes. */
const BODY = `fefd ${'11'.repeat(32)} 00 02 aabb 0002 c02b 01 00 0014 ${SERVER_NAME}`;
const CLIENT_HELLO = `16 feff 0000 000000000000 004e 01 000042 0000 000000 000042 ${BODY}`;
const SERVER_HELLO = `16 fefd 0000 000000000001 0032 02 000026 0001 000000 000026 fefd ${'22'.repeat(32)} 00 c02b 00`;

appReaderSuite(dtls, [CLIENT_HELLO, SERVER_HELLO], UDP);

describe('DTLS', () => {
  it('tells a client', () => {
    const { answer, batch, detail } = readPayload(dtls, CLIENT_HELLO, UDP);
    expect([answer, batch.appEvents[0]]).toEqual([READ, AppEvent.TLS_CLIENT_HELLO]);
    expect(batch.tlsSni.get(0)).toBe('example.com');
    expect(batch.ja4.get(0)).toBe('dd2d010100_648b5c445417_000000000000');
    expect(detail).toEqual({ version: '1.2' });
  });

  it('knows the version that OpenSSL spoke before the standard', () => {
    const { batch } = readPayload(dtls, CLIENT_HELLO.replaceAll(/fef[fd]/g, '0100'), UDP);
    expect(batch.ja4.get(0)).toBe('d00d010100_648b5c445417_000000000000');
  });

  it('tells a server', () => {
    const { batch, detail } = readPayload(dtls, SERVER_HELLO, UDP);
    expect(batch.appEvents[0]).toBe(AppEvent.TLS_SERVER_HELLO);
    expect(detail).toEqual({ version: '1.2', cipher: '0xc02b' });
  });

  it('tells the first fragment of a hello without a fingerprint, and nothing of the others', () => {
    const first = CLIENT_HELLO.replace('000000 000042 fefd', '000000 000041 fefd').replace(
      '004e',
      '004d',
    );
    const fragment = bytesOf(first).subarray(0, -1);
    const { batch } = readPayload(dtls, fragment, UDP);
    expect([batch.appEvents[0], batch.ja4.get(0)]).toEqual([AppEvent.TLS_CLIENT_HELLO, null]);
    const other = readPayload(dtls, CLIENT_HELLO.replace('000000 000042', '000001 000042'), UDP);
    expect([other.answer, other.batch.appEvents[0], other.detail]).toEqual([READ, 0, null]);
  });

  it('takes an encrypted handshake without reading it', () => {
    const { answer, batch } = readPayload(dtls, CLIENT_HELLO.replace('0000 00', '0001 00'), UDP);
    expect([answer, batch.appEvents[0]]).toEqual([READ, 0]);
  });

  it.each([
    ['a longer record than the datagram', CLIENT_HELLO.replace('004e', '004f')],
    ['TLS', CLIENT_HELLO.replace('feff', '0303')],
    ['less than a header', '16 feff 0000 0000'],
  ])('does not take %s', (_, hex) => {
    expect(readPayload(dtls, hex, UDP).answer).toBe(NOT_MINE);
  });
});
