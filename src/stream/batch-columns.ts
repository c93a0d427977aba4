/**
 * The packet batch as Arrow columns: one line per column, in this order, is format version 2.
 * Changing a line changes the format: raise `FORMAT_VERSION`.
 */
import type { NumberArray } from '../contract/number-array.ts';
import {
  LAST_MICROS,
  type PacketBatch,
  PROTOCOLS,
  type TextColumn,
} from '../contract/packet-batch.ts';

export const FORMAT_VERSION = '2';

/** Arrow's name of a column's type; `text` is a dictionary of utf8 with int32 codes. */
export type ArrowKind =
  | 'timestamp'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'float32'
  | 'fixed16';

export interface NumberColumn {
  readonly name: string;
  readonly kind: ArrowKind;
  readonly array: (batch: PacketBatch) => NumberArray;
  /** How the batch spells null: a value of the column, another column that is -1 or 0 there, or never. */
  readonly nullValue?: number;
  readonly nullWhere?: (batch: PacketBatch) => readonly [column: NumberArray, value: number];
  /** Largest value a decoder believes; the smallest is 0. */
  readonly max: number;
}

interface TextBatchColumn {
  readonly name: string;
  readonly kind: 'text';
  readonly column: (batch: PacketBatch) => TextColumn;
}

export type BatchColumn = NumberColumn | TextBatchColumn;

const U8 = 0xff;
const U16 = 0xffff;
const U32 = 0xffff_ffff;
/** Lengths and counts end in int4 columns. */
const I32 = 0x7fff_ffff;
const MAC = 0xffff_ffff_ffff;

const noIp = (batch: PacketBatch) => [batch.ipVersion, 0] as const;
const noTunnel = (batch: PacketBatch) => [batch.outerIpVersion, 0] as const;
const noTcp = (batch: PacketBatch) => [batch.tcpFlags, -1] as const;
const noArp = (batch: PacketBatch) => [batch.arpOp, -1] as const;

export const BATCH_COLUMNS: readonly BatchColumn[] = [
  { name: 'ts_micros', kind: 'timestamp', array: (b) => b.tsMicros, max: LAST_MICROS },
  { name: 'interface', kind: 'text', column: (b) => b.interface },
  { name: 'ip_version', kind: 'uint8', array: (b) => b.ipVersion, nullValue: 0, max: 6 },
  { name: 'src', kind: 'fixed16', array: (b) => b.src, nullWhere: noIp, max: U32 },
  { name: 'dst', kind: 'fixed16', array: (b) => b.dst, nullWhere: noIp, max: U32 },
  { name: 'protocol', kind: 'uint8', array: (b) => b.protocol, max: PROTOCOLS.length - 1 },
  { name: 'ip_protocol', kind: 'int16', array: (b) => b.ipProtocol, nullValue: -1, max: U8 },
  { name: 'wire_length', kind: 'uint32', array: (b) => b.wireLength, max: I32 },
  { name: 'src_port', kind: 'int32', array: (b) => b.srcPort, nullValue: -1, max: U16 },
  { name: 'dst_port', kind: 'int32', array: (b) => b.dstPort, nullValue: -1, max: U16 },
  { name: 'tcp_flags', kind: 'int16', array: (b) => b.tcpFlags, nullValue: -1, max: U8 },
  { name: 'seq', kind: 'uint32', array: (b) => b.seq, nullWhere: noTcp, max: U32 },
  { name: 'ack', kind: 'uint32', array: (b) => b.ack, nullWhere: noTcp, max: U32 },
  { name: 'tcp_window', kind: 'uint16', array: (b) => b.tcpWindow, nullWhere: noTcp, max: U16 },
  { name: 'icmp_type', kind: 'int16', array: (b) => b.icmpType, nullValue: -1, max: U8 },
  { name: 'icmp_code', kind: 'int16', array: (b) => b.icmpCode, nullValue: -1, max: U8 },
  { name: 'arp_op', kind: 'int32', array: (b) => b.arpOp, nullValue: -1, max: U16 },
  { name: 'arp_psrc', kind: 'uint32', array: (b) => b.arpPsrc, nullWhere: noArp, max: U32 },
  { name: 'arp_pdst', kind: 'uint32', array: (b) => b.arpPdst, nullWhere: noArp, max: U32 },
  { name: 'arp_hwsrc', kind: 'int64', array: (b) => b.arpHwsrc, nullValue: -1, max: MAC },
  { name: 'arp_hwdst', kind: 'int64', array: (b) => b.arpHwdst, nullValue: -1, max: MAC },
  { name: 'dns_query', kind: 'int8', array: (b) => b.dnsQuery, nullValue: -1, max: 1 },
  { name: 'dns_response', kind: 'int8', array: (b) => b.dnsResponse, nullValue: -1, max: 1 },
  { name: 'dns_qname', kind: 'text', column: (b) => b.dnsQname },
  { name: 'dns_qtype', kind: 'int32', array: (b) => b.dnsQtype, nullValue: -1, max: U16 },
  {
    name: 'dns_answer_count',
    kind: 'int32',
    array: (b) => b.dnsAnswerCount,
    nullValue: -1,
    max: U16,
  },
  {
    name: 'dns_answer_size',
    kind: 'int32',
    array: (b) => b.dnsAnswerSize,
    nullValue: -1,
    max: I32,
  },
  { name: 'http_method', kind: 'text', column: (b) => b.httpMethod },
  { name: 'http_path', kind: 'text', column: (b) => b.httpPath },
  { name: 'http_status', kind: 'int16', array: (b) => b.httpStatus, nullValue: -1, max: 0x7fff },
  { name: 'http_host', kind: 'text', column: (b) => b.httpHost },
  { name: 'src_mac', kind: 'int64', array: (b) => b.srcMac, nullValue: -1, max: MAC },
  { name: 'dst_mac', kind: 'int64', array: (b) => b.dstMac, nullValue: -1, max: MAC },
  { name: 'vlan', kind: 'int16', array: (b) => b.vlan, nullValue: -1, max: 4095 },
  { name: 'ttl', kind: 'int16', array: (b) => b.ttl, nullValue: -1, max: U8 },
  { name: 'ip_bytes', kind: 'int32', array: (b) => b.ipBytes, nullValue: -1, max: I32 },
  { name: 'payload_bytes', kind: 'int32', array: (b) => b.payloadBytes, nullValue: -1, max: I32 },
  {
    name: 'payload_entropy',
    kind: 'float32',
    array: (b) => b.payloadEntropy,
    nullValue: Number.NaN,
    max: 8,
  },
  { name: 'tunnel', kind: 'text', column: (b) => b.tunnel },
  { name: 'outer_ip_version', kind: 'uint8', array: (b) => b.outerIpVersion, nullValue: 0, max: 6 },
  { name: 'outer_src', kind: 'fixed16', array: (b) => b.outerSrc, nullWhere: noTunnel, max: U32 },
  { name: 'outer_dst', kind: 'fixed16', array: (b) => b.outerDst, nullWhere: noTunnel, max: U32 },
  { name: 'app_protocol', kind: 'text', column: (b) => b.appProtocol },
  { name: 'app_detail', kind: 'text', column: (b) => b.appDetail },
  { name: 'tls_sni', kind: 'text', column: (b) => b.tlsSni },
  { name: 'ja4', kind: 'text', column: (b) => b.ja4 },
  { name: 'hassh', kind: 'text', column: (b) => b.hassh },
  { name: 'hassh_server', kind: 'text', column: (b) => b.hasshServer },
  { name: 'http_user_agent', kind: 'text', column: (b) => b.httpUserAgent },
  { name: 'anomaly', kind: 'text', column: (b) => b.anomaly },
  { name: 'app_events', kind: 'uint16', array: (b) => b.appEvents, max: U16 },
  { name: 'app_code', kind: 'int16', array: (b) => b.appCode, nullValue: -1, max: 0x7fff },
];
