/** Every feature of the contract on packets whose result can be counted by hand. */
import { expect, it } from 'vitest';
import { type FeatureName, scopesOf, WINDOW_FEATURES } from '../../contract/features.ts';
import { AppEvent } from '../../contract/packet-batch.ts';
import type { WindowScope } from '../../contract/window.ts';
import type { HandArp, HandPacket } from '../flows/packet-rows.suite.ts';
import { featureOf, rowOf, runPackets } from './window-rows.suite.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const WEB = '192.0.2.80';
const DNS = '192.0.2.53';
const MAC_1 = 0x02_00_00_00_00_01;
const MAC_2 = 0x02_00_00_00_00_02;

type Expected = Partial<Record<FeatureName, number>>;
interface Fixture {
  readonly name: string;
  readonly packets: (HandPacket | HandArp)[];
  readonly rows: readonly (readonly [WindowScope, string, Expected])[];
}

function handshake(
  t: number,
  client: string,
  sport: number,
  dport: number,
  server = WEB,
): HandPacket[] {
  const up = { src: client, dst: server, sport, dport };
  const down = { src: server, dst: client, sport: dport, dport: sport };
  return [
    { t, ...up, flags: 'S', seq: 100 },
    { t: t + 0.01, ...down, flags: 'SA', seq: 500, ack: 101 },
    { t: t + 0.02, ...up, flags: 'A', seq: 101, ack: 501 },
  ];
}

const syn = (t: number, src: string, dport: number, dst = WEB): HandPacket => ({
  t,
  src,
  dst,
  sport: 40_000 + dport,
  dport,
  flags: 'S',
  seq: 1,
});

const data = (t: number, sport: number, extra: Partial<HandPacket>): HandPacket => ({
  t,
  src: A,
  dst: WEB,
  sport,
  dport: 80,
  flags: 'PA',
  seq: 101,
  ack: 501,
  len: 10,
  ...extra,
});

const reply = (t: number, sport: number, extra: Partial<HandPacket>): HandPacket => ({
  t,
  src: WEB,
  dst: A,
  sport: 80,
  dport: sport,
  flags: 'PA',
  seq: 501,
  ack: 111,
  len: 20,
  ...extra,
});

const query = (t: number, qname: string, qtype: number, sport: number): HandPacket => ({
  t,
  src: A,
  dst: DNS,
  protocol: 'UDP',
  sport,
  dport: 53,
  len: 40,
  qname,
  qtype,
});

const answer = (t: number, answerSize: number, sport: number): HandPacket => ({
  ...query(t, 'x.example.com', 1, 53),
  src: DNS,
  dst: A,
  dport: sport,
  answerSize,
});

/** What the queries of the DNS fixture come to, whoever looks at them. */
const QUERIES: Expected = {
  dns_query_count: 3,
  query_rate_qps: 0.6,
  unique_qnames_count: 2,
  // 'abcdefghijklmnop.evil' has 21 characters: e, i, l twice, 15 once; 'www' has no entropy.
  avg_subdomain_entropy: ((15 / 21) * Math.log2(21) + (6 / 21) * Math.log2(10.5)) / 3,
  pct_high_entropy_queries: 1 / 3,
  txt_record_count: 1,
  distinct_record_types: 3,
  avg_query_interval_ms: 1500,
  avg_subdomain_length: 9,
  max_subdomain_length: 21,
  avg_label_count: 10 / 3,
};

const FIXTURES: readonly Fixture[] = [
  {
    name: 'packets of every protocol',
    packets: [
      { t: 1000, src: A, dst: WEB, sport: 1, dport: 80, flags: 'A', wire: 100 },
      { t: 1001, src: A, dst: WEB, protocol: 'UDP', sport: 1, dport: 53, wire: 200 },
      { t: 1002, src: A, dst: B, protocol: 'UDP', sport: 1, dport: 123, wire: 300 },
      { t: 1003, src: B, dst: A, protocol: 'ICMP', icmpType: 8, wire: 400 },
      { t: 1004, op: 1, hwsrc: MAC_1, psrc: A, pdst: B },
    ],
    rows: [
      [
        'network',
        '*',
        {
          total_packets: 5,
          avg_packet_rate: 1,
          total_bytes: 1042,
          avg_byte_rate: 208.4,
          avg_packet_size: 208.4,
          // (100² + 200² + 300² + 400² + 42²) / 5 - 208.4²
          packet_size_variance: 16_922.24,
          tcp_count: 1,
          udp_count: 2,
          icmp_count: 1,
          arp_count: 1,
          unique_src_ips: 2,
          unique_dst_ips: 3,
          unique_dst_ports: 3,
          unique_protocols: 4,
          icmp_rate_pps: 0.2,
          udp_rate_pps: 0.4,
          udp_dest_port_count: 2,
          udp_port_53_count: 1,
          tcp_ack_count: 1,
          udp_ports_hit: 2,
        },
      ],
      [
        'source',
        A,
        {
          total_packets: 3,
          avg_packet_rate: 0.6,
          total_bytes: 600,
          avg_byte_rate: 120,
          avg_packet_size: 200,
          // (100² + 200² + 300²) / 3 - 200²
          packet_size_variance: 140_000 / 3 - 40_000,
          tcp_count: 1,
          udp_count: 2,
          icmp_count: 0,
          unique_src_ips: 1,
          unique_dst_ips: 2,
          unique_dst_ports: 3,
          unique_protocols: 2,
          udp_rate_pps: 0.4,
          udp_dest_port_count: 2,
        },
      ],
      ['source', B, { total_packets: 1, icmp_count: 1, icmp_rate_pps: 0.2 }],
      [
        'target',
        A,
        {
          total_packets: 1,
          unique_src_ips: 1,
          unique_dst_ips: 1,
          icmp_count: 1,
          icmp_rate_pps: 0.2,
        },
      ],
      [
        'target',
        WEB,
        {
          total_packets: 2,
          avg_packet_rate: 0.4,
          total_bytes: 300,
          avg_byte_rate: 60,
          avg_packet_size: 150,
          // (100² + 200²) / 2 - 150²
          packet_size_variance: 2500,
          tcp_count: 1,
          udp_count: 1,
          unique_dst_ports: 2,
          unique_protocols: 2,
          tcp_ack_count: 1,
          udp_rate_pps: 0.2,
          udp_dest_port_count: 1,
          udp_ports_hit: 1,
          udp_port_53_count: 1,
        },
      ],
      ['source', '02:00:00:00:00:01', { arp_count: 1, unique_src_ips: 0, unique_protocols: 1 }],
    ],
  },
  {
    name: 'a scan of four ports, one of them open',
    packets: [
      syn(1000, A, 21),
      syn(1000.1, A, 22),
      syn(1000.2, A, 23),
      syn(1000.25, A, 23),
      ...handshake(1000.3, A, 41_000, 80),
      { t: 1000.5, src: WEB, dst: A, sport: 21, dport: 40_021, flags: 'RA', ack: 2 },
    ],
    rows: [
      [
        'source',
        A,
        {
          tcp_syn_count: 5,
          tcp_ack_count: 1,
          syn_rate_pps: 1,
          syn_ack_rate_pps: 0.2,
          syn_to_synack_ratio: 5,
          half_open_count: 2,
          sequential_port_count: 2,
          scan_rate_pps: 0.8,
          distinct_targets_count: 4,
          syn_only_ratio: 5 / 6,
          ssh_connection_attempts: 1,
          ftp_connection_attempts: 1,
          auth_attempts_per_min: 24,
          tcp_ports_hit: 4,
          remote_conn_port_hits: 2,
        },
      ],
      [
        'target',
        WEB,
        {
          tcp_syn_count: 5,
          tcp_ack_count: 1,
          syn_rate_pps: 1,
          syn_ack_rate_pps: 0,
          syn_to_synack_ratio: 5,
          half_open_count: 2,
          sequential_port_count: 2,
          scan_rate_pps: 0.8,
          distinct_targets_count: 4,
          syn_only_ratio: 5 / 6,
          ssh_connection_attempts: 1,
          ftp_connection_attempts: 1,
          auth_attempts_per_min: 24,
          tcp_ports_hit: 4,
          remote_conn_port_hits: 2,
        },
      ],
      ['target', A, { syn_ack_rate_pps: 0.2, half_open_count: 0, tcp_ports_hit: 0 }],
      ['source', WEB, { tcp_ack_count: 2, syn_to_synack_ratio: 0, distinct_targets_count: 0 }],
      [
        'network',
        '*',
        {
          tcp_syn_count: 5,
          // The client's, the SYN-ACK and the RST.
          tcp_ack_count: 3,
          syn_rate_pps: 1,
          syn_ack_rate_pps: 0.2,
          syn_to_synack_ratio: 5,
          half_open_count: 2,
          sequential_port_count: 2,
          scan_rate_pps: 0.8,
          distinct_targets_count: 4,
          syn_only_ratio: 5 / 8,
          ssh_connection_attempts: 1,
          ftp_connection_attempts: 1,
          auth_attempts_per_min: 24,
          tcp_ports_hit: 4,
          remote_conn_port_hits: 2,
        },
      ],
    ],
  },
  {
    name: 'a flood without answers',
    packets: Array.from({ length: 1200 }, (_, i) => syn(1000 + i / 1000, A, 1 + i)),
    rows: [['source', A, { syn_to_synack_ratio: 1000, half_open_count: 1200, syn_only_ratio: 1 }]],
  },
  {
    name: 'log-ins over HTTP and FTP, two of them refused',
    packets: [
      ...handshake(1000, A, 1001, 80),
      data(1000.1, 1001, {
        events: AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END | AppEvent.HTTP_LOGIN,
      }),
      reply(1000.2, 1001, { events: AppEvent.HTTP_RESPONSE, httpStatus: 401 }),
      reply(1000.3, 1001, { events: AppEvent.HTTP_RESPONSE, httpStatus: 200, seq: 521 }),
      ...handshake(1001, A, 1002, 21),
      { ...reply(1001.2, 1002, { events: AppEvent.FTP_REPLY, appCode: 530 }), sport: 21 },
    ],
    rows: [
      [
        'source',
        A,
        {
          http_login_attempts: 1,
          login_request_rate: 0.2,
          failed_login_count: 2,
          auth_attempts_per_min: 24,
        },
      ],
      ['target', WEB, { http_login_attempts: 1, login_request_rate: 0.2, failed_login_count: 2 }],
      ['source', WEB, { http_login_attempts: 0, failed_login_count: 0 }],
      [
        'network',
        '*',
        {
          http_login_attempts: 1,
          login_request_rate: 0.2,
          failed_login_count: 2,
          auth_attempts_per_min: 24,
        },
      ],
    ],
  },
  {
    name: 'ARP: an answered request, a spoofed reply, an announcement',
    packets: [
      { t: 1000, op: 1, hwsrc: MAC_1, psrc: A, pdst: B },
      { t: 1000.1, op: 2, hwsrc: MAC_2, psrc: B, pdst: A, hwdst: MAC_1 },
      { t: 1001, op: 2, hwsrc: MAC_2, psrc: A, pdst: B, hwdst: MAC_2 },
      { t: 1002, op: 1, hwsrc: MAC_1, psrc: A, pdst: A },
    ],
    rows: [
      [
        'network',
        '*',
        {
          arp_request_count: 2,
          arp_reply_count: 2,
          gratuitous_arp_count: 1,
          arp_binding_flap_count: 2,
          arp_reply_without_request_count: 1,
          unique_macs_per_ip_max: 2,
          avg_macs_per_ip: 1.5,
          duplicate_mac_ips: 1,
          mac_ip_ratio: 1,
          suspicious_mac_changes: 1,
        },
      ],
      [
        'source',
        '02:00:00:00:00:01',
        {
          arp_request_count: 2,
          gratuitous_arp_count: 1,
          arp_binding_flap_count: 1,
          arp_reply_without_request_count: 0,
          unique_macs_per_ip_max: 1,
          avg_macs_per_ip: 1,
          duplicate_mac_ips: 0,
        },
      ],
      [
        'source',
        '02:00:00:00:00:02',
        {
          arp_reply_count: 2,
          arp_reply_without_request_count: 1,
          unique_macs_per_ip_max: 1,
          avg_macs_per_ip: 1,
          arp_binding_flap_count: 1,
          duplicate_mac_ips: 1,
          mac_ip_ratio: 0.5,
          suspicious_mac_changes: 1,
        },
      ],
    ],
  },
  {
    name: 'DNS: three queries, two answers',
    packets: [
      query(1000, 'abcdefghijklmnop.evil.example.com', 16, 2001),
      query(1001, 'www.example.com', 1, 2002),
      query(1003, 'www.example.com', 28, 2003),
      answer(1003.1, 100, 2001),
      answer(1003.2, 300, 2002),
    ],
    rows: [
      [
        'source',
        A,
        {
          ...QUERIES,
          avg_answer_size: 200,
          dns_to_udp_ratio: 1,
          udp_port_53_count: 3,
          udp_ports_hit: 1,
        },
      ],
      ['target', A, { dns_query_count: 0, avg_answer_size: 200, dns_to_udp_ratio: 1 }],
      [
        'target',
        DNS,
        { ...QUERIES, avg_answer_size: 0, dns_to_udp_ratio: 1, udp_port_53_count: 3 },
      ],
      [
        'network',
        '*',
        { ...QUERIES, avg_answer_size: 200, dns_to_udp_ratio: 1, udp_port_53_count: 5 },
      ],
    ],
  },
  {
    name: 'three connections: one closed before the third opens, one with an unfinished request',
    packets: [
      ...handshake(1000, A, 1001, 80),
      ...handshake(1001, A, 1002, 80),
      data(1001.5, 1001, { events: AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END }),
      data(1001.6, 1002, { events: AppEvent.HTTP_REQUEST }),
      { ...data(1002, 1001, { flags: 'R', seq: 111, len: 0 }) },
      ...handshake(1003, A, 1003, 80),
    ],
    rows: [
      [
        'source',
        A,
        {
          open_conn_count: 2,
          // (2 + 0.6 + 0.02) / 3
          avg_conn_duration: 2.62 / 3,
          // 9 handshake segments and the RST of 54 bytes, two of 64
          bytes_per_conn: (10 * 54 + 2 * 64) / 3,
          partial_http_count: 1,
          request_completion_ratio: 0.5,
        },
      ],
      [
        'target',
        WEB,
        {
          open_conn_count: 2,
          avg_conn_duration: 2.62 / 3,
          bytes_per_conn: (10 * 54 + 2 * 64) / 3,
          partial_http_count: 1,
          request_completion_ratio: 0.5,
        },
      ],
      [
        'network',
        '*',
        {
          open_conn_count: 2,
          avg_conn_duration: 2.62 / 3,
          bytes_per_conn: (10 * 54 + 2 * 64) / 3,
          partial_http_count: 1,
          request_completion_ratio: 0.5,
        },
      ],
      ['source', WEB, { open_conn_count: 0, bytes_per_conn: 0, request_completion_ratio: 1 }],
    ],
  },
];

it.each(FIXTURES)('$name', ({ packets, rows: expected }) => {
  const { rows } = runPackets(packets);
  for (const [scope, entity, features] of expected) {
    const row = rowOf(rows, scope, entity);
    for (const [name, value] of Object.entries(features))
      expect(featureOf(row, name as FeatureName), `${scope} ${entity} ${name}`).toBeCloseTo(
        value,
        4,
      );
  }
});

/** `scope feature` of every pair that the catalogue has. */
const PAIRS = WINDOW_FEATURES.flatMap((feature) =>
  scopesOf(feature).map((scope) => `${scope} ${feature.name}`),
);

it('has a fixture with a value other than 0 for every feature and every scope that the catalogue gives it', () => {
  const seen = new Set(
    FIXTURES.flatMap(({ rows }) =>
      rows.flatMap(([scope, , features]) =>
        Object.entries(features).flatMap(([name, value]) =>
          value === 0 ? [] : [`${scope} ${name}`],
        ),
      ),
    ),
  );
  expect(PAIRS.filter((pair) => !seen.has(pair))).toEqual([]);
});

it('computes nothing in the scopes that the catalogue does not give a feature', () => {
  const known = new Set(PAIRS);
  for (const { packets } of FIXTURES)
    for (const row of runPackets(packets).rows)
      for (const { name } of WINDOW_FEATURES)
        if (!known.has(`${row.scope} ${name}`))
          expect(featureOf(row, name), `${row.scope} ${name}`).toBe(0);
});
