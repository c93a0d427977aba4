import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppEvent, PacketBatch } from '../../contract/packet-batch.ts';
import { PACKET_COLUMNS } from '../../contract/packet-record.ts';
import { PacketDecoder } from './decoder.ts';
import { appendRecord } from './from-record.ts';
import { ascii, bytesOf, decodeRecord, frameOf, ipv4Frame, tcp, udp } from './hex-frame.suite.ts';
import { toRecord } from './to-record.ts';

const REQUEST = ipv4Frame(6, tcp('18', ascii('POST /login HTTP/1.1\r\nHost: a\r\n\r\n')));

describe('toRecord', () => {
  it('has the columns of the catalogue in their order', () => {
    expect(Object.keys(decodeRecord(REQUEST))).toEqual(PACKET_COLUMNS.map(({ name }) => name));
  });

  it('says who captured', () => {
    const batch = new PacketBatch(1);
    new PacketDecoder().decode(frameOf(REQUEST), batch);
    expect(toRecord(batch, 0, 'berlin').sensor_id).toBe('berlin');
  });
});

describe('appendRecord', () => {
  it('gives the record back that toRecord made, whatever was decoded', () => {
    const seeds = [
      REQUEST,
      ipv4Frame(17, udp('1234 8180 0001 0003 0000 0000 01 61 00 0010 0001', '0035 c738')),
      ipv4Frame(1, '0800 0000 0001 0001'),
      '020000000002 020000000001 8100 0005 0806 0001 0800 06 04 0002 020000000001 c0000201 020000000002 c0000202',
      `020000000002 020000000001 86dd 60000000 0008 3a ff ${'20'.repeat(32)} 8000 0000 0001 0001`,
    ].map(bytesOf);
    const edits = fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 4 });
    const from = new PacketBatch(1);
    const to = new PacketBatch(1);
    const decoder = new PacketDecoder();
    fc.assert(
      fc.property(fc.constantFrom(...seeds), edits, (seed, changes) => {
        const bytes = seed.slice();
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        from.clear();
        to.clear();
        const record = toRecord(from, decoder.decode(frameOf(bytes), from), 's');
        const row = appendRecord(to, { ...record, timestamp: record.timestamp ?? 0 });
        expect(toRecord(to, row, 's')).toEqual(record);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a record with a timestamp alone', () => {
    const batch = new PacketBatch(1);
    const record = toRecord(batch, appendRecord(batch, { timestamp: 1.5 }), null);
    expect(record).toMatchObject({ timestamp: 1.5, length: 0, protocol: 'OTHER', src_ip: null });
  });

  it('takes flags from the five booleans where there is no text', () => {
    const batch = new PacketBatch(1);
    appendRecord(batch, { timestamp: 1, tcp_syn: true, tcp_ack: false });
    expect(batch.tcpFlags[0]).toBe(0x02);
  });

  it('leaves out what it cannot read', () => {
    const batch = new PacketBatch(2);
    appendRecord(batch, {
      timestamp: 1,
      src_ip: 'a',
      dst_ip: '1.2.3.4',
      protocol: 'IGMP',
      tcp_flags: '?',
      src_mac: 'x',
    });
    appendRecord(batch, { timestamp: 1, src_ip: '::1', dst_ip: '1.2.3.4' });
    expect([...batch.ipVersion, batch.tcpFlags[0], batch.srcMac[0]]).toEqual([0, 0, -1, -1]);
    expect([...batch.src, ...batch.dst].every((word) => word === 0)).toBe(true);
  });

  it('derives the events that features count', () => {
    const batch = new PacketBatch(2);
    appendRecord(batch, { timestamp: 1, http_method: 'POST', http_path: '/login' });
    appendRecord(batch, { timestamp: 1, http_status_code: '401' });
    expect(batch.appEvents[0]).toBe(
      AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END | AppEvent.HTTP_LOGIN,
    );
    expect([batch.appEvents[1], batch.httpStatus[1]]).toEqual([AppEvent.HTTP_RESPONSE, 401]);
  });
});
