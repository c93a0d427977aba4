/**
 * The malformations that the decoder names. Hostile bytes never throw: the packet keeps what could
 * be read, and its `anomaly` column holds the first name met on the way up the layers.
 *
 * What the capture cut away (snap length) is not a malformation: a `truncated_…` name means that the
 * header does not fit into the bytes that were on the wire, or into what the layer below declared.
 */
import type { PacketBatch } from '../../contract/packet-batch.ts';

/** By name, in words. */
export const ANOMALIES = {
  bad_capture_time: 'the capture file tells a time before 1970 or after 2255, which is clipped',
  truncated_ethernet: 'the frame is shorter than an Ethernet header and its tags',
  truncated_link: 'the frame is shorter than its link header (other than Ethernet)',
  too_many_tags: 'more than eight VLAN tags or sixteen MPLS labels are stacked',
  truncated_arp: 'an ARP message is shorter than its addresses',
  bad_arp: 'an ARP message does not map IPv4 to 48-bit hardware addresses',
  truncated_ip: 'an IP header does not fit into the frame',
  bad_ip_version: 'the version of an IP header is neither 4 nor 6, or not what the frame announces',
  bad_ip_header_length: 'the IPv4 header length is below 20 bytes',
  bad_ip_length: 'the IP length is below the length of the header or beyond the frame',
  no_ip_length: "the IP length is 0, which only a sender's own network card may be left to fill in",
  bad_ip_checksum: 'the checksum of an IPv4 header is wrong',
  truncated_ip_extension: 'an IPv6 extension or authentication header does not fit the packet',
  too_many_ip_extensions: 'more than sixteen IPv6 extension headers are chained',
  oversized_fragment: 'a fragment ends beyond the largest IP packet (ping of death)',
  bad_fragment: 'a fragment that is empty, ends in mid-unit, or contradicts where its packet ends',
  overlapping_fragment: 'a fragment covers bytes of an earlier one differently (teardrop, evasion)',
  tiny_fragment: 'a first fragment is too small for its transport header (RFC 1858)',
  truncated_tcp: 'a TCP header does not fit the IP packet',
  bad_tcp_offset: 'the TCP header length is below 20 bytes or beyond the IP packet',
  impossible_tcp_flags: 'SYN with FIN or RST, or none of SYN, ACK and RST',
  truncated_udp: 'a UDP header does not fit the IP packet',
  bad_udp_length: 'the UDP length is below the header or beyond the IP packet',
  truncated_icmp: 'an ICMP header does not fit the IP packet',
  bad_tunnel: 'an IP payload announced as a tunnel carries no packet that can be read',
  too_many_tunnels: 'more than eight tunnels are nested',
  bad_tcp_checksum: 'the TCP checksum is wrong, and not one left to the network card',
  bad_udp_checksum: 'the UDP checksum is wrong, and not one left to the network card',
  bad_icmp_checksum: 'the ICMP checksum is wrong',
  land: 'source and destination are the same address and port, and not a loopback address',
  dns_malformed: 'a message on a DNS port whose header or first question cannot be read',
  dns_bad_record: 'a DNS message with a record that cannot be read though nothing was cut',
} as const;

export type AnomalyName = keyof typeof ANOMALIES;

export const ANOMALY_NAMES = Object.keys(ANOMALIES) as AnomalyName[];

/** The first name wins: it is the malformation of the lowest layer. */
export function nameAnomaly(batch: PacketBatch, row: number, name: AnomalyName): void {
  if (batch.anomaly.codes[row]! < 0) batch.anomaly.set(row, name);
}
