/** A row's counters as the vector of `WINDOW_FEATURES`. */
import { FEATURE_COUNT, type FeatureName, WINDOW_FEATURES } from '../../contract/features.ts';
import type { ArpSummary } from './arp-summary.ts';
import type { ConnectionSummary } from './connection-summary.ts';
import { COUNTS, Count, Fact, SUMS, Sum } from './window-counts.ts';
import type { WindowState } from './window-state.ts';

const RATIO_CAP = 1000;
const MICROS = 1e6;

/** Positions by name. */
const F = Object.fromEntries(WINDOW_FEATURES.map(({ name }, index) => [name, index])) as Record<
  FeatureName,
  number
>;

/**
 * The row's vector, in `v`. `role` says whose row it is: a source has one source address by
 * definition, a target one target.
 */
export function windowVector(
  state: WindowState,
  row: number,
  role: 'network' | 'source' | 'target',
  seconds: number,
  connections: ConnectionSummary,
  arp: ArpSummary,
  v: Float64Array = new Float64Array(FEATURE_COUNT),
): Float64Array {
  const { counts, sums } = state.rows;
  const c = COUNTS * row;
  const s = SUMS * row;
  const distinct = (kind: number) => state.distinct.count(state.rows, row, kind);

  const packets = counts[c + Count.PACKETS]!;
  const bytes = sums[s + Sum.BYTES]!;
  const mean = ratio(bytes, packets);
  const one = counts[c + Count.IP]! > 0 ? 1 : 0;
  v[F.total_packets] = packets;
  v[F.avg_packet_rate] = packets / seconds;
  v[F.total_bytes] = bytes;
  v[F.avg_byte_rate] = bytes / seconds;
  v[F.avg_packet_size] = mean;
  v[F.packet_size_variance] = variance(packets, bytes, sums[s + Sum.BYTE_SQUARES]!);
  v[F.tcp_count] = counts[c + Count.TCP]!;
  v[F.udp_count] = counts[c + Count.UDP]!;
  v[F.icmp_count] = counts[c + Count.ICMP]!;
  v[F.arp_count] = counts[c + Count.ARP]!;
  v[F.unique_src_ips] = role === 'source' ? one : distinct(Fact.SRC_IP);
  v[F.unique_dst_ips] = role === 'target' ? one : distinct(Fact.DST_IP);
  v[F.unique_dst_ports] = distinct(Fact.DST_PORT);
  v[F.unique_protocols] = bitCount(counts[c + Count.PROTOCOLS]!);

  const syns = counts[c + Count.SYN]!;
  const answers = counts[c + Count.SYN_ACK_ANSWERING]!;
  v[F.tcp_syn_count] = syns;
  v[F.tcp_ack_count] = counts[c + Count.ACK]!;
  v[F.syn_rate_pps] = syns / seconds;
  v[F.syn_ack_rate_pps] = counts[c + Count.SYN_ACK_RECEIVED]! / seconds;
  v[F.syn_to_synack_ratio] = Math.min(answers === 0 ? syns : syns / answers, RATIO_CAP);
  v[F.half_open_count] = connections.halfOpen[row]!;
  v[F.sequential_port_count] = counts[c + Count.ADJACENT_PORTS]!;
  v[F.scan_rate_pps] = distinct(Fact.TARGET) / seconds;
  v[F.distinct_targets_count] = distinct(Fact.TARGET);
  v[F.syn_only_ratio] = ratio(syns, counts[c + Count.TCP]!);
  v[F.icmp_rate_pps] = counts[c + Count.ICMP]! / seconds;
  v[F.udp_rate_pps] = counts[c + Count.UDP]! / seconds;
  v[F.udp_dest_port_count] = distinct(Fact.UDP_PORT);

  const ssh = counts[c + Count.SSH]!;
  const ftp = counts[c + Count.FTP]!;
  const http = counts[c + Count.HTTP_LOGIN]!;
  v[F.ssh_connection_attempts] = ssh;
  v[F.ftp_connection_attempts] = ftp;
  v[F.http_login_attempts] = http;
  v[F.login_request_rate] = http / seconds;
  v[F.failed_login_count] = counts[c + Count.FAILED_LOGIN]!;
  v[F.auth_attempts_per_min] = ((ssh + ftp + http) * 60) / seconds;

  const claims = arp.of(row);
  const claimed = distinct(Fact.ARP_IP);
  v[F.arp_request_count] = counts[c + Count.ARP_REQUEST]!;
  v[F.arp_reply_count] = counts[c + Count.ARP_REPLY]!;
  v[F.gratuitous_arp_count] = counts[c + Count.GRATUITOUS]!;
  v[F.arp_binding_flap_count] = counts[c + Count.BINDING_CHANGE]!;
  v[F.arp_reply_without_request_count] = counts[c + Count.UNSOLICITED]!;
  v[F.unique_macs_per_ip_max] = claims.mostMacs;
  v[F.avg_macs_per_ip] = ratio(distinct(Fact.ARP_PAIR), claimed);
  v[F.duplicate_mac_ips] = claims.sharedMacs;
  v[F.mac_ip_ratio] = ratio(distinct(Fact.ARP_MAC), claimed);
  v[F.suspicious_mac_changes] = counts[c + Count.SUSPICIOUS]!;

  const queries = counts[c + Count.DNS_QUERY]!;
  const messages = counts[c + Count.DNS_MESSAGE]!;
  const span = queries > 1 ? sums[s + Sum.LAST_QUERY]! - sums[s + Sum.FIRST_QUERY]! : 0;
  v[F.dns_query_count] = queries;
  v[F.query_rate_qps] = queries / seconds;
  v[F.unique_qnames_count] = distinct(Fact.QNAME);
  v[F.avg_subdomain_entropy] = ratio(sums[s + Sum.ENTROPY]!, queries) / MICROS;
  v[F.pct_high_entropy_queries] = ratio(counts[c + Count.DNS_HIGH_ENTROPY]!, queries);
  v[F.txt_record_count] = counts[c + Count.DNS_TXT]!;
  v[F.avg_answer_size] = ratio(sums[s + Sum.ANSWER_BYTES]!, counts[c + Count.DNS_RESPONSE]!);
  v[F.distinct_record_types] = distinct(Fact.QTYPE);
  v[F.avg_query_interval_ms] = ratio(span, queries - 1) / 1000;
  v[F.avg_subdomain_length] = ratio(sums[s + Sum.SUBDOMAIN_LENGTH]!, queries);
  v[F.max_subdomain_length] = counts[c + Count.LONGEST_SUBDOMAIN]!;
  v[F.avg_label_count] = ratio(sums[s + Sum.LABELS]!, queries);
  v[F.dns_to_udp_ratio] =
    messages === 0 ? 0 : Math.min(1, messages / Math.max(1, counts[c + Count.UDP]!));
  v[F.udp_port_53_count] = counts[c + Count.UDP_53]!;

  const conns = connections.conns[row]!;
  const completed = connections.completedRequests[row]!;
  const partial = connections.partialRequests[row]!;
  v[F.open_conn_count] = connections.mostOpen[row]!;
  v[F.avg_conn_duration] = ratio(connections.ages[row]!, conns) / MICROS;
  v[F.bytes_per_conn] = ratio(connections.bytes[row]!, conns);
  v[F.partial_http_count] = partial;
  v[F.request_completion_ratio] = completed + partial === 0 ? 1 : completed / (completed + partial);

  v[F.tcp_ports_hit] = distinct(Fact.NEW_TCP_PORT);
  v[F.udp_ports_hit] = distinct(Fact.NEW_UDP_PORT);
  v[F.remote_conn_port_hits] = counts[c + Count.REMOTE_PORTS]!;
  return v;
}

/** 0 where there is nothing to divide by. */
function ratio(value: number, by: number): number {
  return by > 0 ? value / by : 0;
}

function variance(count: number, sum: number, squares: number): number {
  if (count === 0) return 0;
  const mean = sum / count;
  return Math.max(0, squares / count - mean * mean);
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
