/**
 * Cuts `demo/demo.pcap.zst` and `demo/labels.csv` out of the laboratory recording: one span of time as it
 * was, with all flows of the attacks and the benign flows thinned by whole flows, the same ones each time.
 * Frames and times are untouched. Writes `demo/README.md` with the numbers.
 *
 * Run: node scripts/cut-demo.ts [folder of the recording]
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { openCapture } from '../src/capture/open-capture.ts';
import type { FrameHandler } from '../src/capture/source.ts';
import { pcapFileHeader, pcapRecord } from '../src/capture/write-pcap.ts';
import { PacketBatch, PROTOCOLS } from '../src/contract/packet-batch.ts';
import { formatIp } from '../src/core/wire/address.ts';
import { PacketDecoder } from '../src/core/wire/decoder.ts';

/** The span, s since the epoch. It begins where a 180 s window begins. */
const START = 1_795_202_460;
const END = 1_795_202_949;
/** Of the benign flows larger than `SMALL_BYTES` this share is kept. */
const KEEP_PERCENT = 10;
const SMALL_BYTES = 2048;
const MAX_BYTES = 8_000_000;

interface Flow {
  protocol: string;
  a: string;
  aPort: number;
  b: string;
  bPort: number;
  first: number;
  packets: number;
  bytes: number;
}

interface Label {
  line: string;
  start: number;
  end: number;
  src: string;
  dst: string;
  proto: string;
  ports: string[];
  label: string;
}

const folder = process.argv[2] ?? join('..', 'shared', 'data', 'lab', 'train');
const capture = join(folder, 'train.pcap.zst');
const [labelHeader = '', ...labelLines] = read('labels.csv');
const labels = labelLines.map(parseLabel).filter(({ start, end }) => end >= START && start <= END);
const hosts = new Set(read('hosts.csv').map((line) => line.split(',')[1] ?? ''));

const flows = new Map<string, Flow>();
await eachPacket((key, flow, micros, length) => {
  const known = flows.get(key) ?? { ...flow, first: micros / 1e6, packets: 0, bytes: 0 };
  known.packets++;
  known.bytes += length;
  flows.set(key, known);
});

const labelOf = new Map<string, string>();
for (const [key, flow] of flows) {
  const label = labels.find((row) => matches(row, flow))?.label;
  if (label) labelOf.set(key, label);
}

const records: Uint8Array[] = [pcapFileHeader(1)];
const kept = new Map<string, { flows: Set<string>; packets: number; bytes: number }>();
await eachPacket((key, _, micros, length, frame) => {
  if (!isKept(key) || micros < START * 1e6 || micros > END * 1e6) return;
  records.push(pcapRecord(frame));
  const label = labelOf.get(key) ?? 'benign';
  const count = kept.get(label) ?? { flows: new Set(), packets: 0, bytes: 0 };
  count.flows.add(key);
  count.packets++;
  count.bytes += length;
  kept.set(label, count);
});

const params = {
  [constants.ZSTD_c_compressionLevel]: 19,
  [constants.ZSTD_c_windowLog]: 27,
  [constants.ZSTD_c_enableLongDistanceMatching]: 1,
};
const packed = zstdCompressSync(Buffer.concat(records), { params });
if (packed.length > MAX_BYTES) {
  throw new Error(`the cut has ${packed.length} bytes, more than ${MAX_BYTES}: lower KEEP_PERCENT`);
}
mkdirSync('demo', { recursive: true });
writeFileSync(join('demo', 'demo.pcap.zst'), packed);
writeFileSync(
  join('demo', 'labels.csv'),
  `${[labelHeader, ...labels.map(({ line }) => line)].join('\n')}\n`,
);
const readme = describe(records.length - 1, packed);
writeFileSync(join('demo', 'README.md'), readme);
console.log(readme);

/** A benign flow is there whole or not at all: it must begin inside the span. */
function isKept(key: string): boolean {
  const flow = flows.get(key);
  if (!flow) return false;
  if (labelOf.has(key)) return true;
  // ARP, ICMP and what has no addresses has no ports: all of it stays.
  if (flow.aPort < 0) return true;
  if (flow.first < START) return false;
  if (flow.bytes <= SMALL_BYTES) return true;
  const draw = createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32;
  return draw * 100 < KEEP_PERCENT;
}

async function eachPacket(
  visit: (
    key: string,
    flow: Omit<Flow, 'first' | 'packets' | 'bytes'>,
    micros: number,
    length: number,
    frame: Parameters<FrameHandler>[0],
  ) => void,
): Promise<void> {
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(1);
  const source = await openCapture(capture);
  await source.run((frame) => {
    batch.clear();
    decoder.decode(frame, batch);
    const version = batch.ipVersion[0] ?? 0;
    const flow = {
      protocol: (PROTOCOLS[batch.protocol[0] ?? 0] ?? 'OTHER').toLowerCase(),
      a: version === 0 ? '' : formatIp(batch.src, 0, version),
      aPort: batch.srcPort[0] ?? -1,
      b: version === 0 ? '' : formatIp(batch.dst, 0, version),
      bPort: batch.dstPort[0] ?? -1,
    };
    const ends = [`${flow.a} ${flow.aPort}`, `${flow.b} ${flow.bPort}`].sort();
    visit(
      `${flow.protocol} ${ends.join(' ')}`,
      flow,
      frame.tsMicros,
      frame.end - frame.start,
      frame,
    );
  });
}

function parseLabel(line: string): Label {
  const [start, end, src = '', dst = '', proto = '', ports = '', label = ''] = line.split(',');
  return {
    line,
    start: Number(start),
    end: Number(end),
    src,
    dst,
    proto,
    ports: ports.split('|'),
    label,
  };
}

/** Whether the flow began inside the row's time, between its hosts, either of them speaking first. */
function matches(row: Label, flow: Flow): boolean {
  if (flow.first < row.start || flow.first > row.end) return false;
  if (row.proto !== '*' && row.proto !== flow.protocol) return false;
  const isPort = (port: number) => row.ports.includes('*') || row.ports.includes(String(port));
  const isFrom = (src: string, dst: string, port: number) =>
    isHost(row.src, src) && isHost(row.dst, dst) && isPort(port);
  return isFrom(flow.a, flow.b, flow.bPort) || isFrom(flow.b, flow.a, flow.aPort);
}

function isHost(pattern: string, address: string): boolean {
  if (pattern === 'SPOOFED') return !hosts.has(address);
  if (pattern === 'LAN') return address.startsWith('10.20.30.');
  return pattern === address;
}

function read(name: string): string[] {
  return readFileSync(join(folder, name), 'utf8').trim().split('\n');
}

function describe(packets: number, packed: Uint8Array): string {
  const total = { flows: 0, bytes: 0 };
  const rows = [...kept]
    .sort(([a], [b]) => (a === 'benign' ? -1 : b === 'benign' ? 1 : a.localeCompare(b)))
    .map(([label, count]) => {
      total.flows += count.flows.size;
      total.bytes += count.bytes;
      return `| ${label} | ${count.flows.size} | ${count.packets} | ${Math.round(count.bytes / 1000)} |`;
    });
  const hash = createHash('sha256').update(packed).digest('hex');
  return `# The demo capture

\`demo.pcap.zst\` is what \`npm start\` replays on its first run: ${END - START} seconds of our own laboratory
recording (namespaces on one machine; the tools are real, the addresses are not), made by

    node scripts/cut-demo.ts

which cuts it out of \`../shared/data/lab/train\` and always with the same result. Frames and times are as they were
recorded, nothing is truncated, no gap is closed. All flows of the attacks are there; of the benign flows those that
begin inside the span, of the ones above ${SMALL_BYTES} bytes ${KEEP_PERCENT} in 100, chosen by a hash of their addresses and ports.
ARP and ICMP are there completely. \`labels.csv\` says which attack was when, from whom to whom; what no row covers is benign.

The table counts flows by protocol, addresses and ports. ARP counts as benign in it, also the forged replies of ARP_Spoof.

| label | flows | packets | kB |
|---|---|---|---|
${rows.join('\n')}
| **all** | ${total.flows} | ${packets} | ${Math.round(total.bytes / 1000)} |

${packed.length} bytes packed, sha256 \`${hash}\`.
`;
}
