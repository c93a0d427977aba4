import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { type DecoderOptions, PacketDecoder } from './decoder.ts';
import {
  ascii,
  bytesOf,
  decodeRecord,
  decodeRow,
  ETHERNET_IPV4,
  ETHERNET_IPV6,
  frameOf,
  ipv4Frame,
  tcp,
  udp,
} from './hex-frame.suite.ts';
import { toRecord } from './to-record.ts';

const V6 = '20010db8000000000000000000000001 20010db8000000000000000000000002';
/** 10.0.0.1 > 10.0.0.2, a SYN. */
const INNER_IPV4 = `4500 0028 0001 0000 40 06 0000 0a000001 0a000002 ${tcp('02')}`;
const INNER_IPV6 = `60000000 0014 06 40 ${V6} ${tcp('02')}`;
const INNER_ETHERNET = `0a0000000002 0a0000000001 0800 ${INNER_IPV4}`;
const INNER_ARP =
  '0a0000000002 0a0000000001 0806 0001 0800 06 04 0001 0a0000000001 0a000001 000000000000 0a000002';

function records(frames: readonly string[], options: DecoderOptions = {}) {
  const decoder = new PacketDecoder(options);
  const batch = new PacketBatch(frames.length);
  return frames.map((hex) => toRecord(batch, decoder.decode(frameOf(hex), batch), null));
}

describe('tunnels', () => {
  it.each([
    ['ipip', ipv4Frame(4, INNER_IPV4), '10.0.0.1'],
    ['6in4', ipv4Frame(41, INNER_IPV6), '2001:db8::1'],
    ['gre', ipv4Frame(47, `0000 0800 ${INNER_IPV4}`), '10.0.0.1'],
    ['gre', ipv4Frame(47, `b000 0800 00000000 00000001 00000002 ${INNER_IPV4}`), '10.0.0.1'],
    ['gre', ipv4Frame(47, `2000 6558 00000001 ${INNER_ETHERNET}`), '10.0.0.1'],
    [
      'gre',
      ipv4Frame(47, `3081 880b 002a 0001 00000001 00000002 ff03 0021 ${INNER_IPV4}`),
      '10.0.0.1',
    ],
    ['gre', ipv4Frame(47, `1000 88be 00000001 0000000000000000 ${INNER_ETHERNET}`), '10.0.0.1'],
    ['gre', ipv4Frame(47, `0000 8847 000101ff ${INNER_IPV4}`), '10.0.0.1'],
    ['vxlan', ipv4Frame(17, udp(`08000000 00000100 ${INNER_ETHERNET}`, 'c738 12b5')), '10.0.0.1'],
    [
      'geneve',
      ipv4Frame(17, udp(`01 00 6558 00000100 00000000 ${INNER_ETHERNET}`, 'c738 17c1')),
      '10.0.0.1',
    ],
    ['gtp', ipv4Frame(17, udp(`30 ff 0028 00000001 ${INNER_IPV4}`, 'c738 0868')), '10.0.0.1'],
    [
      'gtp',
      ipv4Frame(17, udp(`34 ff 0030 00000001 0000 00 85 01 0000 00 ${INNER_IPV4}`, 'c738 0868')),
      '10.0.0.1',
    ],
    ['teredo', ipv4Frame(17, udp(INNER_IPV6, 'c738 0dd8')), '2001:db8::1'],
    [
      'teredo',
      ipv4Frame(
        17,
        udp(`0001 0000 0000000000000000 00 0000 0dd8 0a000001 ${INNER_IPV6}`, 'c738 0dd8'),
      ),
      '2001:db8::1',
    ],
  ])('reads what %s carries, and keeps the outer addresses', (tunnel, hex, src) => {
    expect(decodeRecord(hex)).toMatchObject({
      ...{ tunnel, src_ip: src, protocol: 'TCP', ip_protocol: 6, dst_port: 443, tcp_syn: true },
      ...{ outer_src_ip: '192.0.2.1', outer_dst_ip: '198.51.100.2', anomaly: null },
      src_mac: '02:00:00:00:00:01',
    });
  });

  it('names tunnels in tunnels from outside in', () => {
    const gre = `4500 0040 0001 0000 40 2f 0000 0a000003 0a000004 0000 0800 ${INNER_IPV4}`;
    expect(decodeRecord(ipv4Frame(4, gre))).toMatchObject({
      tunnel: 'ipip/gre',
      outer_src_ip: '192.0.2.1',
      src_ip: '10.0.0.1',
    });
    const v6 = `${ETHERNET_IPV6} 60000000 003c 29 40 ${V6} ${INNER_IPV6}`;
    expect(decodeRecord(v6)).toMatchObject({ tunnel: '6in6', outer_dst_ip: '2001:db8::2' });
  });

  it('reads ARP in a tunnel', () => {
    const hex = ipv4Frame(17, udp(`08000000 00000100 ${INNER_ARP}`, 'c738 12b5'));
    expect(decodeRecord(hex)).toMatchObject({
      ...{ tunnel: 'vxlan', protocol: 'ARP', arp_op: 1, arp_psrc: '10.0.0.1' },
      ...{ src_ip: null, src_port: null, payload_bytes: null, outer_src_ip: '192.0.2.1' },
    });
  });

  it.each([
    ['noise on a tunnel port', udp('0800 0000 0000 0100 aabbccddeeff', 'c738 12b5')],
    [
      'an inner packet longer than what is there',
      udp(`30 ff 0028 00000001 ${INNER_IPV4.replace('0028', '0128')}`, 'c738 0868'),
    ],
    ['GTP that is no user packet', udp('32 01 0004 00000000 00000000', 'c738 0868')],
  ])('stays outside for %s', (_, payload) => {
    expect(decodeRecord(ipv4Frame(17, payload))).toMatchObject({
      ...{ tunnel: null, outer_src_ip: null, src_ip: '192.0.2.1', protocol: 'UDP' },
      ...{ src_port: 51000, anomaly: null },
    });
  });

  it('does not blame the sender for a tunnel that the capture cut', () => {
    const whole = bytesOf(ipv4Frame(47, `0000 0800 ${INNER_IPV4}`));
    for (let length = 34; length < whole.length; length++) {
      const record = decodeRecord(whole.subarray(0, length), { wireLength: whole.length });
      expect([length, record.anomaly]).toEqual([length, null]);
    }
  });
});

describe('fragments', () => {
  /** A DNS-like datagram of 24 bytes above UDP, in three fragments of 8, 16 and 8 bytes. */
  const datagram = bytesOf(udp(`${ascii('M-SEARCH * HTTP/1.1')} 0d0a 0d0a 20`, 'c738 076c'));
  const piece = (from: number, to?: number) =>
    Buffer.from(datagram.subarray(from, to)).toString('hex');
  const first = ipv4Frame(17, piece(0, 8), { fragment: '2000' });
  const second = ipv4Frame(17, piece(8, 24), { fragment: '2001' });
  const last = ipv4Frame(17, piece(24), { fragment: '0003' });

  it('attributes later fragments to the conversation of the first, whose ports they do not show', () => {
    const [begin, later] = records([first, second]);
    expect(begin?.community_id).toMatch(/^1:/);
    expect(later).toMatchObject({ src_port: null, payload_bytes: 16 });
    expect(later?.community_id).toBe(begin?.community_id);
  });

  it('knows no conversation where the first fragment has not come', () => {
    const [early] = records([second, first]);
    expect(early).toMatchObject({ community_id: null, protocol: 'UDP' });
  });

  it.each([
    ['in order', [first, second, last]],
    ['in any order', [last, first, second]],
    ['with one twice', [first, second, second, last]],
  ])('tells in the completing row what the whole carries: %s', (_, frames) => {
    const rows = records(frames);
    expect(rows.at(-1)).toMatchObject({ http_method: 'M-SEARCH', dst_port: null, anomaly: null });
    expect(rows.slice(0, -1).map(({ http_method }) => http_method)).toEqual(
      frames.slice(1).map(() => null),
    );
  });

  it('puts nothing together where it is told not to', () => {
    const rows = records([first, second, last], { maxWhole: 0 });
    expect(rows.map(({ http_method }) => http_method)).toEqual([null, null, null]);
    expect(new Set(rows.map(({ community_id }) => community_id)).size).toBe(1);
  });

  it('reads a TCP header that is split over fragments, once', () => {
    const segment = bytesOf(tcp('18', ascii('GET / HTTP/1.1\r\n\r\n'), 'c738 0050'));
    const part = (from: number, to?: number) =>
      Buffer.from(segment.subarray(from, to)).toString('hex');
    const rows = records([
      ipv4Frame(6, part(0, 8), { fragment: '2000' }),
      ipv4Frame(6, part(8), { fragment: '0001' }),
    ]);
    expect(rows.map(({ anomaly, seq, http_path }) => [anomaly, seq, http_path])).toEqual([
      ['tiny_fragment', null, null],
      [null, 1, '/'],
    ]);
  });

  it('does not show a TCP header twice', () => {
    const segment = bytesOf(tcp('18', ascii('GET /whole HTTP/1.1\r\n\r\n'), 'c738 0050'));
    const part = (from: number, to?: number) =>
      Buffer.from(segment.subarray(from, to)).toString('hex');
    const rows = records([
      ipv4Frame(6, part(0, 24), { fragment: '2000' }),
      ipv4Frame(6, part(24), { fragment: '0003' }),
    ]);
    expect(rows[1]).toMatchObject({ tcp_flags: null, src_port: null, http_path: '/whole' });
  });

  it('enters a tunnel whose packet came in fragments', () => {
    const packet = bytesOf(INNER_IPV4);
    const part = (from: number, to?: number) =>
      Buffer.from(packet.subarray(from, to)).toString('hex');
    const rows = records([
      ipv4Frame(4, part(0, 24), { fragment: '2000' }),
      ipv4Frame(4, part(24), { fragment: '0003' }),
    ]);
    expect(rows[1]).toMatchObject({ tunnel: 'ipip', src_ip: '10.0.0.1', tcp_syn: true });
  });

  it('joins IPv6 fragments behind their extension headers', () => {
    const options = '11 00 010400000000';
    const whole = bytesOf(`${options} ${piece(0)}`);
    const part = (from: number, to?: number) =>
      Buffer.from(whole.subarray(from, to)).toString('hex');
    const frame = (field: string, payload: string) => {
      const bytes = (8 + payload.length / 2).toString(16).padStart(4, '0');
      return `${ETHERNET_IPV6} 60000000 ${bytes} 2c 40 ${V6} 3c 00 ${field} 00000007 ${payload}`;
    };
    const rows = records([frame('0001', part(0, 24)), frame('0018', part(24))]);
    expect(rows[1]).toMatchObject({ protocol: 'UDP', dst_port: null, http_method: 'M-SEARCH' });
  });

  it.each([
    [
      'a fragment inside another (teardrop)',
      [
        ipv4Frame(17, piece(0, 32), { fragment: '2000' }),
        ipv4Frame(17, 'ff'.repeat(8), { fragment: '0001' }),
      ],
    ],
    ['other bytes in the same place', [second, second.replace('2d', '2e')]],
  ])('names %s', (_, frames) => {
    expect(records(frames).map(({ anomaly }) => anomaly)).toEqual([null, 'overlapping_fragment']);
  });

  it('forgets a packet after its time', () => {
    const decoder = new PacketDecoder();
    const batch = new PacketBatch(2);
    decoder.decode(frameOf(first, { tsMicros: 1e15 }), batch);
    decoder.decode(frameOf(second, { tsMicros: 1e15 + 31e6 }), batch);
    expect(batch.srcPort[1]).toBe(-1);
  });

  it('stays within its places under a flood, and counts what it forgot', () => {
    const decoder = new PacketDecoder();
    const batch = new PacketBatch(1);
    for (let id = 0; id < 5000; id++) {
      batch.clear();
      const hex = first.replace(' 0001 2000', ` ${id.toString(16).padStart(4, '0')} 2000`);
      decoder.decode(frameOf(hex), batch);
    }
    expect(decoder.evictions.fragments).toBeGreaterThan(4000);
    expect(decoder.evictions.wholes).toBeGreaterThan(400);
  });
});

describe('checksums', () => {
  /** Made by Scapy: a SYN from 10.0.2.15 to 10.0.2.2. */
  const right = `${ETHERNET_IPV4} 4500 0028 0001 0000 40 06 62bf 0a00020f 0a000202 0400 0050 00000000 00000000 5002 2000 7382 0000`;
  const anomalyOf = (hex: string) => decodeRow(hex).anomaly.get(0);

  it('finds nothing wrong with right ones', () => {
    expect(decodeRow(right).tcpFlags[0]).toBe(2);
    const wrong = right.replace('7382', '7383');
    expect(anomalyOf(wrong)).toBe('bad_tcp_checksum');
  });

  it('knows a checksum that was left to the network card by the sum of the pseudo header', () => {
    // 10.0.2.15 + 10.0.2.2 + 6 + 20, not complemented.
    expect(anomalyOf(right.replace('7382', '182b'))).toBeNull();
    expect(
      decodeRow(right.replace('7382', '7383'), { checksumPending: true }).anomaly.get(0),
    ).toBeNull();
  });

  it('does not judge what the capture cut', () => {
    const bytes = bytesOf(ipv4Frame(17, 'c738 1234 000a 1234 aabb'));
    const record = decodeRecord(bytes.subarray(0, -1), { wireLength: bytes.length });
    expect(record.anomaly).toBeNull();
  });
});
