/**
 * The 33 columns as tshark's fields give them: the translation from its words to the contract's.
 *
 * tshark follows a packet through tunnels and into what ICMP errors quote. `frame.protocols` lists the layers
 * in order, and the values of a field stand in the same order, so that those of one stack (network, transport,
 * application) can be told: of the stack that our row tells, as deep as our decoder went.
 */
import type { PacketRecord } from '../../src/contract/packet-record.ts';
import type { TsharkPacket } from './tshark.ts';

type Column = keyof PacketRecord;
type Field = keyof TsharkPacket;
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
const TRANSPORT = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp'];
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

/** One stack of a packet: network, transport and application, with the place of its layers among those of the same name. */
interface Layers {
  readonly network: string | undefined;
  readonly transport: string | undefined;
  /** Protocols above the transport, up to the next network layer. */
  readonly application: readonly string[];
  /** How many layers of a protocol stand below this stack. */
  readonly below: ReadonlyMap<string, number>;
}

/** `depth`: tunnels to go through. */
export function expectedOf(packet: TsharkPacket, depth: number): Expected {
  const layers = stacksOf(packet)[depth] ?? NO_LAYERS;
  const first = (field: Field) => packet[field][0] ?? '';
  const of = valueReader(packet, layers);
  const hasIp = layers.network === 'ip' || layers.network === 'ipv6';
  const isArp = layers.network === 'arp';
  return {
    timestamp: timestampOf(first('frame.time_epoch')),
    interface: nameOfInterface(first('frame.interface_name')),
    src_ip: hasIp ? of(layers.network === 'ip' ? 'ip.src' : 'ipv6.src') || null : null,
    dst_ip: hasIp ? of(layers.network === 'ip' ? 'ip.dst' : 'ipv6.dst') || null : null,
    protocol: isArp ? 'ARP' : protocolOf(of, layers.network),
    length: Number(first('frame.len')),
    ...transportColumns(of, layers.transport),
    arp_op: isArp ? numberOf(of('arp.opcode')) : null,
    arp_psrc: isArp ? of('arp.src.proto_ipv4') || null : null,
    arp_pdst: isArp ? of('arp.dst.proto_ipv4') || null : null,
    arp_hwsrc: isArp ? of('arp.src.hw_mac') || null : null,
    arp_hwdst: isArp ? of('arp.dst.hw_mac') || null : null,
    ...dnsColumns(of, layers),
    ...httpColumns(of, layers),
  };
}

/** How many of the tunnels that we know tshark went through. */
export function tunnelsOf(packet: TsharkPacket): number {
  return Math.max(0, stacksOf(packet).length - 1);
}

type ValueReader = (field: Field) => string;

const NO_LAYERS: Layers = {
  network: undefined,
  transport: undefined,
  application: [],
  below: new Map(),
};

/** Protocols that lead from one stack to the next, as we do too. */
const TUNNELS = new Set(['gre', 'vxlan', 'geneve', 'gtp', 'teredo', 'ayiya', 'erspan']);
/** What else may stand between the stacks of a tunnel. */
const BETWEEN = new Set([
  ...['eth', 'ethertype', 'vlan', 'mpls', 'ppp', 'pppoes', 'llc', 'nvgre', 'pw', 'ieee8021ad'],
  ...['ah', 'ipv6.hopopts', 'ipv6.routing', 'ipv6.fraghdr', 'ipv6.dstopts', 'udp'],
]);

/** The value that the field has in the stack's layer: as many stand before it as layers of its protocol are below. */
function valueReader(packet: TsharkPacket, { below }: Layers): ValueReader {
  return (field) => {
    const values = packet[field];
    const protocol = field.split('.', 1)[0] ?? '';
    return values[Math.min(below.get(protocol) ?? 0, values.length - 1)] ?? '';
  };
}

/** The stacks from the outermost inwards, each reached from the last through a tunnel that we know. */
function stacksOf(packet: TsharkPacket): Layers[] {
  const protocols = (packet['frame.protocols'][0] ?? '').split(':');
  const stacks: Layers[] = [];
  let at = protocols.findIndex((name) => NETWORK.includes(name));
  // An IPv6 packet under IPv4's type number: tshark lists both.
  if (protocols[at] === 'ip' && protocols[at + 1] === 'ipv6' && packet['ip.src'].length === 0) at++;
  while (at >= 0) {
    stacks.push(stackAt(protocols, at));
    at = nextStack(protocols, at);
  }
  return stacks;
}

function stackAt(protocols: readonly string[], at: number): Layers {
  let next = at + 1;
  while (EXTENSIONS.has(protocols[next] ?? '')) next++;
  const transport = TRANSPORT.find((name) => name === protocols[next]);
  const rest = protocols.slice(next + 1);
  const inner = rest.findIndex((name) => NETWORK.includes(name) || name === 'eth');
  const below = new Map<string, number>();
  for (const name of protocols.slice(0, at)) below.set(name, (below.get(name) ?? 0) + 1);
  return {
    network: protocols[at],
    transport,
    application: transport === undefined ? [] : rest.slice(0, inner < 0 ? undefined : inner),
    below,
  };
}

/** Index of the network layer inside the tunnel in the stack at `at`; -1: it carries none. */
function nextStack(protocols: readonly string[], at: number): number {
  let isTunnel = true;
  for (let next = at + 1; next < protocols.length; next++) {
    const name = protocols[next] ?? '';
    if (NETWORK.includes(name)) return isTunnel ? next : -1;
    if (name === 'udp') isTunnel = false;
    else if (TUNNELS.has(name)) isTunnel = true;
    else if (!BETWEEN.has(name)) return -1;
  }
  return -1;
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

function protocolOf(of: ValueReader, network: string | undefined): string {
  if (network === undefined) return 'OTHER';
  let number = numberOf(of(network === 'ip' ? 'ip.proto' : 'ipv6.nxt')) ?? -1;
  for (let step = 0; step < 16 && number in NEXT_HEADER; step++) {
    if (network === 'ip' && number !== 51) break;
    const next = numberOf(of(NEXT_HEADER[number as keyof typeof NEXT_HEADER]));
    if (next === null) break;
    if (next === number) break;
    number = next;
  }
  const names: Record<number, string> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' };
  return names[number] ?? 'OTHER';
}

function transportColumns(of: ValueReader, transport: string | undefined): Expected {
  const isTcp = transport === 'tcp';
  const isUdp = transport === 'udp';
  const isSctp = transport === 'sctp';
  const bits = isTcp ? numberOf(of('tcp.flags')) : null;
  const has = (bit: number) => (bits === null ? null : (bits & bit) !== 0);
  const icmp = transport === 'icmp' || transport === 'icmpv6' ? transport : null;
  const portOf = (end: 'srcport' | 'dstport') =>
    isTcp || isUdp || isSctp ? numberOf(of(`${transport}.${end}`)) : null;
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
    seq: isTcp && bits !== null ? numberOf(of('tcp.seq_raw')) : null,
    ack: isTcp && bits !== null ? numberOf(of('tcp.ack_raw')) : null,
    icmp_type: icmp ? numberOf(of(`${icmp}.type`)) : null,
    icmp_code: icmp ? numberOf(of(`${icmp}.code`)) : null,
  };
}

function dnsColumns(of: ValueReader, { transport, application }: Layers): Expected {
  const isDns = application.some((name) => DNS.includes(name));
  const response = isDns ? numberOf(of('dns.flags.response')) : null;
  const udpBytes = numberOf(of('udp.length'));
  const messageBytes =
    transport === 'tcp' ? numberOf(of('dns.length')) : udpBytes === null ? null : udpBytes - 8;
  return {
    dns_query: response === null ? null : response === 0,
    dns_response: response === null ? null : response === 1,
    dns_qname: response === null ? null : nameOf(of('dns.qry.name')),
    dns_qtype: response === null ? null : numberOf(of('dns.qry.type')),
    dns_answer_count: response === 1 ? numberOf(of('dns.count.answers')) : null,
    dns_answer_size: response === 1 ? messageBytes : null,
  };
}

function httpColumns(of: ValueReader, { application }: Layers): Expected {
  const isHttp = application.some((name) => HTTP.includes(name));
  const path = isHttp ? of('http.request.uri') || null : null;
  return {
    http_method: isHttp ? of('http.request.method') || null : null,
    http_path: path === null ? null : [...path].slice(0, MAX_PATH_CHARS).join(''),
    http_status_code: isHttp ? of('http.response.code') || null : null,
    http_host: isHttp ? of('http.host') || null : null,
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
