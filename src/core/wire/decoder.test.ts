import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppEvent, PacketBatch } from '../../contract/packet-batch.ts';
import { ANOMALY_NAMES, type AnomalyName } from './anomalies.ts';
import { PacketDecoder } from './decoder.ts';
import type { WireFrame } from './frame.ts';
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

const V6_ADDRESSES = '20010db8000000000000000000000001 20010db8000000000000000000000002';
const DNS_QUERY = `1234 0100 0001 0000 0000 0000 01 61 02 6263 00 0001 0001`;
const ARP =
  '020000000002 020000000001 0806 0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202';

describe('a TCP packet', () => {
  it('fills the columns of its layers and leaves the others null', () => {
    const record = decodeRecord(ipv4Frame(6, tcp('12')));
    expect(record).toMatchObject({
      timestamp: 1_700_000_000.123456,
      interface: 'eth0',
      src_ip: '192.0.2.1',
      dst_ip: '198.51.100.2',
      protocol: 'TCP',
      length: 54,
      src_port: 51000,
      dst_port: 443,
      tcp_flags: 'SYN,ACK',
      tcp_syn: true,
      tcp_fin: false,
      seq: 1,
      ack: 2,
      src_mac: '02:00:00:00:00:01',
      ip_version: 4,
      ttl: 64,
      payload_bytes: 0,
      payload_entropy: null,
      icmp_type: null,
      arp_op: null,
      dns_query: null,
      http_method: null,
      anomaly: null,
    });
  });

  it('has the payload of its IP length, not of the padding behind it', () => {
    const record = decodeRecord(`${ipv4Frame(6, tcp('18', 'aabb'))} 000000000000`);
    expect([record.payload_bytes, record.payload_entropy]).toEqual([2, 1]);
  });

  it('has the payload that was sent where the capture cut it', () => {
    const record = decodeRecord(ipv4Frame(6, tcp('18', 'aabb'), { totalLength: 1040 }), {
      wireLength: 1054,
    });
    expect([record.payload_bytes, record.payload_entropy, record.anomaly]).toEqual([1000, 1, null]);
  });

  it('is left to the network card to cut where the IP length is 0', () => {
    const hex = ipv4Frame(6, tcp('18', 'aabb'), { totalLength: 0 });
    const record = decodeRecord(hex, { checksumPending: true });
    expect([record.payload_bytes, record.anomaly]).toEqual([2, null]);
  });
});

describe('other packets', () => {
  it('decodes ARP', () => {
    expect(decodeRecord(ARP)).toMatchObject({
      protocol: 'ARP',
      src_ip: null,
      arp_op: 1,
      arp_psrc: '192.0.2.1',
      arp_pdst: '192.0.2.2',
      arp_hwsrc: '02:00:00:00:00:01',
      arp_hwdst: '00:00:00:00:00:00',
    });
  });

  it('decodes ICMPv6 behind a hop-by-hop header', () => {
    const frame = `${ETHERNET_IPV6} 60000000 0010 00 ff ${V6_ADDRESSES} 3a 00 050200000100 8f00 0000 00000000`;
    expect(decodeRecord(frame)).toMatchObject({
      protocol: 'ICMPv6',
      src_ip: '2001:db8::1',
      ip_version: 6,
      icmp_type: 143,
      icmp_code: 0,
      ttl: 255,
      anomaly: null,
    });
  });

  it('does not read what an ICMP error quotes', () => {
    const quoted = `45000028 00004000 4006 0000 c0000201 c6336402 ${tcp('02')}`;
    const record = decodeRecord(ipv4Frame(1, `03 01 0000 00000000 ${quoted}`));
    expect(record).toMatchObject({ protocol: 'ICMP', icmp_type: 3, src_port: null, tcp_syn: null });
    expect(JSON.parse(record.app_detail ?? '')).toEqual({
      quoted: {
        ...{ src: '192.0.2.1', dst: '198.51.100.2', protocol: 6 },
        ...{ src_port: 51_000, dst_port: 443 },
      },
    });
  });

  it('goes through an authentication header', () => {
    const record = decodeRecord(ipv4Frame(51, `06 04 0000 ${'00'.repeat(20)} ${tcp('02')}`));
    expect(record).toMatchObject({ protocol: 'TCP', dst_port: 443, payload_bytes: 0 });
  });

  it('names the protocol of a later fragment, and gives it no ports', () => {
    const batch = decodeRow(ipv4Frame(17, 'c7380035aabbccdd', { fragment: '20b9' }));
    expect([batch.protocol[0], batch.srcPort[0], batch.payloadBytes[0]]).toEqual([2, -1, 8]);
    expect(batch.appEvents[0]).toBe(AppEvent.IP_FRAGMENT | AppEvent.LATER_FRAGMENT);
  });

  it('decodes the first fragment, whose UDP length reaches beyond it', () => {
    const batch = decodeRow(
      ipv4Frame(17, udp(`${DNS_QUERY} 0000`, 'c738 0035', 3000), { fragment: '2000' }),
    );
    expect([batch.dnsQname.get(0), batch.anomaly.get(0)]).toEqual(['a.bc', null]);
    expect(batch.appEvents[0]).toBe(AppEvent.IP_FRAGMENT);
  });

  it('leaves what it does not know as OTHER', () => {
    expect(decodeRecord('020000000002 020000000001 88cc 0000')).toMatchObject({
      protocol: 'OTHER',
      src_ip: null,
      payload_bytes: null,
      anomaly: null,
    });
    expect(decodeRecord(ipv4Frame(47, '00000800'))).toMatchObject({
      protocol: 'OTHER',
      payload_bytes: 4,
    });
  });
});

describe('what payloads say', () => {
  it('reads a DNS query and its response over UDP and TCP', () => {
    expect(decodeRecord(ipv4Frame(17, udp(DNS_QUERY)))).toMatchObject({
      dns_query: true,
      dns_response: false,
      dns_qname: 'a.bc',
      dns_qtype: 1,
      dns_answer_count: null,
      dns_answer_size: null,
    });
    const response = DNS_QUERY.replace('0100 0001 0000', '8180 0001 0002');
    const size = bytesOf(response).length;
    const overUdp = decodeRecord(ipv4Frame(17, udp(response, '0035 c738')));
    const overTcp = decodeRecord(ipv4Frame(6, tcp('18', `0016 ${response}`, '0035 c738')));
    for (const record of [overUdp, overTcp])
      expect(record).toMatchObject({
        dns_response: true,
        dns_answer_count: 2,
        dns_answer_size: size,
      });
  });

  it('reads HTTP on any port, and whether it logs in', () => {
    const text = 'POST /wp-login.php HTTP/1.1\r\nHost: shop\r\nUser-Agent: x\r\n\r\n';
    const batch = decodeRow(ipv4Frame(6, tcp('18', ascii(text), 'c738 270f')));
    expect([batch.httpMethod.get(0), batch.httpPath.get(0), batch.httpHost.get(0)]).toEqual([
      'POST',
      '/wp-login.php',
      'shop',
    ]);
    expect(batch.appEvents[0]).toBe(
      AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END | AppEvent.HTTP_LOGIN,
    );
  });

  it('cuts a path at 2,048 characters', () => {
    const text = `GET /${'a'.repeat(3000)} HTTP/1.1\r\n\r\n`;
    expect(decodeRecord(ipv4Frame(6, tcp('18', ascii(text)))).http_path).toHaveLength(2048);
  });

  it.each([
    ['a status', 'HTTP/1.1 401 Unauthorized\r\n', '0050 c738', AppEvent.HTTP_RESPONSE],
    [
      'credentials in a header',
      'GET / HTTP/1.1\r\nAuthorization: Basic x\r\n',
      'c738 0050',
      AppEvent.HTTP_REQUEST | AppEvent.HTTP_LOGIN,
    ],
    ['one header of a slow request', 'X-a: 1\r\n', 'c738 0050', 0],
    [
      'the end of headers in a later segment',
      'X-a: 1\r\n\r\n',
      'c738 0050',
      AppEvent.HTTP_HEADERS_END,
    ],
    ['an SSH banner', 'SSH-2.0-x\r\n', 'c738 0016', AppEvent.SSH_BANNER],
    ['an FTP command', 'PASS secret\r\n', 'c738 0015', AppEvent.FTP_COMMAND],
    ['an SMTP command', 'EHLO me\r\n', 'c738 0019', AppEvent.SMTP_COMMAND],
    ['an author, not a log-in', 'POST /authors HTTP/1.1\r\n', 'c738 0050', AppEvent.HTTP_REQUEST],
    [
      'a log-in to authorize',
      'POST /oauth/authorize HTTP/1.1\r\n',
      'c738 0050',
      AppEvent.HTTP_REQUEST | AppEvent.HTTP_LOGIN,
    ],
  ])('notes %s', (_, text, ports, events) => {
    expect(decodeRow(ipv4Frame(6, tcp('18', ascii(text), ports))).appEvents[0]).toBe(events);
  });

  it('reads the codes of FTP and SMTP replies', () => {
    const ftp = decodeRow(ipv4Frame(6, tcp('18', ascii('530 No\r\n'), '0015 c738')));
    expect([ftp.appCode[0], ftp.appEvents[0]]).toEqual([530, AppEvent.FTP_REPLY]);
    expect(decodeRow(ipv4Frame(6, tcp('18', ascii('535 No\r\n'), '0019 c738'))).appCode[0]).toBe(
      535,
    );
  });

  it('reads SSDP as HTTP, without counting a request', () => {
    const text = 'M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n';
    const batch = decodeRow(ipv4Frame(17, udp(ascii(text), 'c738 076c')));
    expect([batch.httpMethod.get(0), batch.httpPath.get(0), batch.appEvents[0]]).toEqual([
      'M-SEARCH',
      '*',
      0,
    ]);
  });
});

const MALFORMED: [AnomalyName, string, Partial<WireFrame>][] = [
  ['bad_capture_time', ipv4Frame(6, tcp('02')), { isTimeClipped: true }],
  ['truncated_ethernet', '020000000002 02', {}],
  ['truncated_link', '0200', { linkType: 0 }],
  ['too_many_tags', `020000000002 020000000001 ${'8100 0001 '.repeat(9)} 0800`, {}],
  ['truncated_arp', '020000000002 020000000001 0806 0001 0800 06 04', {}],
  ['bad_arp', ARP.replace('06 04', '08 10'), {}],
  ['truncated_ip', `${ETHERNET_IPV4} 45 00 0028`, {}],
  ['truncated_ip', ETHERNET_IPV4, {}],
  ['bad_ip_version', `${ETHERNET_IPV4} 75 00 0028 ${'00'.repeat(16)}`, {}],
  ['bad_ip_header_length', ipv4Frame(6, tcp('02'), { versionAndLength: '44' }), {}],
  ['bad_ip_length', ipv4Frame(6, '', { versionAndLength: '4f' }), {}],
  ['bad_ip_length', ipv4Frame(6, tcp('02'), { totalLength: 12 }), {}],
  ['bad_ip_length', ipv4Frame(6, tcp('02'), { totalLength: 9000 }), {}],
  ['no_ip_length', ipv4Frame(6, tcp('18', 'aabb'), { totalLength: 0 }), {}],
  ['no_ip_length', `${ETHERNET_IPV6} 60000000 0000 06 40 ${V6_ADDRESSES} ${tcp('02')}`, {}],
  ['truncated_ip_extension', `${ETHERNET_IPV6} 60000000 0004 00 40 ${V6_ADDRESSES} 3a000000`, {}],
  [
    'too_many_ip_extensions',
    `${ETHERNET_IPV6} 60000000 0090 3c 40 ${V6_ADDRESSES} ${'3c00000000000000'.repeat(18)}`,
    {},
  ],
  ['oversized_fragment', ipv4Frame(1, 'aabbccddeeff0011', { fragment: '1fff' }), {}],
  ['bad_fragment', ipv4Frame(17, udp('aabbcc'), { fragment: '2000' }), {}],
  ['bad_fragment', ipv4Frame(17, '', { fragment: '2000' }), {}],
  ['bad_fragment', ipv4Frame(17, '', { fragment: '0001' }), {}],
  ['tiny_fragment', ipv4Frame(6, 'c73801bb00000001', { fragment: '2000' }), {}],
  ['truncated_tcp', ipv4Frame(6, 'c73801bb00000001'), {}],
  ['bad_tcp_offset', ipv4Frame(6, tcp('02').replace(' 50 ', ' 40 ')), {}],
  ['bad_tcp_offset', ipv4Frame(6, tcp('02').replace(' 50 ', ' f0 ')), {}],
  ['impossible_tcp_flags', ipv4Frame(6, tcp('03')), {}],
  ['impossible_tcp_flags', ipv4Frame(6, tcp('06')), {}],
  ['impossible_tcp_flags', ipv4Frame(6, tcp('00')), {}],
  ['impossible_tcp_flags', ipv4Frame(6, tcp('29')), {}],
  ['bad_ip_checksum', ipv4Frame(6, tcp('02')).replace(' 06 0000 ', ' 06 1234 '), {}],
  ['bad_tunnel', ipv4Frame(4, '4500'), {}],
  ['bad_tunnel', ipv4Frame(47, '0000 0800 4500'), {}],
  ['too_many_tunnels', nested(10), {}],
  ['bad_tcp_checksum', ipv4Frame(6, tcp('02').replace('faf0 0000', 'faf0 1234')), {}],
  ['bad_udp_checksum', ipv4Frame(17, 'c738 1234 000a 1234 aabb'), {}],
  ['bad_icmp_checksum', ipv4Frame(1, '08 00 1234 0000 0000'), {}],
  ['truncated_udp', ipv4Frame(17, 'c7380035'), {}],
  ['bad_udp_length', ipv4Frame(17, udp('aabb', 'c738 1234', 4)), {}],
  ['bad_udp_length', ipv4Frame(17, udp('aabb', 'c738 1234', 500)), {}],
  ['truncated_icmp', ipv4Frame(1, '0800'), {}],
  ['land', ipv4Frame(6, tcp('02', '', '0050 0050'), { dst: 'c0000201' }), {}],
  ['dns_malformed', ipv4Frame(17, udp('1234 0100 0001 0000 0000 0000 c00c 0001 0001')), {}],
  ['dns_malformed', ipv4Frame(17, udp('1234')), {}],
  [
    'dns_bad_record',
    ipv4Frame(
      17,
      udp(
        `${DNS_QUERY.replace('0100 0001 0000', '8180 0001 0001')} c00c 0001 0001 0000003c 00ff 01`,
      ),
    ),
    {},
  ],
];

/** Malformations that show in a frame only after another: `network.test.ts`. */
const IN_SEQUENCE: AnomalyName[] = ['overlapping_fragment'];

/** IPv4 in IPv4, `count` tunnels around an empty packet. */
function nested(count: number): string {
  const header = (bytes: number, protocol: string) =>
    `4500 ${bytes.toString(16).padStart(4, '0')} 0000 0000 40 ${protocol} 0000 c0000201 c6336402`;
  const headers = Array.from({ length: count }, (_, i) => header(20 * (count - i + 1), '04'));
  return `${ETHERNET_IPV4} ${headers.join(' ')} ${header(20, 'fd')}`;
}

describe('malformations', () => {
  it('has a scenario for every name', () => {
    const names = [...MALFORMED.map(([name]) => name), ...IN_SEQUENCE];
    expect(new Set(names)).toEqual(new Set(ANOMALY_NAMES));
  });

  it.each(MALFORMED)('names %s', (name, hex, changes) => {
    expect(decodeRecord(hex, changes).anomaly).toBe(name);
  });

  it.each([
    ['a RST without ACK', ipv4Frame(6, tcp('04'))],
    ['a SYN with ECN', ipv4Frame(6, tcp('c2'))],
    ['the same port on two hosts', ipv4Frame(17, udp('aa', '007b 007b'))],
    ['an IPv6 header that nothing follows', `${ETHERNET_IPV6} 60000000 0000 3b 40 ${V6_ADDRESSES}`],
    ['spanning tree', '0180c2000000 020000000001 0026 424203 0000'],
  ])('finds nothing in %s', (_, hex) => {
    expect(decodeRecord(hex).anomaly).toBeNull();
  });

  it('believes the lack of a length where the network card was still to fill it in', () => {
    const hex = ipv4Frame(6, tcp('18', ascii('GET /a HTTP/1.1\r\n\r\n'), 'c738 0050'), {
      totalLength: 0,
    });
    expect(decodeRecord(hex, { checksumPending: true }).anomaly).toBeNull();
    // A file does not tell where it was captured: read all the same, with checksums that nobody can judge.
    const wrong = hex.replace(' 06 0000 ', ' 06 dead ').replace('faf0 0000', 'faf0 dead');
    expect(decodeRecord(wrong)).toMatchObject({ anomaly: 'no_ip_length', http_path: '/a' });
  });

  it('does not blame the sender for what the capture cut', () => {
    const whole = bytesOf(ipv4Frame(6, tcp('18', ascii('GET / HTTP/1.1\r\n\r\n'))));
    for (let length = 0; length < whole.length; length++) {
      const record = decodeRecord(whole.subarray(0, length), { wireLength: whole.length });
      expect([length, record.anomaly]).toEqual([length, null]);
    }
  });

  it('keeps the ports where no more of the header was captured', () => {
    const whole = bytesOf(ipv4Frame(6, tcp('18')));
    const record = decodeRecord(whole.subarray(0, 38), { wireLength: whole.length });
    expect(record).toMatchObject({
      src_port: 51000,
      dst_port: 443,
      tcp_flags: null,
      payload_bytes: 0,
    });
  });
});

describe('whatever the bytes', () => {
  const linkTypes = [0, 1, 9, 101, 104, 105, 113, 127, 192, 276, 9999];
  const seeds = [
    ipv4Frame(6, tcp('18', ascii('POST /login HTTP/1.1\r\nHost: a\r\n\r\n'))),
    ipv4Frame(17, udp(DNS_QUERY)),
    ipv4Frame(6, tcp('18', `0016 ${DNS_QUERY}`, 'c738 0035')),
    `${ETHERNET_IPV6} 60000000 0010 00 ff ${V6_ADDRESSES} 3a 00 050200000100 8f00 0000 00000000`,
    ARP,
  ].map(bytesOf);

  it('never throws on noise', () => {
    const decoder = new PacketDecoder();
    const batch = new PacketBatch(1);
    fc.assert(
      fc.property(
        fc.constantFrom(...linkTypes),
        fc.uint8Array({ maxLength: 200 }),
        (linkType, bytes) => {
          batch.clear();
          expect(decoder.decode(frameOf(bytes, { linkType }), batch)).toBe(0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('never throws on packets with bytes changed and ends cut off, and keeps its columns in range', () => {
    const decoder = new PacketDecoder();
    const batch = new PacketBatch(1);
    const changes = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        changes,
        fc.nat(120),
        fc.nat(2000),
        (seed, edits, length, cut) => {
          const bytes = seed.slice(0, length);
          for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
          batch.clear();
          decoder.decode(frameOf(bytes, { wireLength: bytes.length + cut }), batch);
          expect(batch.payloadBytes[0]).toBeLessThanOrEqual(bytes.length + cut);
          const entropy = batch.payloadEntropy[0]!;
          expect(Number.isNaN(entropy) || (entropy >= -1e-6 && entropy <= 8)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
