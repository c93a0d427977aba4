/**
 * The window features, in the order of the vector that models and explanations use.
 *
 * `catalogueHash` in `core/features` is taken over these names and docs: a model trained on another
 * list is refused, never silently misread. Rates divide by the window's length.
 */

import type { WindowScope } from './window.ts';

export interface Feature {
  readonly name: string;
  readonly unit: string;
  readonly group: 'generic' | 'tcp' | 'brute' | 'arp' | 'dns' | 'slow' | 'ports';
  readonly doc: string;
}

export const WINDOW_FEATURES = [
  { name: 'total_packets', unit: '1', group: 'generic', doc: 'packets' },
  { name: 'avg_packet_rate', unit: '1/s', group: 'generic', doc: 'packets per second' },
  { name: 'total_bytes', unit: 'B', group: 'generic', doc: 'bytes on the wire' },
  { name: 'avg_byte_rate', unit: 'B/s', group: 'generic', doc: 'bytes per second' },
  { name: 'avg_packet_size', unit: 'B', group: 'generic', doc: 'mean length on the wire' },
  {
    name: 'packet_size_variance',
    unit: 'B²',
    group: 'generic',
    doc: 'population variance of the length',
  },
  { name: 'tcp_count', unit: '1', group: 'generic', doc: 'TCP packets' },
  { name: 'udp_count', unit: '1', group: 'generic', doc: 'UDP packets' },
  { name: 'icmp_count', unit: '1', group: 'generic', doc: 'ICMP and ICMPv6 packets' },
  { name: 'arp_count', unit: '1', group: 'generic', doc: 'ARP packets' },
  { name: 'unique_src_ips', unit: '1', group: 'generic', doc: 'distinct source addresses' },
  { name: 'unique_dst_ips', unit: '1', group: 'generic', doc: 'distinct destination addresses' },
  {
    name: 'unique_dst_ports',
    unit: '1',
    group: 'generic',
    doc: 'distinct TCP and UDP destination ports',
  },
  {
    name: 'unique_protocols',
    unit: '1',
    group: 'generic',
    doc: 'distinct values of the protocol column',
  },

  { name: 'tcp_syn_count', unit: '1', group: 'tcp', doc: 'SYN without ACK' },
  { name: 'tcp_ack_count', unit: '1', group: 'tcp', doc: 'TCP packets with ACK' },
  { name: 'syn_rate_pps', unit: '1/s', group: 'tcp', doc: 'SYN without ACK per second' },
  {
    name: 'syn_ack_rate_pps',
    unit: '1/s',
    group: 'tcp',
    doc: 'SYN-ACKs per second received by the entity (network: all)',
  },
  {
    name: 'syn_to_synack_ratio',
    unit: '1',
    group: 'tcp',
    doc: 'SYNs over SYN-ACKs that answer them, at most 1,000; without SYN-ACK the number of SYNs, at most 1,000',
  },
  {
    name: 'half_open_count',
    unit: '1',
    group: 'tcp',
    doc: '4-tuples with a SYN and no completing ACK or RST when the window closes',
  },
  {
    name: 'sequential_port_count',
    unit: '1',
    group: 'tcp',
    doc: 'adjacent pairs among the distinct ports of new connections',
  },
  {
    name: 'scan_rate_pps',
    unit: '1/s',
    group: 'tcp',
    doc: 'new (address, port) probes per second',
  },
  {
    name: 'distinct_targets_count',
    unit: '1',
    group: 'tcp',
    doc: 'distinct (address, port) pairs of new connections',
  },
  { name: 'syn_only_ratio', unit: '1', group: 'tcp', doc: 'SYN without ACK over TCP packets' },
  { name: 'icmp_rate_pps', unit: '1/s', group: 'tcp', doc: 'ICMP and ICMPv6 packets per second' },
  { name: 'udp_rate_pps', unit: '1/s', group: 'tcp', doc: 'UDP packets per second' },
  { name: 'udp_dest_port_count', unit: '1', group: 'tcp', doc: 'distinct UDP destination ports' },

  {
    name: 'ssh_connection_attempts',
    unit: '1',
    group: 'brute',
    doc: 'new connections to SSH ports',
  },
  {
    name: 'ftp_connection_attempts',
    unit: '1',
    group: 'brute',
    doc: 'new connections to FTP control ports',
  },
  {
    name: 'http_login_attempts',
    unit: '1',
    group: 'brute',
    doc: 'HTTP requests that carry credentials',
  },
  {
    name: 'login_request_rate',
    unit: '1/s',
    group: 'brute',
    doc: 'HTTP requests that carry credentials, per second',
  },
  {
    name: 'failed_login_count',
    unit: '1',
    group: 'brute',
    doc: 'responses 401 and 403, and FTP 530, attributed to the client',
  },
  {
    name: 'auth_attempts_per_min',
    unit: '1/min',
    group: 'brute',
    doc: 'SSH and FTP connections and HTTP log-ins, per minute',
  },

  { name: 'arp_request_count', unit: '1', group: 'arp', doc: 'ARP requests' },
  { name: 'arp_reply_count', unit: '1', group: 'arp', doc: 'ARP replies' },
  {
    name: 'gratuitous_arp_count',
    unit: '1',
    group: 'arp',
    doc: 'ARP with sender and target protocol address equal',
  },
  {
    name: 'arp_binding_flap_count',
    unit: '1',
    group: 'arp',
    doc: 'times an address was claimed by another MAC than before',
  },
  {
    name: 'arp_reply_without_request_count',
    unit: '1',
    group: 'arp',
    doc: 'replies that no request of the receiver asked for',
  },
  {
    name: 'unique_macs_per_ip_max',
    unit: '1',
    group: 'arp',
    doc: 'most MACs that claimed one address',
  },
  { name: 'avg_macs_per_ip', unit: '1', group: 'arp', doc: 'mean MACs per claimed address' },
  {
    name: 'duplicate_mac_ips',
    unit: '1',
    group: 'arp',
    doc: 'MACs that claimed more than one address',
  },
  {
    name: 'mac_ip_ratio',
    unit: '1',
    group: 'arp',
    doc: 'distinct MACs over distinct claimed addresses',
  },
  {
    name: 'suspicious_mac_changes',
    unit: '1',
    group: 'arp',
    doc: 'binding changes by unsolicited replies',
  },

  { name: 'dns_query_count', unit: '1', group: 'dns', doc: 'DNS queries' },
  { name: 'query_rate_qps', unit: '1/s', group: 'dns', doc: 'DNS queries per second' },
  { name: 'unique_qnames_count', unit: '1', group: 'dns', doc: 'distinct names asked for' },
  {
    name: 'avg_subdomain_entropy',
    unit: 'bit',
    group: 'dns',
    doc: 'mean Shannon entropy of the part left of the registered domain',
  },
  {
    name: 'pct_high_entropy_queries',
    unit: '1',
    group: 'dns',
    doc: 'share of queries whose subdomain entropy is above 3.5 bits',
  },
  { name: 'txt_record_count', unit: '1', group: 'dns', doc: 'queries of type TXT' },
  {
    name: 'avg_answer_size',
    unit: 'B',
    group: 'dns',
    doc: 'mean size of responses to the entity (network: all)',
  },
  { name: 'distinct_record_types', unit: '1', group: 'dns', doc: 'distinct query types' },
  {
    name: 'avg_query_interval_ms',
    unit: 'ms',
    group: 'dns',
    doc: 'mean time between consecutive queries',
  },
  {
    name: 'avg_subdomain_length',
    unit: '1',
    group: 'dns',
    doc: 'mean characters left of the registered domain',
  },
  {
    name: 'max_subdomain_length',
    unit: '1',
    group: 'dns',
    doc: 'most characters left of the registered domain',
  },
  { name: 'avg_label_count', unit: '1', group: 'dns', doc: 'mean labels of the names asked for' },
  {
    name: 'dns_to_udp_ratio',
    unit: '1',
    group: 'dns',
    doc: 'DNS packets over UDP packets, at most 1',
  },
  { name: 'udp_port_53_count', unit: '1', group: 'dns', doc: 'UDP packets from or to port 53' },

  {
    name: 'open_conn_count',
    unit: '1',
    group: 'slow',
    doc: 'most TCP connections open at once, per 5-tuple',
  },
  {
    name: 'avg_conn_duration',
    unit: 's',
    group: 'slow',
    doc: 'mean age of the TCP connections seen, at their last packet in the window',
  },
  {
    name: 'bytes_per_conn',
    unit: 'B',
    group: 'slow',
    doc: 'TCP bytes of the window over TCP connections seen',
  },
  {
    name: 'partial_http_count',
    unit: '1',
    group: 'slow',
    doc: 'HTTP requests begun and not completed',
  },
  {
    name: 'request_completion_ratio',
    unit: '1',
    group: 'slow',
    doc: 'completed over begun HTTP requests; 1 where none began',
  },

  {
    name: 'tcp_ports_hit',
    unit: '1',
    group: 'ports',
    doc: 'distinct TCP destination ports of new connections',
  },
  {
    name: 'udp_ports_hit',
    unit: '1',
    group: 'ports',
    doc: 'distinct UDP destination ports of new flows',
  },
  {
    name: 'remote_conn_port_hits',
    unit: '1',
    group: 'ports',
    doc: 'new connections to 22, 23, 513, 3389, 5900, 6000-6063',
  },
] as const satisfies readonly Feature[];

export type FeatureName = (typeof WINDOW_FEATURES)[number]['name'];

/** The rows of a window that a feature says something of: ARP has senders, but no addressee of its own. */
export function scopesOf({ name, group }: Feature): readonly WindowScope[] {
  const isOfArp = group === 'arp' || name === 'arp_count';
  return isOfArp ? ['network', 'source'] : ['network', 'source', 'target'];
}

/** Counted by a sketch where there are more values than can be kept; all others are exact. */
export const SKETCHED_FEATURES: ReadonlySet<FeatureName> = new Set([
  'unique_src_ips',
  'unique_dst_ips',
  'scan_rate_pps',
  'distinct_targets_count',
  'unique_qnames_count',
]);

export const FEATURE_COUNT = WINDOW_FEATURES.length;

const indexOf = new Map<string, number>(WINDOW_FEATURES.map(({ name }, index) => [name, index]));

/** Position of a feature in the vector. */
export function featureIndex(name: FeatureName): number {
  const index = indexOf.get(name);
  if (index === undefined) throw new RangeError(`There is no feature ${name}`);
  return index;
}
