/** Facts in `app_detail` against tshark's fields: one capture, packet by packet. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openCapture } from '../../src/capture/open-capture.ts';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';
import { isKnownLinkType } from '../../src/core/wire/link-layer.ts';
import { AppError } from '../../src/errors.ts';
import { FACTS, type Fact } from './detail-facts.ts';

const run = promisify(execFile);

const SEPARATOR = '\x1f';
const AGGREGATOR = '\x1e';
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const FIELDS = [...new Set(FACTS.flatMap(({ field }) => field))];
/** As for the columns, but messages of TCP are joined. */
const PREFERENCES = [
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'tcp.no_subdissector_on_error:FALSE',
  'nbss.desegment_nbss_commands:FALSE', // of SMB the header is read, in the segment that it comes in
];

export interface ComparedFact {
  readonly fact: string;
  readonly file: string;
  readonly packet: number;
  readonly ours: string | null;
  readonly theirs: string;
}

interface TsharkLine {
  readonly protocols: string;
  readonly values: ReadonlyMap<string, readonly string[]>;
}

interface OurRow {
  readonly protocol: string | null;
  readonly detail: Record<string, unknown>;
}

/** Every fact that tshark found in a packet that it takes for the same protocol as we do, or that we take for none. */
export async function compareDetails(folder: string, file: string): Promise<ComparedFact[]> {
  const lines = await readLines(`${folder}/${file}`).catch(() => []);
  const rows = await readRows(`${folder}/${file}`);
  const compared: ComparedFact[] = [];
  for (let i = 0; i < Math.min(lines.length, rows.length); i++) {
    const line = lines[i];
    const row = rows[i];
    if (line === undefined || row === undefined || !isComparable(line, row)) continue;
    for (const fact of FACTS) {
      const theirs = theirsOf(fact, line);
      if (theirs === null) continue;
      const ours = fact.protocols.includes(row.protocol ?? '') ? fact.ours(row.detail) : null;
      compared.push({ fact: fact.name, file, packet: i + 1, ours, theirs });
    }
  }
  return compared;
}

/** What we do not read: DNS in HTTP/2, SMB in NetBIOS datagrams. */
const CARRIERS_NOT_READ = ['http2', 'nbdgm'];

/** One message of one protocol, outside of tunnels and ICMP errors, that we tell whole. */
function isComparable({ protocols, values }: TsharkLine, { detail }: OurRow): boolean {
  const layers = protocols.split(':');
  if (layers.filter((layer) => layer === 'ip' || layer === 'ipv6').length !== 1) return false;
  if (CARRIERS_NOT_READ.some((layer) => layers.includes(layer))) return false;
  if ((values.get('dns.id')?.length ?? 0) > 1) return false;
  return detail.cut !== true;
}

function theirsOf(fact: Fact, { protocols, values }: TsharkLine): string | null {
  if (!fact.layers.some((layer) => protocols.split(':').includes(layer))) return null;
  const list = values.get(fact.field) ?? [];
  return list.length === 0 ? null : fact.theirs(list);
}

async function readRows(path: string): Promise<OurRow[]> {
  const rows: OurRow[] = [];
  const batch = new PacketBatch(1024);
  const decoder = new PacketDecoder();
  try {
    const source = await openCapture(path);
    await source.run((frame) => {
      if (!isKnownLinkType(frame.linkType)) return;
      if (batch.isFull) batch.clear();
      const row = decoder.decode(frame, batch);
      const detail = JSON.parse(batch.appDetail.get(row) ?? '{}') as Record<string, unknown>;
      rows.push({ protocol: batch.appProtocol.get(row), detail });
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return rows;
}

async function readLines(path: string): Promise<TsharkLine[]> {
  const options = [
    ['-n', '-r', path, '-T', 'fields', '-E', 'occurrence=a'],
    ['-E', `separator=${SEPARATOR}`, '-E', `aggregator=${AGGREGATOR}`],
    ...PREFERENCES.map((preference) => ['-o', preference]),
    ['--disable-heuristic', 'dns_udp', '-e', 'frame.encap_type', '-e', 'frame.protocols'],
    ...FIELDS.map((field) => ['-e', field]),
  ].flat();
  const { stdout } = await run('tshark', options, { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(SEPARATOR))
    .filter(([encapsulation]) => encapsulation !== '') // blocks of pcapng that are no packets
    .map(([, protocols = '', ...texts]) => ({
      protocols,
      values: new Map(
        FIELDS.map((field, i) => [field, texts[i] ? texts[i].split(AGGREGATOR) : []] as const),
      ),
    }));
}
