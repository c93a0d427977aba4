/**
 * What tshark reads from a capture, packet by packet: the peer of the agreement test.
 *
 * Settings that make the comparison fair: nothing is reassembled or decrypted, no names are resolved,
 * checksums are not judged, and retransmitted segments are dissected like any other, because our decoder
 * too takes each packet by itself.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const FIELDS = [
  'frame.time_epoch',
  'frame.interface_name',
  'frame.len',
  'frame.protocols',
  'frame.encap_type',
  'ip.src',
  'ip.dst',
  'ip.proto',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.nxt',
  'ipv6.hopopts.nxt',
  'ipv6.routing.nxt',
  'ipv6.fraghdr.nxt',
  'ipv6.dstopts.nxt',
  'mip6.proto',
  'ah.next_header',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.flags',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'udp.srcport',
  'udp.dstport',
  'udp.length',
  'sctp.srcport',
  'sctp.dstport',
  'icmp.type',
  'icmp.code',
  'icmpv6.type',
  'icmpv6.code',
  'arp.opcode',
  'arp.src.proto_ipv4',
  'arp.dst.proto_ipv4',
  'arp.src.hw_mac',
  'arp.dst.hw_mac',
  'dns.flags.response',
  'dns.qry.name',
  'dns.qry.type',
  'dns.count.answers',
  'dns.length',
  'http.request.method',
  'http.request.uri',
  'http.response.code',
  'http.host',
] as const;

/** All values of each field in the order of the layers, as tshark prints them; none where the packet has none. */
export type TsharkPacket = Readonly<Record<(typeof FIELDS)[number], readonly string[]>>;

const PREFERENCES = [
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
  'ipv6.tso_support:TRUE',
  'tcp.desegment_tcp_streams:FALSE',
  'tcp.relative_sequence_numbers:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'tcp.no_subdissector_on_error:FALSE',
  'tcp.check_checksum:FALSE',
  'udp.check_checksum:FALSE',
  'ip.check_checksum:FALSE',
  'dns.desegment_dns_messages:FALSE',
  'http.desegment_headers:FALSE',
  'http.desegment_body:FALSE',
  'http.dechunk_body:FALSE',
  'http.decompress_body:FALSE',
  'wlan.enable_decryption:FALSE',
];

/** DNS is read on its ports only, by us as by tshark without this guess. */
const DISABLED_HEURISTICS = ['dns_udp'];

const SEPARATOR = '\x1f';
/** Ports that we know and tshark does not by itself. */
const DECODE_AS = ['udp.port==8472,vxlan', 'udp.port==4754,gre'];

const AGGREGATOR = '\x1e';
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

export async function hasTshark(): Promise<boolean> {
  return run('tshark', ['--version']).then(
    () => true,
    () => false,
  );
}

/** Rejects where tshark cannot open the file at all; what it read before damage is returned. */
export async function readWithTshark(path: string): Promise<TsharkPacket[]> {
  const options = [
    ['-n', '-r', path, '-T', 'fields'],
    ['-E', `separator=${SEPARATOR}`, '-E', 'occurrence=a', '-E', `aggregator=${AGGREGATOR}`],
    ...PREFERENCES.map((preference) => ['-o', preference]),
    ...DECODE_AS.map((rule) => ['-d', rule]),
    ...DISABLED_HEURISTICS.map((name) => ['--disable-heuristic', name]),
    ...FIELDS.map((field) => ['-e', field]),
  ].flat();
  return parse(await outputOf(options));
}

/** tshark ends with an error at a damaged record, after printing what stood before it. */
async function outputOf(options: string[]): Promise<string> {
  try {
    return (await run('tshark', options, { maxBuffer: MAX_OUTPUT_BYTES })).stdout;
  } catch (error) {
    const partial = (error as { stdout?: string }).stdout;
    if (partial) return partial;
    throw error;
  }
}

function parse(output: string): TsharkPacket[] {
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const values = line.split(SEPARATOR);
      const lists = FIELDS.map((field, i) => [field, values[i] ? values[i].split(AGGREGATOR) : []]);
      return Object.fromEntries(lists) as TsharkPacket;
    })
    .filter((packet) => packet['frame.encap_type'].length > 0); // blocks of pcapng that are no packets
}
