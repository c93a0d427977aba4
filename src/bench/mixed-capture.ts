/**
 * The decode bench's capture: the published Ethernet captures beside the repository, merged by time into
 * one classic pcap file with microseconds, which every peer reads as it is.
 *
 * Which captures, the manifest alone decides: every one under `decode` and `benign` whose link type is
 * Ethernet, in the manifest's order, which also decides between packets of the same microsecond. A damaged
 * capture gives the frames before the damage. They are fewer than `MIX_PACKETS` (270,000), so the merge is
 * repeated, each round later than the one before it, and cut at that number. The captures lie decades
 * apart: a silence longer than `MAX_SILENCE_MICROS` is shortened to it, so that the rounds fit the format's
 * 32 bits of seconds. All of it is held in memory while it is sorted (about 520 MB resident).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_DIR } from '../app/package-paths.ts';
import { openCapture } from '../capture/open-capture.ts';
import type { Frame } from '../capture/source.ts';
import { pcapRecord, stampRecord } from '../capture/write-pcap.ts';
import { ETHERNET } from '../core/wire/link-layer.ts';
import { AppError } from '../errors.ts';
import { type BenchCapture, makeBenchCapture, makeBenchFolder } from './bench-capture.ts';
import { PcapFile } from './pcap-file.ts';

const MIX_PACKETS = 600_000;
/** The largest record that all peers read. */
const MAX_FRAME_BYTES = 262_144;
/** Longer than any timeout of a peer. */
const MAX_SILENCE_MICROS = 3_600e6;
const START_MICROS = 1_767_225_600e6;
const DATA = join(PACKAGE_DIR, '..', 'shared', 'data');

interface Packet {
  tsMicros: number;
  readonly record: Uint8Array;
}

/** The mix, or the bundled demo where the published captures are not there. */
export async function makeMixedCapture(say: (line: string) => void): Promise<BenchCapture> {
  if (!existsSync(join(DATA, 'manifest.csv'))) {
    say('The published captures are not there: measured on the bundled demo, not on the mix');
    return makeBenchCapture();
  }
  const paths = mixedPaths();
  const packets: Packet[] = [];
  for (const path of paths) await collect(path, packets);
  // The sort is stable: the manifest's order stands within a microsecond.
  packets.sort((a, b) => a.tsMicros - b.tsMicros);
  const folder = makeBenchFolder();
  const path = join(folder.path, 'mix.pcap');
  writeRounds(path, packets);
  say(
    `${packets.length} packets of ${paths.length} captures, merged, repeated up to ${MIX_PACKETS}`,
  );
  return { path, packets: MIX_PACKETS, remove: folder.remove };
}

function mixedPaths(): string[] {
  const [head = '', ...lines] = readFileSync(join(DATA, 'manifest.csv'), 'utf8').split('\n');
  const encapsulation = head.split(',').indexOf('encap');
  return lines
    .map((line) => line.split(','))
    .filter((cells) => cells[encapsulation] === 'ether')
    .map(([path = '']) => path)
    .filter((path) => path.startsWith('decode/') || path.startsWith('benign/'));
}

async function collect(path: string, into: Packet[]): Promise<void> {
  const keep = (frame: Frame) => {
    if (frame.linkType !== ETHERNET || frame.end - frame.start > MAX_FRAME_BYTES) return;
    into.push({ tsMicros: frame.tsMicros, record: pcapRecord(frame) });
  };
  try {
    const source = await openCapture(join(DATA, path));
    await source.run(keep);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

function writeRounds(path: string, packets: readonly Packet[]): void {
  const file = new PcapFile(path, ETHERNET);
  let clock = START_MICROS;
  let before = Number.POSITIVE_INFINITY;
  for (let written = 0; written < MIX_PACKETS; written++) {
    const packet = packets[written % packets.length];
    if (!packet) break;
    const silence = packet.tsMicros - before;
    // Less than nothing: a round begins.
    clock += silence < 0 ? MAX_SILENCE_MICROS : Math.min(silence, MAX_SILENCE_MICROS);
    before = packet.tsMicros;
    stampRecord(packet.record, clock);
    file.put(packet.record);
  }
  file.close();
}
