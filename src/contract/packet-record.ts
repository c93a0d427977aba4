/**
 * One packet as users, JSON and SQL see it: the contract's 33 columns in their order, then those
 * kept beside them. The catalogue below is the single list: DDL, the COPY encoder, JSON, the
 * `--json` output and the docs follow it, and a test compares them.
 */

export type SqlType = 'float8' | 'text' | 'int4' | 'int8' | 'int2' | 'bool' | 'float4';

export interface PacketColumn {
  readonly name: string;
  readonly sql: SqlType;
  readonly doc: string;
}

export const PACKET_COLUMNS = [
  { name: 'timestamp', sql: 'float8', doc: 'capture time, s since the epoch, exact to the µs' },
  { name: 'interface', sql: 'text', doc: 'capture interface, or the name of the capture file' },
  { name: 'src_ip', sql: 'text', doc: 'source address, RFC 5952 text' },
  { name: 'dst_ip', sql: 'text', doc: 'destination address, RFC 5952 text' },
  { name: 'protocol', sql: 'text', doc: 'TCP, UDP, ICMP, ICMPv6, ARP or OTHER' },
  { name: 'length', sql: 'int4', doc: 'bytes on the wire' },
  { name: 'src_port', sql: 'int4', doc: 'source port' },
  { name: 'dst_port', sql: 'int4', doc: 'destination port' },
  {
    name: 'tcp_flags',
    sql: 'text',
    doc: 'flag names in the order FIN,SYN,RST,PSH,ACK,URG,ECE,CWR',
  },
  { name: 'tcp_syn', sql: 'bool', doc: 'SYN is set' },
  { name: 'tcp_ack', sql: 'bool', doc: 'ACK is set' },
  { name: 'tcp_fin', sql: 'bool', doc: 'FIN is set' },
  { name: 'tcp_rst', sql: 'bool', doc: 'RST is set' },
  { name: 'tcp_psh', sql: 'bool', doc: 'PSH is set' },
  { name: 'seq', sql: 'int8', doc: 'raw TCP sequence number' },
  { name: 'ack', sql: 'int8', doc: 'raw TCP acknowledgement number' },
  { name: 'icmp_type', sql: 'int4', doc: 'ICMP or ICMPv6 type' },
  { name: 'icmp_code', sql: 'int4', doc: 'ICMP or ICMPv6 code' },
  { name: 'arp_op', sql: 'int4', doc: 'ARP operation' },
  { name: 'arp_psrc', sql: 'text', doc: 'ARP sender protocol address' },
  { name: 'arp_pdst', sql: 'text', doc: 'ARP target protocol address' },
  { name: 'arp_hwsrc', sql: 'text', doc: 'ARP sender hardware address' },
  { name: 'arp_hwdst', sql: 'text', doc: 'ARP target hardware address' },
  { name: 'dns_query', sql: 'bool', doc: 'is a DNS query' },
  {
    name: 'dns_qname',
    sql: 'text',
    doc: 'name of the first question, lower-case, no trailing dot',
  },
  { name: 'dns_qtype', sql: 'int4', doc: 'type of the first question' },
  { name: 'dns_response', sql: 'bool', doc: 'is a DNS response' },
  { name: 'dns_answer_count', sql: 'int4', doc: 'answer records of a response' },
  { name: 'dns_answer_size', sql: 'int4', doc: 'bytes of the whole DNS message of a response' },
  { name: 'http_method', sql: 'text', doc: 'request method' },
  { name: 'http_path', sql: 'text', doc: 'path with query, at most 2,048 characters' },
  { name: 'http_status_code', sql: 'text', doc: 'response status' },
  { name: 'http_host', sql: 'text', doc: 'Host header' },
  { name: 'sensor_id', sql: 'text', doc: 'the sensor that captured the packet' },
  { name: 'src_mac', sql: 'text', doc: 'source hardware address of the frame' },
  { name: 'dst_mac', sql: 'text', doc: 'destination hardware address of the frame' },
  { name: 'vlan', sql: 'int4', doc: 'outermost VLAN id' },
  { name: 'ip_version', sql: 'int2', doc: '4 or 6' },
  { name: 'ttl', sql: 'int4', doc: 'time to live or hop limit' },
  { name: 'payload_bytes', sql: 'int4', doc: 'bytes above the transport header' },
  { name: 'payload_entropy', sql: 'float4', doc: 'Shannon entropy of the payload, bits per byte' },
  { name: 'tls_sni', sql: 'text', doc: 'server name of a TLS ClientHello' },
  { name: 'ja4', sql: 'text', doc: 'JA4 fingerprint of a TLS ClientHello' },
  { name: 'hassh', sql: 'text', doc: 'HASSH fingerprint of an SSH client' },
  { name: 'hassh_server', sql: 'text', doc: 'HASSH fingerprint of an SSH server' },
  { name: 'http_user_agent', sql: 'text', doc: 'User-Agent header' },
  { name: 'community_id', sql: 'text', doc: 'Community ID v1 of the flow, seed 0' },
  { name: 'anomaly', sql: 'text', doc: 'name of the malformation, if any' },
  { name: 'ip_protocol', sql: 'int2', doc: 'protocol number of the IP payload' },
  {
    name: 'tunnel',
    sql: 'text',
    doc: 'tunnels around the packet, outermost first, as in gre/vxlan',
  },
  { name: 'outer_src_ip', sql: 'text', doc: 'source address of the outermost tunnel' },
  { name: 'outer_dst_ip', sql: 'text', doc: 'destination address of the outermost tunnel' },
  { name: 'app_protocol', sql: 'text', doc: 'application protocol, by content' },
  {
    name: 'app_detail',
    sql: 'text',
    doc: 'facts that have no column, a JSON object: of the application protocol, or the packet that an ICMP error quotes',
  },
] as const satisfies readonly PacketColumn[];

/** What the analysis adds to a stored packet; null until a model or detector has spoken. */
export const VERDICT_COLUMNS = [
  { name: 'flow_id', sql: 'int8', doc: 'the flow, as traffic_data.id_num' },
  { name: 'is_malicious', sql: 'bool', doc: 'belongs to an alert or to a flow judged malicious' },
  { name: 'threat_score', sql: 'float4', doc: '0 to 1' },
  { name: 'threat_level', sql: 'text', doc: 'LOW, MEDIUM or HIGH' },
  { name: 'attack_type', sql: 'text', doc: 'an alert_type' },
  { name: 'decision', sql: 'text', doc: 'ALLOW, ALERT, BLOCK or DECEIVE' },
] as const satisfies readonly PacketColumn[];

type TypeOf<Sql extends SqlType> = Sql extends 'text'
  ? string
  : Sql extends 'bool'
    ? boolean
    : number;

/** A packet as a JSON object; every column is there, null where it does not apply. */
export type PacketRecord = {
  [Column in (typeof PACKET_COLUMNS)[number] as Column['name']]: TypeOf<Column['sql']> | null;
};
