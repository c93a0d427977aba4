/** A flow as JSON: the keys of `traffic_data`. The one place where a `FlowRecord` becomes such an object. */
import type { FlowRecord } from './flow.ts';

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;

/** Times are s since the epoch; `country` and `asn` are looked up where the tables are. */
export interface FlowJson {
  id_num: number;
  first_seen: number;
  last_seen: number;
  src_ip: string;
  dest_ip: string;
  src_port: number | null;
  dest_port: number | null;
  protocol: string;
  source_mac: string | null;
  dest_mac: string | null;
  packet_count: number;
  packet_count_fwd: number;
  packet_count_bwd: number;
  packet_per_sec: number;
  packet_per_sec_fwd: number;
  packet_per_sec_bwd: number;
  byte_count: number;
  byte_count_fwd: number;
  byte_count_bwd: number;
  byte_per_sec: number;
  byte_per_sec_fwd: number;
  byte_per_sec_bwd: number;
  payload_fwd: number;
  payload_bwd: number;
  tcp_flags: string | null;
  tcp_flags_fwd: string | null;
  tcp_flags_bwd: string | null;
  conn_state: string;
  history: string;
  /** s. */
  duration: number;
  service: string | null;
  connection_attempts: number;
  /** Responder ports of one conversation: 1, or 0 where the protocol has none. */
  unique_ports: number;
  tls_sni: string | null;
  ja4: string | null;
  hassh: string | null;
  community_id: string | null;
  country: string | null;
  asn: number | null;
  predicted_label: string | null;
  confidence: number | null;
  threat_score: number | null;
  sensor_id: string;
  vlan: number | null;
  end_reason: FlowRecord['endReason'];
  is_validated: boolean;
  /** s from SYN to the completing ACK. */
  handshake: number | null;
  retransmissions: number;
}

export function toFlowJson(flow: FlowRecord): FlowJson {
  const packets = flow.packetsFwd + flow.packetsBwd;
  const bytes = flow.bytesFwd + flow.bytesBwd;
  const isTcp = flow.protocol === 'TCP';
  const hasPorts = flow.dstPort >= 0 && (isTcp || flow.protocol === 'UDP');
  return {
    id_num: flow.id,
    first_seen: flow.firstSeenMicros / 1e6,
    last_seen: flow.lastSeenMicros / 1e6,
    src_ip: flow.srcIp,
    dest_ip: flow.dstIp,
    src_port: flow.srcPort < 0 ? null : flow.srcPort,
    dest_port: flow.dstPort < 0 ? null : flow.dstPort,
    protocol: flow.protocol,
    source_mac: flow.srcMac,
    dest_mac: flow.dstMac,
    packet_count: packets,
    packet_count_fwd: flow.packetsFwd,
    packet_count_bwd: flow.packetsBwd,
    packet_per_sec: perSecond(flow, packets),
    packet_per_sec_fwd: perSecond(flow, flow.packetsFwd),
    packet_per_sec_bwd: perSecond(flow, flow.packetsBwd),
    byte_count: bytes,
    byte_count_fwd: flow.bytesFwd,
    byte_count_bwd: flow.bytesBwd,
    byte_per_sec: perSecond(flow, bytes),
    byte_per_sec_fwd: perSecond(flow, flow.bytesFwd),
    byte_per_sec_bwd: perSecond(flow, flow.bytesBwd),
    payload_fwd: flow.payloadFwd,
    payload_bwd: flow.payloadBwd,
    tcp_flags: isTcp ? flagText(flow.tcpFlagsFwd | flow.tcpFlagsBwd) : null,
    tcp_flags_fwd: isTcp ? flagText(flow.tcpFlagsFwd) : null,
    tcp_flags_bwd: isTcp ? flagText(flow.tcpFlagsBwd) : null,
    conn_state: flow.connState,
    history: flow.history,
    duration: durationOf(flow),
    service: flow.service,
    connection_attempts: flow.connectionAttempts,
    unique_ports: hasPorts ? 1 : 0,
    tls_sni: flow.tlsSni,
    ja4: flow.ja4,
    hassh: flow.hassh,
    community_id: flow.communityId,
    country: null,
    asn: null,
    predicted_label: flow.verdict?.label ?? null,
    confidence: flow.verdict?.confidence ?? null,
    threat_score: flow.verdict?.threatScore ?? null,
    sensor_id: flow.sensorId,
    vlan: flow.vlan,
    end_reason: flow.endReason,
    is_validated: flow.isValidated,
    handshake: flow.handshakeMicros === null ? null : flow.handshakeMicros / 1e6,
    retransmissions: flow.retransmissions,
  };
}

function durationOf(flow: FlowRecord): number {
  return (flow.lastSeenMicros - flow.firstSeenMicros) / 1e6;
}

/** A flow without duration, one packet mostly, has no rate: 0. */
function perSecond(flow: FlowRecord, amount: number): number {
  const duration = durationOf(flow);
  return duration > 0 ? amount / duration : 0;
}

function flagText(bits: number): string {
  return FLAG_NAMES.filter((_, bit) => bits & (1 << bit)).join(',');
}
