/** A row as users, JSON and SQL see it: the one place where columns become a `PacketRecord`. */
import { AppEvent, type PacketBatch, PROTOCOLS } from '../../contract/packet-batch.ts';
import type { PacketRecord } from '../../contract/packet-record.ts';
import { formatIp, formatIpv4, formatMac } from './address.ts';
import { communityId } from './community-id.ts';
import { TcpFlag } from './tcp.ts';
import { flagNames } from './tcp-flags.ts';

/** Entropy is printed to this part of a bit; more digits are noise of the float32 column. */
const ENTROPY_STEPS = 10_000;

export function toRecord(batch: PacketBatch, row: number, sensorId: string | null): PacketRecord {
  const ipVersion = batch.ipVersion[row]!;
  const hasIp = ipVersion !== 0;
  const flags = batch.tcpFlags[row]!;
  const hasTcp = flags >= 0;
  const hasPorts = (batch.appEvents[row]! & AppEvent.LATER_FRAGMENT) === 0;
  const hasArp = batch.arpOp[row]! >= 0;
  const outerVersion = batch.outerIpVersion[row]!;
  const hasOuter = outerVersion !== 0;
  const status = batch.httpStatus[row]!;
  const entropy = batch.payloadEntropy[row]!;
  return {
    timestamp: batch.tsMicros[row]! / 1e6,
    interface: batch.interface.get(row),
    src_ip: hasIp ? formatIp(batch.src, 4 * row, ipVersion) : null,
    dst_ip: hasIp ? formatIp(batch.dst, 4 * row, ipVersion) : null,
    protocol: PROTOCOLS[batch.protocol[row]!]!,
    length: batch.wireLength[row]!,
    src_port: hasPorts ? orNull(batch.srcPort[row]!) : null,
    dst_port: hasPorts ? orNull(batch.dstPort[row]!) : null,
    tcp_flags: hasTcp ? flagNames(flags) : null,
    tcp_syn: hasTcp ? (flags & TcpFlag.SYN) !== 0 : null,
    tcp_ack: hasTcp ? (flags & TcpFlag.ACK) !== 0 : null,
    tcp_fin: hasTcp ? (flags & TcpFlag.FIN) !== 0 : null,
    tcp_rst: hasTcp ? (flags & TcpFlag.RST) !== 0 : null,
    tcp_psh: hasTcp ? (flags & TcpFlag.PSH) !== 0 : null,
    seq: hasTcp ? batch.seq[row]! : null,
    ack: hasTcp ? batch.ack[row]! : null,
    icmp_type: orNull(batch.icmpType[row]!),
    icmp_code: orNull(batch.icmpCode[row]!),
    arp_op: orNull(batch.arpOp[row]!),
    arp_psrc: hasArp ? formatIpv4(batch.arpPsrc[row]!) : null,
    arp_pdst: hasArp ? formatIpv4(batch.arpPdst[row]!) : null,
    arp_hwsrc: macOrNull(batch.arpHwsrc[row]!),
    arp_hwdst: macOrNull(batch.arpHwdst[row]!),
    dns_query: claimOrNull(batch.dnsQuery[row]!),
    dns_qname: batch.dnsQname.get(row),
    dns_qtype: orNull(batch.dnsQtype[row]!),
    dns_response: claimOrNull(batch.dnsResponse[row]!),
    dns_answer_count: orNull(batch.dnsAnswerCount[row]!),
    dns_answer_size: orNull(batch.dnsAnswerSize[row]!),
    http_method: batch.httpMethod.get(row),
    http_path: batch.httpPath.get(row),
    http_status_code: status < 0 ? null : String(status),
    http_host: batch.httpHost.get(row),
    sensor_id: sensorId,
    src_mac: macOrNull(batch.srcMac[row]!),
    dst_mac: macOrNull(batch.dstMac[row]!),
    vlan: orNull(batch.vlan[row]!),
    ip_version: hasIp ? ipVersion : null,
    ttl: orNull(batch.ttl[row]!),
    payload_bytes: orNull(batch.payloadBytes[row]!),
    payload_entropy: Number.isNaN(entropy)
      ? null
      : Math.round(entropy * ENTROPY_STEPS) / ENTROPY_STEPS,
    tls_sni: batch.tlsSni.get(row),
    ja4: batch.ja4.get(row),
    hassh: batch.hassh.get(row),
    hassh_server: batch.hasshServer.get(row),
    http_user_agent: batch.httpUserAgent.get(row),
    community_id: communityId(batch, row),
    anomaly: batch.anomaly.get(row),
    ip_protocol: orNull(batch.ipProtocol[row]!),
    tunnel: batch.tunnel.get(row),
    outer_src_ip: hasOuter ? formatIp(batch.outerSrc, 4 * row, outerVersion) : null,
    outer_dst_ip: hasOuter ? formatIp(batch.outerDst, 4 * row, outerVersion) : null,
    app_protocol: batch.appProtocol.get(row),
    app_detail: batch.appDetail.get(row),
  };
}

function orNull(value: number): number | null {
  return value < 0 ? null : value;
}

function claimOrNull(value: number): boolean | null {
  return value < 0 ? null : value === 1;
}

function macOrNull(mac: number): string | null {
  return mac < 0 ? null : formatMac(mac);
}
