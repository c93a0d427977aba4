/** `traffic_data` from flow records. */
import type { FlowRecord, Moments } from '../contract/flow.ts';
import { flagNames } from '../core/wire/tcp-flags.ts';
import { type Column, copyTable } from './columns.ts';
import { bool, float4, float8, int4, int8, text, time } from './record-columns.ts';

/** A flow and the country of its originator. */
export interface FlowRow {
  readonly flow: FlowRecord;
  readonly country: string | null;
}

const MICROS_PER_MS = 1000;

const columns: readonly Column<readonly FlowRow[]>[] = [
  int8('id_num', ({ flow }) => flow.id),
  time('first_seen', ({ flow }) => flow.firstSeenMicros),
  time('last_seen', ({ flow }) => flow.lastSeenMicros),
  text('src_ip', ({ flow }) => flow.srcIp),
  text('dest_ip', ({ flow }) => flow.dstIp),
  int4('src_port', ({ flow }) => orNull(flow.srcPort)),
  int4('dest_port', ({ flow }) => orNull(flow.dstPort)),
  text('protocol', ({ flow }) => flow.protocol),
  text('source_mac', ({ flow }) => flow.srcMac),
  text('dest_mac', ({ flow }) => flow.dstMac),
  int8('packet_count', ({ flow }) => flow.packetsFwd + flow.packetsBwd),
  int8('packet_count_fwd', ({ flow }) => flow.packetsFwd),
  int8('packet_count_bwd', ({ flow }) => flow.packetsBwd),
  float8('packet_per_sec', ({ flow }) => perSecond(flow, flow.packetsFwd + flow.packetsBwd)),
  float8('packet_per_sec_fwd', ({ flow }) => perSecond(flow, flow.packetsFwd)),
  float8('packet_per_sec_bwd', ({ flow }) => perSecond(flow, flow.packetsBwd)),
  int8('byte_count', ({ flow }) => flow.bytesFwd + flow.bytesBwd),
  int8('byte_count_fwd', ({ flow }) => flow.bytesFwd),
  int8('byte_count_bwd', ({ flow }) => flow.bytesBwd),
  float8('byte_per_sec', ({ flow }) => perSecond(flow, flow.bytesFwd + flow.bytesBwd)),
  float8('byte_per_sec_fwd', ({ flow }) => perSecond(flow, flow.bytesFwd)),
  float8('byte_per_sec_bwd', ({ flow }) => perSecond(flow, flow.bytesBwd)),
  int8('payload_fwd', ({ flow }) => flow.payloadFwd),
  int8('payload_bwd', ({ flow }) => flow.payloadBwd),
  text('tcp_flags', ({ flow }) => flagsOf(flow, flow.tcpFlagsFwd | flow.tcpFlagsBwd)),
  text('tcp_flags_fwd', ({ flow }) => flagsOf(flow, flow.tcpFlagsFwd)),
  text('tcp_flags_bwd', ({ flow }) => flagsOf(flow, flow.tcpFlagsBwd)),
  text('conn_state', ({ flow }) => flow.connState),
  text('history', ({ flow }) => flow.history),
  float8('duration', ({ flow }) => durationOf(flow)),
  text('service', ({ flow }) => flow.service),
  int4('connection_attempts', ({ flow }) => flow.connectionAttempts),
  // One conversation has one responder port; how many a source tried is a feature of its windows.
  int4('unique_ports', ({ flow }) => (hasPorts(flow) ? 1 : 0)),
  text('tls_sni', ({ flow }) => flow.tlsSni),
  text('ja4', ({ flow }) => flow.ja4),
  text('hassh', ({ flow }) => flow.hassh),
  text('community_id', ({ flow }) => flow.communityId),
  text('country', ({ country }) => country),
  // The country table that ships with us knows no autonomous systems.
  int4('asn', () => null),
  text('predicted_label', ({ flow }) => flow.verdict?.label ?? null),
  float8('confidence', ({ flow }) => flow.verdict?.confidence ?? null),
  float8('threat_score', ({ flow }) => flow.verdict?.threatScore ?? null),
  text('sensor_id', ({ flow }) => flow.sensorId),
  int4('vlan', ({ flow }) => flow.vlan),
  text('end_reason', ({ flow }) => flow.endReason),
  bool('is_validated', ({ flow }) => flow.isValidated),
  float8('handshake', ({ flow }) =>
    flow.handshakeMicros === null ? null : flow.handshakeMicros / 1e6,
  ),
  int4('retransmissions', ({ flow }) => flow.retransmissions),
  ...moments('length', 'fwd', (flow) => flow.lengthFwd, 1),
  ...moments('length', 'bwd', (flow) => flow.lengthBwd, 1),
  ...moments('gap', 'fwd', (flow) => flow.gapFwd, MICROS_PER_MS),
  ...moments('gap', 'bwd', (flow) => flow.gapBwd, MICROS_PER_MS),
  int4('initial_window_fwd', ({ flow }) => flow.initialWindowFwd),
  int4('initial_window_bwd', ({ flow }) => flow.initialWindowBwd),
  float4('first_payload_entropy', ({ flow }) =>
    Number.isNaN(flow.firstPayloadEntropy) ? null : flow.firstPayloadEntropy,
  ),
];

export const FLOW_TABLE = copyTable<readonly FlowRow[]>('traffic_data', columns);

function moments(
  what: 'length' | 'gap',
  side: 'fwd' | 'bwd',
  of: (flow: FlowRecord) => Moments,
  unit: number,
): Column<readonly FlowRow[]>[] {
  return (['mean', 'std', 'min', 'max'] as const).map((name) =>
    float4(`${what}_${name}_${side}`, ({ flow }) => of(flow)[name] / unit),
  );
}

function orNull(port: number): number | null {
  return port < 0 ? null : port;
}

function hasPorts(flow: FlowRecord): boolean {
  return flow.dstPort >= 0 && (flow.protocol === 'TCP' || flow.protocol === 'UDP');
}

/** s */
function durationOf(flow: FlowRecord): number {
  return (flow.lastSeenMicros - flow.firstSeenMicros) / 1e6;
}

/** A flow without duration, one packet mostly, has no rate: 0. */
function perSecond(flow: FlowRecord, amount: number): number {
  const duration = durationOf(flow);
  return duration > 0 ? amount / duration : 0;
}

function flagsOf(flow: FlowRecord, flags: number): string | null {
  return flow.protocol === 'TCP' ? flagNames(flags) : null;
}
