/**
 * The 33 columns as tshark's fields give them: the translation from its words to the contract's.
 *
 * tshark follows a packet through tunnels and into what ICMP errors quote, and its first value need not
 * be the outermost layer's. `frame.protocols` lists the layers in order, so a field counts only if its
 * protocol stands in the outermost stack: network, transport, application.
 */
import type { PacketRecord } from '../../src/contract/packet-record.ts';
import type { TsharkPacket } from './tshark.ts';

type Column = keyof PacketRecord;
export type Expected = Partial<Record<Column, PacketRecord[Column]>>;

/** The columns of the contract's first table, `interface` apart: see `compare.ts`. */
export const COMPARED_COLUMNS = [
  'timestamp',
  'interface',
  'src_ip',
  'dst_ip',
  'protocol',
  'length',
  'src_port',
  'dst_port',
  'tcp_flags',
  'tcp_syn',
  'tcp_ack',
  'tcp_fin',
  'tcp_rst',
  'tcp_psh',
  'seq',
  'ack',
  'icmp_type',
  'icmp_code',
  'arp_op',
  'arp_psrc',
  'arp_pdst',
  'arp_hwsrc',
  'arp_hwdst',
  'dns_query',
  'dns_qname',
  'dns_qtype',
  'dns_response',
  'dns_answer_count',
  'dns_answer_size',
  'http_method',
  'http_path',
  'http_status_code',
  'http_host',
] as const satisfies readonly Column[];

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
const NETWORK = ['ip', 'ipv6', 'arp'];
const TRANSPORT = ['tcp', 'udp', 'icmp', 'icmpv6'];
/** Layers between IP and the transport. */
const EXTENSIONS = new Set(['ipv6.hopopts', 'ipv6.routing', 'ipv6.fraghdr', 'ipv6.dstopts', 'ah']);
const DNS = ['dns', 'mdns', 'llmnr'];
const HTTP = ['http', 'ssdp'];
const MAX_PATH_CHARS = 2048;

/** By protocol number, the field that says what follows. */
const NEXT_HEADER = {
  0: 'ipv6.hopopts.nxt',
  43: 'ipv6.routing.nxt',
  44: 'ipv6.fraghdr.nxt',
  51: 'ah.next_header',
  60: 'ipv6.dstopts.nxt',
  135: 'mip6.proto',
} as const satisfies Record<number, keyof TsharkPacket>;

interface Layers {
  readonly network: string | undefined;
  readonly transport: string | undefined;
  /** Protocols above the transport, up to the next network layer. */
  readonly application: readonly string[];
}

export function expectedOf(packet: TsharkPacket): Expected {
  const layers = outermost(packet['frame.protocols'].split(':'), packet['ip.src'] !== '');
  const hasIp = layers.network === 'ip' || layers.network === 'ipv6';
  const isArp = layers.network === 'arp';
  return {
    timestamp: timestampOf(packet['frame.time_epoch']),
    interface: nameOfInterface(packet['frame.interface_name']),
    src_ip: hasIp ? packet[layers.network === 'ip' ? 'ip.src' : 'ipv6.src'] || null : null,
    dst_ip: hasIp ? packet[layers.network === 'ip' ? 'ip.dst' : 'ipv6.dst'] || null : null,
    protocol: isArp ? 'ARP' : protocolOf(packet, layers.network),
    length: Number(packet['frame.len']),
    ...transportColumns(packet, layers.transport),
    arp_op: isArp ? numberOf(packet['arp.opcode']) : null,
    arp_psrc: isArp ? packet['arp.src.proto_ipv4'] || null : null,
    arp_pdst: isArp ? packet['arp.dst.proto_ipv4'] || null : null,
    arp_hwsrc: isArp ? packet['arp.src.hw_mac'] || null : null,
    arp_hwdst: isArp ? packet['arp.dst.hw_mac'] || null : null,
    ...dnsColumns(packet, layers),
    ...httpColumns(packet, layers),
  };
}

/** Cut to the microsecond; null where the file gives no time, or none that can be written in nine digits. */
function timestampOf(text: string): number | null {
  const [, seconds, micros] = /^(\d+)\.(\d{6})\d{3}$/.exec(text) ?? [];
  return seconds === undefined ? null : Number(seconds + micros) / 1e6;
}

/** Only pcapng names interfaces; `unknown` stands for one without a name. */
function nameOfInterface(name: string): string | null {
  return name === '' || name === 'unknown' ? null : name;
}

function outermost(protocols: readonly string[], hasIpv4: boolean): Layers {
  let at = protocols.findIndex((name) => NETWORK.includes(name));
  // An IPv6 packet under IPv4's type number: tshark lists both.
  if (protocols[at] === 'ip' && protocols[at + 1] === 'ipv6' && !hasIpv4) at++;
  if (at < 0) return { network: undefined, transport: undefined, application: [] };
  let next = at + 1;
  while (EXTENSIONS.has(protocols[next] ?? '')) next++;
  const transport = TRANSPORT.find((name) => name === protocols[next]);
  const rest = protocols.slice(next + 1);
  const inner = rest.findIndex((name) => NETWORK.includes(name) || name === 'eth');
  return {
    network: protocols[at],
    transport,
    application: transport === undefined ? [] : rest.slice(0, inner < 0 ? undefined : inner),
  };
}

function protocolOf(packet: TsharkPacket, network: string | undefined): string {
  if (network === undefined) return 'OTHER';
  let number = numberOf(packet[network === 'ip' ? 'ip.proto' : 'ipv6.nxt']) ?? -1;
  for (let step = 0; step < 16 && number in NEXT_HEADER; step++) {
    if (network === 'ip' && number !== 51) break;
    const next = numberOf(packet[NEXT_HEADER[number as keyof typeof NEXT_HEADER]]);
    if (next === null) break;
    if (next === number) break;
    number = next;
  }
  const names: Record<number, string> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' };
  return names[number] ?? 'OTHER';
}

function transportColumns(packet: TsharkPacket, transport: string | undefined): Expected {
  const isTcp = transport === 'tcp';
  const isUdp = transport === 'udp';
  const bits = isTcp ? numberOf(packet['tcp.flags']) : null;
  const has = (bit: number) => (bits === null ? null : (bits & bit) !== 0);
  const icmp = transport === 'icmp' || transport === 'icmpv6' ? transport : null;
  const portOf = (end: 'srcport' | 'dstport') =>
    isTcp || isUdp ? numberOf(packet[`${transport}.${end}`]) : null;
  return {
    src_port: portOf('srcport'),
    dst_port: portOf('dstport'),
    tcp_flags:
      bits === null ? null : FLAG_NAMES.filter((_, bit) => (bits & (1 << bit)) !== 0).join(','),
    tcp_syn: has(0x02),
    tcp_ack: has(0x10),
    tcp_fin: has(0x01),
    tcp_rst: has(0x04),
    tcp_psh: has(0x08),
    seq: isTcp && bits !== null ? numberOf(packet['tcp.seq_raw']) : null,
    ack: isTcp && bits !== null ? numberOf(packet['tcp.ack_raw']) : null,
    icmp_type: icmp ? numberOf(packet[`${icmp}.type`]) : null,
    icmp_code: icmp ? numberOf(packet[`${icmp}.code`]) : null,
  };
}

function dnsColumns(packet: TsharkPacket, { transport, application }: Layers): Expected {
  const isDns = application.some((name) => DNS.includes(name));
  const response = isDns ? numberOf(packet['dns.flags.response']) : null;
  const udpBytes = numberOf(packet['udp.length']);
  const messageBytes =
    transport === 'tcp' ? numberOf(packet['dns.length']) : udpBytes === null ? null : udpBytes - 8;
  return {
    dns_query: response === null ? null : response === 0,
    dns_response: response === null ? null : response === 1,
    dns_qname: response === null ? null : nameOf(packet['dns.qry.name']),
    dns_qtype: response === null ? null : numberOf(packet['dns.qry.type']),
    dns_answer_count: response === 1 ? numberOf(packet['dns.count.answers']) : null,
    dns_answer_size: response === 1 ? messageBytes : null,
  };
}

function httpColumns(packet: TsharkPacket, { application }: Layers): Expected {
  const isHttp = application.some((name) => HTTP.includes(name));
  const path = isHttp ? packet['http.request.uri'] || null : null;
  return {
    http_method: isHttp ? packet['http.request.method'] || null : null,
    http_path: path === null ? null : [...path].slice(0, MAX_PATH_CHARS).join(''),
    http_status_code: isHttp ? packet['http.response.code'] || null : null,
    http_host: isHttp ? packet['http.host'] || null : null,
  };
}

function nameOf(name: string): string | null {
  if (name === '') return null;
  return name === '<Root>' ? '' : name.toLowerCase();
}

/** Decimal or 0x hexadecimal, booleans as 0 and 1; null for the empty text. */
function numberOf(text: string): number | null {
  return text === '' ? null : Number(text);
}
