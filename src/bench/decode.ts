/**
 * Decoding alone, from the file to all columns and metadata, in one thread. Counted is the processor time of the
 * whole process, so what V8 does beside that thread (compiling, collecting) counts against us; the time by
 * the clock is said beside it.
 */
import { openCapture } from '../capture/open-capture.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import { PacketDecoder } from '../core/wire/decoder.ts';
import { compare, type Measure } from './measure.ts';
import { makeMixedCapture } from './mixed-capture.ts';
import { hasPythonLibrary, isInstalled, ownSecondsOf, PYTHON, secondsOf } from './peer-command.ts';

/** The contract's columns as tshark names them. */
const TSHARK_FIELDS = [
  'frame.time_epoch',
  'frame.interface_name',
  'ip.src',
  'ipv6.src',
  'ip.dst',
  'ipv6.dst',
  '_ws.col.Protocol',
  'frame.len',
  'tcp.srcport',
  'udp.srcport',
  'tcp.dstport',
  'udp.dstport',
  'tcp.flags',
  'tcp.flags.syn',
  'tcp.flags.ack',
  'tcp.flags.fin',
  'tcp.flags.reset',
  'tcp.flags.push',
  'tcp.seq_raw',
  'tcp.ack_raw',
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
  'http.request.method',
  'http.request.uri',
  'http.response.code',
  'http.host',
];
/** V8 is done optimising after about as many. */
const WARM_UP_RUNS = 5;
/** One: it takes minutes. */
const SCAPY_RUNS = 1;
const SCAPY = `
import sys
from scapy.all import PcapReader, IP, TCP, UDP, ICMP, ARP, DNS
for p in PcapReader(sys.argv[1]):
    r = {'time': float(p.time), 'len': len(p)}
    if IP in p: r.update(src=p[IP].src, dst=p[IP].dst, ttl=p[IP].ttl)
    if TCP in p: r.update(sport=p[TCP].sport, dport=p[TCP].dport, flags=str(p[TCP].flags), seq=p[TCP].seq, ack=p[TCP].ack)
    elif UDP in p: r.update(sport=p[UDP].sport, dport=p[UDP].dport)
    elif ICMP in p: r.update(type=p[ICMP].type, code=p[ICMP].code)
    elif ARP in p: r.update(op=p[ARP].op, psrc=p[ARP].psrc, pdst=p[ARP].pdst)
    if DNS in p and p[DNS].qd: r.update(qname=str(p[DNS].qd))
`;

export async function* benchDecode(say: (line: string) => void): AsyncGenerator<Measure> {
  const capture = await makeMixedCapture(say);
  const { packets } = capture;
  say(`${packets} packets`);
  let wallMs: number[] = [];
  const ours = async () => {
    const started = performance.now();
    const seconds = await ownSecondsOf(() => decode(capture.path));
    wallMs.push(Math.round(performance.now() - started));
    return packets / seconds;
  };
  const against = async (
    name: string,
    command: string,
    peerName: string,
    args: readonly string[],
    runs?: number,
  ) => {
    wallMs = [];
    const measure = await compare(
      { area: 'decode', name, unit: 'packets/s', peerName },
      ours,
      isInstalled(command) ? () => packets / secondsOf(command, args) : null,
      runs,
    );
    say(`ours by the clock: ${wallMs.join(', ')} ms`);
    return measure;
  };
  try {
    for (let run = 0; run < WARM_UP_RUNS; run++) await ours();
    yield await against('decode.pps_vs_tshark', 'tshark', 'tshark -T fields', [
      '-n',
      '-r',
      capture.path,
      '-T',
      'fields',
      ...TSHARK_FIELDS.flatMap((field) => ['-e', field]),
    ]);
    if (hasPythonLibrary('scapy'))
      yield await against(
        'decode.pps_vs_scapy',
        PYTHON,
        'scapy',
        ['-c', SCAPY, capture.path],
        SCAPY_RUNS,
      );
    yield await against('decode.pps_vs_ndpireader', 'ndpiReader', 'ndpiReader', [
      '-i',
      capture.path,
      '-q',
    ]);
    yield await against('decode.pps_vs_tcpdump_copy', 'tcpdump', 'tcpdump -w', [
      '-Z',
      'root',
      '-r',
      capture.path,
      '-w',
      '/dev/null',
    ]);
  } finally {
    capture.remove();
  }
}

async function decode(path: string): Promise<void> {
  const batch = new PacketBatch(4096);
  const decoder = new PacketDecoder();
  const source = await openCapture(path);
  await source.run((frame) => {
    if (batch.isFull) batch.clear();
    decoder.decode(frame, batch);
  });
}
