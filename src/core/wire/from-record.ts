/**
 * A packet that came as JSON, back into a row: the inverse of `toRecord`.
 *
 * What a record does not carry stays null (receive window, reply codes). Application events are derived
 * from the columns that show them, so that rates and log-ins count for packets from older senders too.
 * The sensor and the Community ID are not kept: the one belongs to the batch, the other follows from the row.
 */
import {
  AppEvent,
  IP_PROTOCOL_NUMBERS,
  type PacketBatch,
  PROTOCOLS,
  Protocol,
} from '../../contract/packet-batch.ts';
import type { PacketRecord } from '../../contract/packet-record.ts';
import { parseIp, parseIpv4, parseMac } from './address.ts';
import { isLogin } from './protocols/http.ts';
import { TcpFlag } from './tcp.ts';
import { parseFlagNames } from './tcp-flags.ts';

/** Any part of a record, its timestamp at least. */
export type PartialRecord = {
  readonly [Name in keyof PacketRecord]?: PacketRecord[Name] | undefined;
} & {
  readonly timestamp: number;
};

/** Appends the record to the batch and returns its row. Values out of range or not readable are null in the row. */
export function appendRecord(batch: PacketBatch, record: PartialRecord): number {
  const row = batch.addRow(Math.round(record.timestamp * 1e6), record.length ?? 0);
  batch.interface.set(row, record.interface ?? null);
  batch.protocol[row] = protocolCode(record.protocol ?? null);
  batch.ipVersion[row] = appendPair(row, record.src_ip, batch.src, record.dst_ip, batch.dst);
  batch.srcPort[row] = record.src_port ?? -1;
  batch.dstPort[row] = record.dst_port ?? -1;
  appendTcp(batch, row, record);
  batch.icmpType[row] = record.icmp_type ?? -1;
  batch.icmpCode[row] = record.icmp_code ?? -1;
  appendArp(batch, row, record);
  appendDns(batch, row, record);
  appendHttp(batch, row, record);
  batch.srcMac[row] = macOf(record.src_mac);
  batch.dstMac[row] = macOf(record.dst_mac);
  batch.vlan[row] = record.vlan ?? -1;
  batch.ttl[row] = record.ttl ?? -1;
  batch.payloadBytes[row] = record.payload_bytes ?? -1;
  batch.payloadEntropy[row] = record.payload_entropy ?? Number.NaN;
  batch.tlsSni.set(row, record.tls_sni ?? null);
  batch.ja4.set(row, record.ja4 ?? null);
  batch.hassh.set(row, record.hassh ?? null);
  batch.hasshServer.set(row, record.hassh_server ?? null);
  batch.anomaly.set(row, record.anomaly ?? null);
  batch.ipProtocol[row] = record.ip_protocol ?? IP_PROTOCOL_NUMBERS[batch.protocol[row]!]!;
  appendTunnel(batch, row, record);
  batch.appProtocol.set(row, record.app_protocol ?? null);
  batch.appDetail.set(row, record.app_detail ?? null);
  if (record.tls_sni != null) batch.appEvents[row]! |= AppEvent.TLS_CLIENT_HELLO;
  return row;
}

/** Writes both addresses and answers their version; 0, and nothing written: they count only together and in the same version. */
function appendPair(
  row: number,
  from: string | null | undefined,
  src: Uint32Array,
  to: string | null | undefined,
  dst: Uint32Array,
): number {
  if (from == null || to == null) return 0;
  const version = parseIp(from, src, 4 * row);
  if (version !== 0 && parseIp(to, dst, 4 * row) === version) return version;
  src.fill(0, 4 * row, 4 * row + 4);
  dst.fill(0, 4 * row, 4 * row + 4);
  return 0;
}

/** The addresses prove the tunnel: without them there is none. */
function appendTunnel(batch: PacketBatch, row: number, record: PartialRecord): void {
  const { outer_src_ip, outer_dst_ip, tunnel } = record;
  const version = appendPair(row, outer_src_ip, batch.outerSrc, outer_dst_ip, batch.outerDst);
  batch.outerIpVersion[row] = version;
  if (version !== 0) batch.tunnel.set(row, tunnel ?? null);
}

function appendTcp(batch: PacketBatch, row: number, record: PartialRecord): void {
  const flags = flagsOf(record);
  if (flags < 0) return;
  batch.tcpFlags[row] = flags;
  batch.seq[row] = record.seq ?? 0;
  batch.ack[row] = record.ack ?? 0;
}

/** The text where there is one, else the five booleans; -1: neither. */
function flagsOf(record: PartialRecord): number {
  if (record.tcp_flags != null) return parseFlagNames(record.tcp_flags);
  const claims = [
    [record.tcp_syn, TcpFlag.SYN],
    [record.tcp_ack, TcpFlag.ACK],
    [record.tcp_fin, TcpFlag.FIN],
    [record.tcp_rst, TcpFlag.RST],
    [record.tcp_psh, TcpFlag.PSH],
  ] as const;
  if (claims.every(([claim]) => claim == null)) return -1;
  return claims.reduce((flags, [claim, bit]) => flags | (claim ? bit : 0), 0);
}

function appendArp(batch: PacketBatch, row: number, record: PartialRecord): void {
  if (record.arp_op == null) return;
  batch.arpOp[row] = record.arp_op;
  batch.arpPsrc[row] = Math.max(0, parseIpv4(record.arp_psrc ?? ''));
  batch.arpPdst[row] = Math.max(0, parseIpv4(record.arp_pdst ?? ''));
  batch.arpHwsrc[row] = macOf(record.arp_hwsrc);
  batch.arpHwdst[row] = macOf(record.arp_hwdst);
}

function appendDns(batch: PacketBatch, row: number, record: PartialRecord): void {
  batch.dnsQuery[row] = claimCode(record.dns_query);
  batch.dnsResponse[row] = claimCode(record.dns_response);
  batch.dnsQname.set(row, record.dns_qname ?? null);
  batch.dnsQtype[row] = record.dns_qtype ?? -1;
  batch.dnsAnswerCount[row] = record.dns_answer_count ?? -1;
  batch.dnsAnswerSize[row] = record.dns_answer_size ?? -1;
}

function appendHttp(batch: PacketBatch, row: number, record: PartialRecord): void {
  const method = record.http_method ?? null;
  const path = record.http_path ?? null;
  batch.httpMethod.set(row, method);
  batch.httpPath.set(row, path);
  batch.httpHost.set(row, record.http_host ?? null);
  batch.httpUserAgent.set(row, record.http_user_agent ?? null);
  if (record.http_status_code != null) {
    batch.httpStatus[row] = Number(record.http_status_code);
    batch.appEvents[row]! |= AppEvent.HTTP_RESPONSE;
  }
  if (method === null) return;
  // Whether the headers ended in the packet is not in a record; taken as ended, it starves no server.
  batch.appEvents[row]! |= AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END;
  if (isLogin(method, path)) batch.appEvents[row]! |= AppEvent.HTTP_LOGIN;
}

/** Protocols that have no code of their own (IGMP, GRE, …) are OTHER. */
function protocolCode(name: string | null): number {
  const code = PROTOCOLS.findIndex((protocol) => protocol.toUpperCase() === name?.toUpperCase());
  return code < 0 ? Protocol.OTHER : code;
}

function macOf(text: string | null | undefined): number {
  return text == null ? -1 : parseMac(text);
}

function claimCode(claim: boolean | null | undefined): number {
  if (claim == null) return -1;
  return claim ? 1 : 0;
}
