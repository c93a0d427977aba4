/** Captures of a few hundred bytes, one of every kind that is read, so that each byte of each can be damaged in turn. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

const ETHERNET = 1;
const SECONDS = 1_795_202_503;
const FRAMES = [14, 33, 5].map((length, index) => new Uint8Array(length).fill(0x41 + index));
const GOPACKET = resolve('../shared/data/decode/gopacket');
/** Larger ones take too long at every offset. */
const MAX_PUBLISHED_BYTES = 700;

export interface SmallCapture {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly frames: number;
  /** What is damaged is not the capture but the compressed stream around it. */
  readonly isCompressed: boolean;
}

export function builtCaptures(): SmallCapture[] {
  const pcapMicros = pcap(true, 0xa1b2c3d4);
  const pcapng = pcapngOf(true, 6);
  const plain: [string, Uint8Array][] = [
    ['pcap, µs, little-endian', pcapMicros],
    ['pcap, µs, big-endian', pcap(false, 0xa1b2c3d4)],
    ['pcap, ns, little-endian', pcap(true, 0xa1b23c4d)],
    ['pcap, ns, big-endian', pcap(false, 0xa1b23c4d)],
    ['pcap, modified', pcap(true, 0xa1b2cd34)],
    ['pcapng, µs, little-endian', pcapng],
    ['pcapng, ns, big-endian', pcapngOf(false, 9)],
    ['pcapng, two sections', Buffer.concat([pcapngOf(true, 6), pcapngOf(false, 0x83)])],
  ];
  const packed: [string, Uint8Array][] = [
    ['pcap, gzip', gzipSync(pcapMicros)],
    ['pcapng, gzip', gzipSync(pcapng)],
    ['pcap, zstd', zstdCompressSync(pcapMicros)],
    ['pcapng, zstd', zstdCompressSync(pcapng)],
  ];
  return [
    ...plain.map(([name, bytes]) => ({
      ...{ name, bytes, isCompressed: false },
      frames: name.includes('two') ? 6 : 3,
    })),
    ...packed.map(([name, bytes]) => ({ name, bytes, isCompressed: true, frames: 3 })),
  ];
}

/** The smallest corner cases that the gopacket project published; none where they are not there. */
export function publishedCaptures(): { name: string; bytes: Uint8Array }[] {
  if (!existsSync(GOPACKET)) return [];
  return readdirSync(GOPACKET, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.pcap(ng)?$/.test(name))
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(`${GOPACKET}/${name}`)) }))
    .filter(({ bytes }) => bytes.length <= MAX_PUBLISHED_BYTES);
}

function pcap(isLittle: boolean, magic: number): Uint8Array {
  const extra = magic === 0xa1b2cd34 ? [0, 0] : [];
  const versions = isLittle ? 0x0004_0002 : 0x0002_0004;
  return Buffer.concat([
    words(isLittle, magic, versions, 0, 0, 262_144, ETHERNET),
    ...FRAMES.flatMap((frame, at) => [
      words(isLittle, SECONDS, at, frame.length, frame.length + at, ...extra),
      frame,
    ]),
  ]);
}

/** A section, an interface with options, statistics that are passed over, one packet block of each kind. */
function pcapngOf(isLittle: boolean, resolution: number): Uint8Array {
  const [first, second, third] = FRAMES.map((frame) => padded(frame));
  if (!first || !second || !third) throw new Error('There are three frames');
  const [firstBytes = 0, secondBytes = 0, thirdBytes = 0] = FRAMES.map(({ length }) => length);
  const halves = (one: number, two: number) => (isLittle ? one + two * 65_536 : one * 65_536 + two);
  return Buffer.concat([
    block(
      isLittle,
      0x0a0d0d0a,
      words(isLittle, 0x1a2b3c4d, halves(1, 0), 0xffff_ffff, 0xffff_ffff),
    ),
    block(
      isLittle,
      1,
      Buffer.concat([
        words(isLittle, halves(ETHERNET, 0), 262_144, halves(2, 4)),
        Buffer.from('eth0'),
        words(isLittle, halves(9, 1)),
        Uint8Array.of(resolution, 0, 0, 0),
        words(isLittle, halves(14, 8), isLittle ? 3 : 0, isLittle ? 0 : 3, 0),
      ]),
    ),
    block(
      isLittle,
      6,
      Buffer.concat([words(isLittle, 0, 0x5f5e1, 0x1234, firstBytes, firstBytes), first]),
    ),
    block(isLittle, 5, words(isLittle, 0, 0, 0)),
    block(
      isLittle,
      2,
      Buffer.concat([words(isLittle, 0, 0x5f5e1, 0x1235, secondBytes, secondBytes), second]),
    ),
    block(isLittle, 3, Buffer.concat([words(isLittle, thirdBytes), third])),
  ]);
}

function block(isLittle: boolean, type: number, body: Uint8Array): Uint8Array {
  const length = 12 + body.length;
  return Buffer.concat([words(isLittle, type, length), body, words(isLittle, length)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + (-bytes.length & 3));
  out.set(bytes);
  return out;
}

function words(isLittle: boolean, ...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [at, value] of values.entries()) view.setUint32(4 * at, value >>> 0, isLittle);
  return new Uint8Array(view.buffer);
}
