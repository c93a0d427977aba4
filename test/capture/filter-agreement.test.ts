/**
 * Our filters against tcpdump's, packet by packet, over the Ethernet frames of every capture there is.
 * tcpdump reads files, where tags stand in the frame and hide what is behind them; ours run in the kernel,
 * which takes a tag out first. So tagged frames are asked of tcpdump as `vlan and (…)`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filterProgram } from '../../src/capture/filter/filter-program.ts';
import { parseFilter } from '../../src/capture/filter/parse-filter.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { pcapFileHeader, pcapRecord } from '../../src/capture/write-pcap.ts';
import { AppError } from '../../src/errors.ts';
import { asKernelSees, isTagged, runFilter } from './bpf-machine.ts';

const DATA = '../shared/data';
/** Of each capture: all kinds of traffic rather than much of one. */
const FRAMES_PER_FILE = 60;
const MAX_FILE_BYTES = 20_000_000;

const isPossible =
  existsSync(join(DATA, 'decode')) && spawnSync('tcpdump', ['--version']).status === 0;
if (!isPossible)
  process.stderr.write('filter agreement skipped: it needs tcpdump and ../shared/data\n');

interface Kept {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
}

interface Heap {
  readonly path: string;
  readonly frames: readonly Kept[];
}

const dir = mkdtempSync(join(tmpdir(), 'phantomnet-filter-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let plain: Heap;
let tagged: Heap;

beforeAll(async () => {
  if (!isPossible) return;
  const frames: Kept[] = [];
  for (const folder of ['decode', 'benign', 'lab'].filter((name) => existsSync(join(DATA, name)))) {
    const paths = readdirSync(join(DATA, folder), { recursive: true, encoding: 'utf8' });
    for (const path of paths.filter((name) => /cap/.test(name)).toSorted()) {
      await collect(join(DATA, folder, path), frames);
    }
  }
  plain = heapOf(
    'plain',
    frames.filter(({ bytes }) => !isTagged(bytes)),
  );
  tagged = heapOf(
    'tagged',
    frames.filter(({ bytes }) => isTagged(bytes)),
  );
}, 300_000);

async function collect(path: string, frames: Kept[]): Promise<void> {
  if (!statSync(path).isFile() || statSync(path).size > MAX_FILE_BYTES) return;
  const stop = new AbortController();
  let count = 0;
  try {
    const source = await openCapture(path, { chunkBytes: 1 << 16 });
    await source.run(
      (frame) => {
        const length = frame.end - frame.start;
        if (frame.linkType !== 1 || length < 18 || length > 65_535) return;
        if (++count > FRAMES_PER_FILE) return stop.abort();
        const bytes = frame.bytes.slice(frame.start, frame.end);
        frames.push({ bytes, wireLength: frame.wireLength });
      },
      { signal: stop.signal },
    );
  } catch (error) {
    // What is no capture, or a damaged one, gives what it gave.
    if (!(error instanceof AppError)) throw error;
  }
}

/** A capture whose timestamps are the frames' numbers, so that an answer says which frames they are. */
function heapOf(name: string, frames: readonly Kept[]): Heap {
  const path = join(dir, `${name}.pcap`);
  const records = frames.map(({ bytes, wireLength }, index) =>
    pcapRecord({
      view: new DataView(bytes.buffer),
      bytes,
      start: 0,
      end: bytes.length,
      wireLength,
      tsMicros: index * 1e6,
      linkType: 1,
      interface: '',
      checksumPending: false,
    }),
  );
  writeFileSync(path, Buffer.concat([pcapFileHeader(1), ...records]));
  return { path, frames };
}

function tcpdumps(heap: Heap, expression: string): number[] {
  const args = ['-Z', 'root', '-n', '-r', heap.path, '-w', '-', expression];
  const output = execFileSync('tcpdump', args, {
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const found: number[] = [];
  for (let at = 24; at + 16 <= output.length; at += 16 + output.readUInt32LE(at + 8)) {
    found.push(output.readUInt32LE(at));
  }
  return found;
}

function ours(heap: Heap, expression: string): number[] {
  const program = filterProgram(parseFilter(expression));
  const found: number[] = [];
  for (const [index, { bytes, wireLength }] of heap.frames.entries()) {
    if (runFilter(program, asKernelSees(bytes, wireLength))) found.push(index);
  }
  return found;
}

const EXPRESSIONS = [
  'ip',
  'ip6',
  'arp',
  'rarp',
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'icmp6',
  'proto 6',
  'proto 47',
  'ip proto 50',
  'ip6 proto 17',
  'ip6 proto 0',
  'ether proto 0x88cc',
  'ether proto 0x8863',
  'port 53',
  'src port 80',
  'dst port 443',
  'tcp port 80',
  'tcp src port 80',
  'udp dst port 53',
  'sctp port 2905',
  'portrange 1-1023',
  'udp portrange 5000-6000',
  'dst portrange 1024-65535',
  'port 80 or 443',
  'host 192.168.0.1',
  'src host 10.0.0.1 or dst host 10.0.0.1',
  'src 192.168.1.1',
  'dst 192.168.1.1 or 192.168.0.1',
  'src or dst host 127.0.0.1',
  'src and dst net 10',
  'arp host 192.168.1.1',
  'ip host 192.168.1.1',
  'host ::1',
  'host ff02::1',
  'net 10.0.0.0/8',
  'src net 192.168.0.0/16',
  'net 192.168',
  'net 172.16.0.0/12 and not net 172.16.0.0/16',
  'net fe80::/10',
  'ip6 net 2001:db8::/32',
  'dst net ff00::/8',
  'net 128.0.0.0/1',
  'ether host ff:ff:ff:ff:ff:ff',
  'ether src 00:00:00:00:00:00',
  'ether dst 01:80:c2:00:00:0e',
  'less 64',
  'greater 1000',
  'not ip',
  '! ( tcp or udp ) && ip',
  'tcp or udp and port 53',
  'udp port 53 or tcp port 53 and net 10.0.0.0/8',
  'not (port 80 or port 443) and not arp and (tcp or icmp or less 100)',
  'not not tcp',
  'ip and not (host 192.168.0.1 and port 53)',
  'net 0.0.0.0/0',
];

describe.skipIf(!isPossible)('a filter keeps exactly what tcpdump keeps', () => {
  it('over enough packets to mean something', () => {
    expect(plain.frames.length).toBeGreaterThan(30_000);
    expect(tagged.frames.length).toBeGreaterThan(100);
  });

  it.each(EXPRESSIONS)('%s', (expression) => {
    expect(ours(plain, expression)).toEqual(tcpdumps(plain, expression));
    expect(ours(tagged, expression)).toEqual(tcpdumps(tagged, `vlan and (${expression})`));
  });

  it.each([
    ['vlan', 'vlan'],
    ['vlan 10', 'vlan 10'],
    ['vlan 1 or vlan 2', 'vlan 1'],
    ['not vlan', 'not vlan'],
  ])('%s', (expression, theirs) => {
    expect(ours(plain, expression)).toEqual(tcpdumps(plain, theirs));
    const some = tcpdumps(tagged, theirs);
    if (expression === theirs) expect(ours(tagged, expression)).toEqual(some);
    else expect(ours(tagged, expression)).toEqual(expect.arrayContaining(some));
  });

  it('with a program whose jumps are longer than an instruction can hold', () => {
    const many = Array.from({ length: 300 }, (_, n) => `port ${n + 1}`).join(' or ');
    expect(filterProgram(parseFilter('host 192.168.0.1 or 10.0.0.1')).length).toBeLessThan(60);
    const expression = `not (${Array.from({ length: 60 }, (_, n) => `port ${n + 1}`).join(' or ')}) and ip`;
    expect(filterProgram(parseFilter(expression)).length).toBeGreaterThan(500);
    expect(ours(plain, expression)).toEqual(tcpdumps(plain, expression));
    expect(() => filterProgram(parseFilter(many))).toThrow('instructions, the kernel takes 4096');
  });
});
