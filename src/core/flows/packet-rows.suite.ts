/** Packets written by hand into a batch, for the tests of flows and windows. */
import { IP_PROTOCOL_NUMBERS, PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { parseIp } from '../wire/address.ts';

export interface HandPacket {
  /** Seconds. */
  t: number;
  src: string;
  dst: string;
  protocol?: keyof typeof Protocol;
  sport?: number;
  dport?: number;
  /** Letters of F S R P A U. */
  flags?: string;
  seq?: number;
  ack?: number;
  /** Payload bytes. */
  len?: number;
  wire?: number;
  window?: number;
  /** 64 where nothing is said. */
  ttl?: number;
  icmpType?: number;
  icmpCode?: number;
  events?: number;
  appCode?: number;
  httpStatus?: number;
  /** Method and target of an HTTP request: "POST /login". */
  request?: string;
  qname?: string;
  qtype?: number;
  answerSize?: number;
  sni?: string;
  entropy?: number;
  /** Source of the tunnel that the packet came in; its destination is the same. */
  outer?: string;
}

export interface HandArp {
  t: number;
  op: 1 | 2;
  hwsrc: number;
  psrc: string;
  hwdst?: number;
  pdst: string;
}

const FLAG_LETTERS = 'FSRPAU';

export function batchOf(packets: readonly (HandPacket | HandArp)[]): PacketBatch {
  const batch = new PacketBatch(Math.max(1, packets.length));
  for (const packet of packets) addPacket(batch, packet);
  return batch;
}

export function addPacket(batch: PacketBatch, packet: HandPacket | HandArp): number {
  return 'op' in packet ? addArp(batch, packet) : addIp(batch, packet);
}

function addIp(batch: PacketBatch, packet: HandPacket): number {
  const protocol = packet.protocol ?? 'TCP';
  const payload = packet.len ?? 0;
  const header = protocol === 'TCP' ? 54 : 42;
  const row = batch.addRow(Math.round(packet.t * 1e6), packet.wire ?? header + payload);
  batch.ipVersion[row] = parseIp(packet.src, batch.src, 4 * row);
  parseIp(packet.dst, batch.dst, 4 * row);
  if (packet.outer !== undefined) {
    batch.outerIpVersion[row] = parseIp(packet.outer, batch.outerSrc, 4 * row);
    parseIp(packet.outer, batch.outerDst, 4 * row);
    batch.tunnel.set(row, 'gre');
  }
  batch.protocol[row] = Protocol[protocol];
  batch.ipProtocol[row] = IP_PROTOCOL_NUMBERS[Protocol[protocol]]!;
  batch.ttl[row] = packet.ttl ?? 64;
  batch.payloadBytes[row] = payload;
  if (payload > 0) batch.payloadEntropy[row] = packet.entropy ?? 4;
  if (protocol === 'TCP' || protocol === 'UDP') {
    batch.srcPort[row] = packet.sport ?? 40_000;
    batch.dstPort[row] = packet.dport ?? 80;
  }
  if (protocol === 'TCP') {
    let bits = 0;
    for (const letter of packet.flags ?? 'A') bits |= 1 << FLAG_LETTERS.indexOf(letter);
    batch.tcpFlags[row] = bits;
    batch.seq[row] = packet.seq ?? 0;
    batch.ack[row] = packet.ack ?? 0;
    batch.tcpWindow[row] = packet.window ?? 64_240;
  }
  if (packet.icmpType !== undefined) {
    batch.icmpType[row] = packet.icmpType;
    batch.icmpCode[row] = packet.icmpCode ?? 0;
  }
  batch.appEvents[row] = packet.events ?? 0;
  batch.appCode[row] = packet.appCode ?? -1;
  batch.httpStatus[row] = packet.httpStatus ?? -1;
  const [method, path] = packet.request?.split(' ') ?? [];
  batch.httpMethod.set(row, method ?? null);
  batch.httpPath.set(row, path ?? null);
  batch.tlsSni.set(row, packet.sni ?? null);
  if (packet.qtype !== undefined || packet.qname !== undefined) {
    const isResponse = packet.answerSize !== undefined;
    batch.dnsQuery[row] = isResponse ? 0 : 1;
    batch.dnsResponse[row] = isResponse ? 1 : 0;
    batch.dnsQname.set(row, packet.qname ?? null);
    batch.dnsQtype[row] = packet.qtype ?? 1;
    if (packet.answerSize !== undefined) batch.dnsAnswerSize[row] = packet.answerSize;
  }
  return row;
}

function addArp(batch: PacketBatch, packet: HandArp): number {
  const row = batch.addRow(Math.round(packet.t * 1e6), 42);
  const words = new Uint32Array(4);
  batch.protocol[row] = Protocol.ARP;
  batch.arpOp[row] = packet.op;
  batch.arpHwsrc[row] = packet.hwsrc;
  batch.arpHwdst[row] = packet.hwdst ?? 0;
  batch.srcMac[row] = packet.hwsrc;
  parseIp(packet.psrc, words, 0);
  batch.arpPsrc[row] = words[3]!;
  parseIp(packet.pdst, words, 0);
  batch.arpPdst[row] = words[3]!;
  return row;
}
