import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppEvent, PacketBatch, Protocol } from '../../../contract/packet-batch.ts';
import { hexOf } from '../../crypto/sha256.ts';
import { NOT_MINE, READ } from '../app-protocol.ts';
import { AppRow } from '../app-row.ts';
import { ascii, bytesOf } from '../hex-frame.suite.ts';
import { cryptoFrame, RFC_HELLO, RFC_ID, RFC_JA4, sealInitial } from '../quic/initial.suite.ts';
import { OPENINGS_PER_SECOND } from '../quic/opening-budget.ts';
import { Span } from '../span.ts';
import { clientHello, handshake } from '../tls/hello.suite.ts';
import { appReaderSuite, type PayloadOptions, readPayload } from './app-reader.suite.ts';
import { QuicReader, quic } from './quic.ts';

const UDP: PayloadOptions = { transport: 'udp' };
const INITIAL = sealInitial({ frames: [cryptoFrame(RFC_HELLO)] });
const INITIAL_V2 = sealInitial({ version: 0x6b33_43cf, frames: [cryptoFrame(RFC_HELLO)] });
const NO_FRAMES: Uint8Array[] = [];
const HALF = 120;
const FIRST = sealInitial({ number: 0, frames: [cryptoFrame(RFC_HELLO, 0, HALF)] });
const SECOND = sealInitial({ number: 1, frames: [cryptoFrame(RFC_HELLO, HALF)] });
const HANDSHAKE = `e0 00000001 08 ${hexOf(RFC_ID)} 00 04 aabbccdd`;
const NEGOTIATION = `c0 00000000 00 08 ${hexOf(RFC_ID)} 1a2a3a4a 00000001`;
const Q046 = `c3 ${ascii('Q046')} 50 ${hexOf(RFC_ID)} 00000001 ${'00'.repeat(20)}`;
const Q043 = `0d ${hexOf(RFC_ID)} ${ascii('Q043')} 01 ${'00'.repeat(20)}`;

appReaderSuite(quic, [INITIAL, INITIAL_V2, HANDSHAKE, NEGOTIATION, Q046, Q043], UDP);

describe('QUIC', () => {
  it('is tested with the packets of RFC 9001 and RFC 9369, Appendix A.2', () => {
    const [v1, v2] = [hexOf(INITIAL), hexOf(INITIAL_V2)];
    expect(v1).toMatch(/^c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11/);
    expect(v1).toMatch(/e221af44860018ab0856972e194cd934$/);
    expect(v2).toMatch(/^d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485/);
    expect(v2).toMatch(/a18b2faa745b6fe189cf772a9f84cbfc$/);
  });

  it.each([
    ['1', INITIAL],
    ['2', INITIAL_V2],
  ])("tells the hello in a client's Initial packet of version %s", (_, packet) => {
    const { answer, batch, detail } = readPayload(quic, packet, UDP);
    expect([answer, batch.appEvents[0]]).toEqual([READ, AppEvent.TLS_CLIENT_HELLO]);
    expect([batch.tlsSni.get(0), batch.ja4.get(0)]).toEqual(['example.com', RFC_JA4]);
    expect(detail).toEqual({ alpn: ['alpn'], version: '1.3' });
  });

  it('joins a hello in many frames out of order, with a token before', () => {
    const cuts = [0, 10, 60, 130, RFC_HELLO.length];
    const frames = cuts.slice(1).map((end, i) => cryptoFrame(RFC_HELLO, cuts[i]!, end));
    const packet = sealInitial({ token: new Uint8Array(70), frames: frames.reverse() });
    expect(readPayload(quic, packet, UDP).batch.ja4.get(0)).toBe(RFC_JA4);
  });

  it.each([
    ['in order', [FIRST, SECOND]],
    ['out of order', [SECOND, FIRST]],
  ])('joins a hello over two packets %s', (_, packets) => {
    const client = new Conversation();
    expect(client.send(packets[0]!)).toBeNull();
    expect(client.send(packets[1]!)).toBe(RFC_JA4);
  });

  it('joins two packets of one datagram', () => {
    const small = (packet: number, start: number, end: number) =>
      sealInitial({ number: packet, frames: [cryptoFrame(RFC_HELLO, start, end)], bytes: 600 });
    const both = [...small(0, 0, HALF), ...small(1, HALF, RFC_HELLO.length)];
    expect(new Conversation().send(Uint8Array.from(both))).toBe(RFC_JA4);
  });

  it('goes on with the same keys when the client uses an ID of the server', () => {
    const id = bytesOf('0102030405060708090a');
    const client = new Conversation();
    client.send(FIRST);
    const frames = [cryptoFrame(RFC_HELLO, HALF)];
    expect(client.send(sealInitial({ id, keyId: RFC_ID, frames }))).toBe(RFC_JA4);
  });

  it('keeps connections apart', () => {
    const client = new Conversation();
    client.send(FIRST, { srcPort: 1000 });
    expect(client.send(SECOND, { srcPort: 1001 })).toBeNull();
    expect(client.send(SECOND, { srcPort: 1000 })).toBe(RFC_JA4);
  });

  it('begins anew with another ID on the same ports', () => {
    const client = new Conversation();
    expect(client.send(INITIAL)).toBe(RFC_JA4);
    expect(client.send(INITIAL)).toBeNull(); // told already
    const id = bytesOf('0102030405060708090a');
    expect(client.send(sealInitial({ id, frames: [cryptoFrame(RFC_HELLO)] }))).toBe(RFC_JA4);
  });

  it('takes what comes back for the answer', () => {
    const client = new Conversation();
    client.send(FIRST, { src: 1, dst: 2, srcPort: 9000, dstPort: 443 });
    expect(client.send(INITIAL, { src: 2, dst: 1, srcPort: 443, dstPort: 9000 })).toBeNull();
  });

  it('evicts the connection that was touched longest ago, and counts', () => {
    const client = new Conversation();
    for (let srcPort = 1; srcPort <= 2000; srcPort++) client.send(FIRST, { srcPort });
    expect(client.reader.evictedConnections).toBeGreaterThanOrEqual(2000 - 128);
    expect(client.send(SECOND, { srcPort: 1 })).toBeNull();
    expect(client.reader.evictedConnections).toBeLessThan(2000);
  });

  it('opens so many packets a second and no more', () => {
    const client = new Conversation();
    const useless = sealInitial({ keyId: bytesOf('00'), frames: NO_FRAMES });
    for (let i = 0; i < OPENINGS_PER_SECOND; i++) client.send(useless);
    expect(client.send(INITIAL, { tsMicros: 999_999 })).toBeNull();
    expect(client.reader.refusedOpenings).toBe(1);
    expect(client.send(INITIAL, { tsMicros: 1_000_000 })).toBe(RFC_JA4);
  }, 20_000);

  it('has no fingerprint of a hello that is no client hello, or longer than can be kept', () => {
    const server = RFC_HELLO.slice();
    server[0] = 2;
    expect(new Conversation().send(sealInitial({ frames: [cryptoFrame(server)] }))).toBeNull();
    const long = bytesOf(handshake(clientHello({ extensions: [[0x15, '00'.repeat(9000)]] })));
    const frames = [cryptoFrame(long, 0, 1000)];
    expect(new Conversation().send(sealInitial({ frames }))).toBeNull();
  });

  it.each([
    ['a changed byte', changed(INITIAL, 700)],
    [
      'a datagram that is too small',
      sealInitial({ frames: [cryptoFrame(RFC_HELLO)], bytes: 1199 }),
    ],
    [
      'an ID that is too short',
      sealInitial({ id: bytesOf('01020304050607'), frames: [cryptoFrame(RFC_HELLO)] }),
    ],
    ['a Handshake packet', HANDSHAKE],
    ['a negotiation of versions', NEGOTIATION],
    ['an unknown Facebook version', changed(INITIAL, 1, 0xfa, 0xce, 0xb0, 0x02)],
    ['a reserved version', changed(INITIAL, 1, 0x1a, 0x2a, 0x3a, 0x4a)],
    ['Q046', Q046],
    ['Q043', Q043],
  ])('recognises %s and tells no hello', (_, packet) => {
    const { answer, batch } = readPayload(quic, packet, UDP);
    expect([answer, batch.ja4.get(0), batch.tlsSni.get(0), batch.appEvents[0]]).toEqual([
      ...[READ, null, null, 0],
    ]);
  });

  it('recognises what the capture cut, and opens nothing of it', () => {
    for (let cutBytes = 1; cutBytes <= 1200 - 20; cutBytes++) {
      const { answer, batch } = readPayload(quic, INITIAL, { ...UDP, cutBytes });
      expect([answer, batch.ja4.get(0)]).toEqual([READ, null]);
    }
  });

  it.each([
    ['an unknown version', changed(INITIAL, 1, 0x00, 0x00, 0x00, 0x03)],
    ['an ID that is too long', changed(INITIAL, 5, 21)],
    ['a packet that is longer than its datagram', INITIAL.slice(0, -1)],
    ['a token that is longer than its datagram', changed(INITIAL, 15, 0x7f)],
    ['a negotiation of unknown versions', NEGOTIATION.replace('1a2a3a4a 00000001', '12345678')],
    ['a negotiation of no version', NEGOTIATION.replace('1a2a3a4a 00000001', '')],
    ['no fixed bit', changed(INITIAL, 0, 0x80)],
    ['a public header of no version', Q043.replace(ascii('Q043'), ascii('Qabc'))],
  ])('does not take %s', (_, packet) => {
    expect(readPayload(quic, packet, UDP).answer).toBe(NOT_MINE);
  });

  it('never throws, whatever the frames that were sealed', () => {
    const client = new Conversation();
    const id = fc.uint8Array({ minLength: 8, maxLength: 20 });
    fc.assert(
      fc.property(id, fc.uint8Array({ maxLength: 300 }), fc.boolean(), (id, content, isHello) => {
        const hello = Uint8Array.from([1, 0, 0, 90, ...content]);
        client.send(sealInitial({ id, frames: [isHello ? cryptoFrame(hello) : content] }));
      }),
      { numRuns: 300 },
    );
  });
});

interface Sent {
  src?: number;
  dst?: number;
  srcPort?: number;
  dstPort?: number;
  tsMicros?: number;
}

/** Datagrams to one reader, which remembers. */
class Conversation {
  readonly reader = new QuicReader();
  readonly #row = new AppRow();

  /** Answers the fingerprint in the datagram's row. */
  send(datagram: Uint8Array, sent: Sent = {}): string | null {
    const { src = 1, dst = 2, srcPort = 50_000, dstPort = 443, tsMicros = 0 } = sent;
    const batch = new PacketBatch(1);
    const row = this.#row;
    row.batch = batch;
    row.row = batch.addRow(tsMicros, datagram.length);
    batch.protocol[0] = Protocol.UDP;
    batch.src[3] = src;
    batch.dst[3] = dst;
    batch.srcPort[0] = srcPort;
    batch.dstPort[0] = dstPort;
    const span = new Span();
    span.bytes = datagram;
    span.view = new DataView(datagram.buffer);
    span.end = datagram.length;
    span.wireEnd = datagram.length;
    expect(this.reader.read(span, row)).toBe(READ);
    return batch.ja4.get(0);
  }
}

function changed(packet: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  const copy = packet.slice();
  copy.set(values.length > 0 ? values : [copy[at]! ^ 1], at);
  return copy;
}
