/**
 * Every kind of difference between our columns and tshark's over all captures, with its reason and how
 * often it occurs. A difference that no entry explains fails the test, and so does, when all captures
 * are compared, a count that changed.
 */
import type { Difference } from './compare.ts';

export interface KnownDifference {
  readonly reason: string;
  readonly covers: (difference: Difference) => boolean;
  /** Differing values over all captures, by tshark 4.0. */
  readonly count: number;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  // Link layers.
  {
    reason: 'more than sixteen MPLS labels: anomaly too_many_tags, while tshark reads on',
    covers: ({ record }) => record?.anomaly === 'too_many_tags',
    count: 20,
  },
  {
    reason:
      'an IPv4 packet whose length is below that of its header: tshark refuses it, we keep its addresses',
    covers: ({ column, theirs, record }) =>
      /^(src|dst)_ip$/.test(column) &&
      theirs === null &&
      /^(bad_ip_length|no_ip_length)$/.test(record?.anomaly ?? ''),
    count: 12,
  },
  {
    reason: 'link type IPv6 with a packet of version 4: the version nibble decides with us',
    covers: ({ file }) => file.endsWith('LINKTYPE_IPV6_invalid.pcap'),
    count: 9,
  },
  {
    reason:
      'an ARP message that is cut or not for IPv4 over 48-bit addresses is bad_arp or truncated_arp, its operation null',
    covers: ({ column, ours }) => column === 'arp_op' && ours === null,
    count: 3,
  },
  {
    reason:
      'ARP whose hardware type is not Ethernet: tshark prints no MAC, we go by the address length',
    covers: ({ column, theirs }) => /^arp_hw/.test(column) && theirs === null,
    count: 6,
  },

  // The capture file.
  {
    reason:
      'a packet without time (pcapng simple packets), or a time out of range that tshark prints otherwise',
    covers: ({ column, theirs, file }) =>
      column === 'timestamp' && (theirs === null || file.includes('timestamp_invalid')),
    count: 45,
  },
  {
    reason:
      'several sections in one pcapng file: tshark takes the interface name of another section',
    covers: ({ column, file }) => column === 'interface' && /test20[12]\.pcapng$/.test(file),
    count: 12,
  },
  {
    reason: 'a record of which more was captured than was on the wire: the longer counts with us',
    covers: ({ column, file }) => column === 'length' && file.endsWith('aoe-oobr-1.pcap'),
    count: 1,
  },

  // IP.
  {
    reason: 'an IP header cut short: tshark prints the addresses and protocol that are still there',
    covers: ({ column, file }) =>
      /^(src_ip|dst_ip|protocol)$/.test(column) &&
      /ipv6_invalid_length|ip6-trunc|cisco-fabric-path|ipv4-internally-truncated/.test(file),
    count: 4,
  },
  {
    reason:
      'source routing: tshark prints the final destination from the option, we the address in the header',
    covers: ({ column, file }) => column === 'dst_ip' && file.includes('detect-ipopts'),
    count: 2,
  },
  {
    reason:
      'a malformed IP option ends the dissection in tshark; the header length says where the transport is',
    covers: ({ file, protocols }) =>
      protocols === 'eth:ethertype:ip' && /ip_secopt|malformed-ipv4/.test(file),
    count: 12,
  },

  {
    reason:
      'what a tunnel carries is not whole in the packet, or of another version than announced: we stay outside',
    covers: ({ column, ours, record }) =>
      column === 'tunnel' &&
      ours === null &&
      (record?.anomaly === 'bad_tunnel' || record?.payload_bytes !== null),
    count: 3,
  },

  // Transport.
  {
    reason:
      'a TCP header that does not fit its packet or has an impossible length: tshark prints what it can or nothing',
    covers: ({ column, record }) =>
      /^(tcp_|seq|ack)/.test(column) &&
      /^(tiny_fragment|overlapping_fragment|truncated_tcp|bad_tcp_offset|bad_ip_checksum)$/.test(
        record?.anomaly ?? '',
      ),
    count: 96,
  },
  {
    reason:
      'an ICMP message shorter than its header: we keep type and code and name truncated_icmp',
    covers: ({ column, record }) =>
      column.startsWith('icmp_') &&
      /^(truncated_icmp|bad_ip_checksum)$/.test(record?.anomaly ?? ''),
    count: 2,
  },

  {
    reason:
      'SCTP of a header without a chunk: tshark calls it malformed and prints no ports, we those of the header',
    covers: ({ column, theirs, record }) =>
      /^(src|dst)_port$/.test(column) && theirs === null && record?.ip_protocol === 132,
    count: 32,
  },

  // DNS.
  {
    reason: 'DNS carried in HTTP/2 is not read',
    covers: ({ column, protocols }) =>
      column.startsWith('dns_') && protocols.includes(':http2:dns'),
    count: 306,
  },
  {
    reason:
      'a question that cannot be read whole is null with us; tshark prints a placeholder or a part',
    covers: ({ column, ours }) => /^dns_q(name|type)$/.test(column) && ours === null,
    count: 36,
  },
  {
    reason: 'a message of less than a DNS header (12 bytes) by the length of its IP packet',
    covers: ({ column, record }) =>
      /^dns_(query|response)$/.test(column) &&
      /^(bad_udp_length|bad_ip_checksum)$/.test(record?.anomaly ?? ''),
    count: 6,
  },
  {
    reason: 'the IP length claims more than the frame: the size of the message is what was sent',
    covers: ({ column, record }) =>
      column === 'dns_answer_size' && record?.anomaly === 'bad_ip_length',
    count: 1,
  },

  {
    reason:
      'a message over TCP that goes on in further segments is told in the row that completes it',
    covers: ({ column, ours, protocols }) =>
      /^dns_(query|response|answer_count|answer_size)$/.test(column) &&
      ours === null &&
      protocols.endsWith(':tcp:dns'),
    count: 30,
  },

  // HTTP.
  {
    reason:
      'a head over several segments: each line is told in the row of the segment in which it ends',
    covers: ({ column, ours, theirs, record }) =>
      column.startsWith('http_') &&
      ours !== null &&
      theirs === null &&
      record?.app_protocol === 'http',
    count: 91,
  },
  {
    reason:
      'a target with spaces: tshark ends it at the first, we at the version (it may hold an injection)',
    covers: ({ column, ours, theirs }) =>
      column === 'http_path' &&
      typeof ours === 'string' &&
      typeof theirs === 'string' &&
      ours.startsWith(`${theirs} `),
    count: 5,
  },
  {
    reason: 'NUL inside a header line: tshark ends the value there, we replace it by U+FFFD',
    covers: ({ column, ours, theirs }) =>
      column.startsWith('http_') &&
      typeof ours === 'string' &&
      ours.startsWith(`${String(theirs)}\ufffd`),
    count: 2,
  },
  {
    reason: 'headers that go on in a later packet: no request line there, so no Host with us',
    covers: ({ column, ours, record }) =>
      column === 'http_host' && ours === null && record?.http_method === null,
    count: 1,
  },
  {
    reason:
      'a request line without a target, or one that ends in a later segment, is told where it ends or not at all',
    covers: ({ column, ours }) => /^http_(method|path)$/.test(column) && ours === null,
    count: 8,
  },
  {
    reason: 'a status that is not three digits is null with us, and a tab may stand before it',
    covers: ({ column, theirs }) =>
      column === 'http_status_code' && typeof theirs === 'string' && theirs.length < 3,
    count: 4,
  },
];
