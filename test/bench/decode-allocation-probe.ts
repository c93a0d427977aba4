/**
 * What decoding leaves on the heap, by kind of packet, for packets that carry no text:
 * `node --expose-gc --max-semi-space-size=128 test/bench/decode-allocation-probe.ts [PACKETS]`. One JSON line per
 * kind: bytes per packet, as growth of the heap, and of the memory behind typed arrays, between two points without
 * a collection in between, the least of `PASSES` (the compiler's own allocations come and go). Beside them the same for packets of which each has a text of its
 * own, which shows that the probe sees allocations.
 */
import { argv, memoryUsage, stdout } from 'node:process';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';
import {
  ascii,
  bytesOf,
  ETHERNET_IPV4,
  ETHERNET_IPV6,
  ipv4Frame,
  tcp,
  udp,
} from '../../src/core/wire/hex-frame.suite.ts';

const BATCH_ROWS = 4096;
/** Frames of one kind, each from another address. */
const COPIES = 256;
const WARM_UPS = 2;
const PASSES = 3;
const ETHERNET = 1;
const START_MICROS = 1_700_000_000_000_000;
const BINARY = Array.from({ length: 200 }, (_, at) => (0x80 + (at % 0x7f)).toString(16)).join('');
const HIGH_PORTS = '9c40 2328';

/** Its path is another in each packet; a tenth of the packets, so that the heap has room for them. */
const WITH_TEXT = 'HTTP request with a text of its own';
const PATH_AT = 14 + 20 + 20 + 'GET /'.length;
const PATH_DIGITS = 9;

const KINDS: Readonly<Record<string, string>> = {
  'TCP data': ipv4Frame(6, tcp('18', BINARY, HIGH_PORTS)),
  'TCP SYN': ipv4Frame(6, tcp('02', '', HIGH_PORTS)),
  'TCP on a VLAN': `020000000002 020000000001 8100 0064 ${ipv4Frame(6, tcp('10')).slice(26)}`,
  'UDP data': ipv4Frame(17, udp(BINARY, HIGH_PORTS)),
  'ICMP echo': ipv4Frame(1, `0800 0000 0001 0001 ${BINARY}`),
  'TCP over IPv6': `${ETHERNET_IPV6} 60000000 0014 06 40 20010db8000000000000000000000001 20010db8000000000000000000000002 ${tcp('10', '', HIGH_PORTS)}`,
  ARP: '020000000002 020000000001 0806 0001 0800 06 04 0001 020000000001 c0000201 000000000000 c6336402',
  'another protocol': `${ETHERNET_IPV4} 45 00 001c 0001 4000 40 fd 0000 c0000201 c6336402 0102030405060708`,
  [WITH_TEXT]: ipv4Frame(
    6,
    tcp('18', ascii('GET /????????? HTTP/1.1\r\nHost: www.example.org\r\n\r\n'), 'c738 0050'),
  ),
};

const packets = Number(argv[2] ?? 1_000_000);
const collect = globalThis.gc;
if (!collect) throw new Error('Cannot measure: start node with --expose-gc');
let serial = 0;
for (const [kind, hex] of Object.entries(KINDS)) {
  const frames = copiesOf(bytesOf(hex), kind === WITH_TEXT);
  const count = frames.hasText ? packets / 10 : packets;
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(BATCH_ROWS);
  for (let round = 0; round < WARM_UPS; round++) decodeAll(frames, count, decoder, batch);
  const grown = Array.from({ length: PASSES }, () => {
    collect();
    const before = memoryInUse();
    decodeAll(frames, count, decoder, batch);
    return memoryInUse() - before;
  });
  stdout.write(
    `${JSON.stringify({ kind, packets: count * PASSES, bytes_per_packet: Math.min(...grown) / count })}\n`,
  );
}

function memoryInUse(): number {
  const { heapUsed, arrayBuffers } = memoryUsage();
  return heapUsed + arrayBuffers;
}

interface Frames {
  readonly bytes: Uint8Array;
  readonly frameBytes: number;
  readonly hasText: boolean;
}

/** Told apart by the last byte of the sender's MAC address, and of its IP address where it has one. */
function copiesOf(frame: Uint8Array, hasText: boolean): Frames {
  const bytes = new Uint8Array(COPIES * frame.length);
  for (let copy = 0; copy < COPIES; copy++) {
    bytes.set(frame, copy * frame.length);
    bytes[copy * frame.length + 11] = copy;
  }
  return { bytes, frameBytes: frame.length, hasText };
}

function decodeAll(
  { bytes, frameBytes, hasText }: Frames,
  count: number,
  decoder: PacketDecoder,
  batch: PacketBatch,
): void {
  const frame = {
    ...{ view: new DataView(bytes.buffer), bytes, start: 0, end: 0, wireLength: frameBytes },
    ...{ tsMicros: START_MICROS, linkType: ETHERNET, interface: 'probe' },
  };
  for (let done = 0; done < count; done++) {
    if (batch.isFull) batch.clear();
    frame.start = (done % COPIES) * frameBytes;
    frame.end = frame.start + frameBytes;
    frame.tsMicros = START_MICROS + done;
    if (hasText) writeDigits(bytes, frame.start + PATH_AT, serial++);
    decoder.decode(frame, batch);
  }
}

function writeDigits(bytes: Uint8Array, at: number, value: number): void {
  for (let i = PATH_DIGITS - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 10))
    bytes[at + i] = 0x30 + (rest % 10);
}
