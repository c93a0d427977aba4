/** Frames for the tests of the ring: Ethernet, IPv4 or IPv6, UDP or TCP, and what they were made of. */
import fc from 'fast-check';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { PacketDecoder } from '../../core/wire/decoder.ts';
import type { WireFrame } from '../../core/wire/frame.ts';
import type { EvidenceRing } from './evidence-ring.ts';

export interface MadePacket {
  readonly tsMicros: number;
  readonly src: number;
  readonly dst: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly payload: number;
}

/** Few endpoints, so that conversations repeat and share parts. */
export const madePacket: fc.Arbitrary<MadePacket> = fc.record({
  tsMicros: fc.integer({ min: 1e15, max: 1e15 + 100 }),
  src: fc.integer({ min: 1, max: 4 }),
  dst: fc.integer({ min: 1, max: 4 }),
  srcPort: fc.integer({ min: 1, max: 3 }),
  dstPort: fc.integer({ min: 1, max: 3 }),
  protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
  payload: fc.integer({ min: 0, max: 40 }),
});

export function addressOf(host: number): string {
  return `10.0.0.${host}`;
}

export function frameOf(packet: MadePacket): WireFrame {
  const { tsMicros, src, dst, srcPort, dstPort, protocol, payload } = packet;
  const header = protocol === 'TCP' ? 20 : 8;
  const bytes = new Uint8Array(14 + 20 + header + payload);
  const view = new DataView(bytes.buffer);
  bytes.set([2, 0, 0, 0, 0, dst & 255, 2, 0, 0, 0, 0, src & 255, 8, 0]);
  bytes.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol === 'TCP' ? 6 : 17], 14);
  view.setUint16(16, bytes.length - 14);
  view.setUint32(26, 0x0a000000 + src);
  view.setUint32(30, 0x0a000000 + dst);
  view.setUint16(34, srcPort);
  view.setUint16(36, dstPort);
  if (protocol === 'TCP') bytes.set([0x50, 0x18], 46);
  else view.setUint16(38, header + payload);
  bytes.fill(payload, 34 + header);
  return {
    ...{ view, bytes, start: 0, end: bytes.length, wireLength: bytes.length },
    ...{ tsMicros, linkType: 1, interface: 'eth0' },
  };
}

/** Appends frames as a sensor does; the function that is returned takes the next one. */
export function feeding(ring: EvidenceRing): (frame: WireFrame) => void {
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(64);
  return (frame) => {
    if (batch.isFull) batch.clear();
    ring.append(frame, batch, decoder.decode(frame, batch));
  };
}
