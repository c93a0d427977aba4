/** Writes classic pcap, little-endian, microseconds: for the demo, for evidence and for tests. */
import type { Frame } from './source.ts';

/** Bytes in front of the first record. */
export function pcapFileHeader(linkType: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, 0xa1b2c3d4, true);
  header.setUint16(4, 2, true);
  header.setUint16(6, 4, true);
  header.setUint32(16, 262_144, true);
  header.setUint32(20, linkType, true);
  return new Uint8Array(header.buffer);
}

/** One record: a copy of the frame behind its header. */
export function pcapRecord(frame: Frame): Uint8Array {
  const captured = frame.end - frame.start;
  const record = new Uint8Array(16 + captured);
  stampRecord(record, frame.tsMicros);
  const header = new DataView(record.buffer);
  header.setUint32(8, captured, true);
  header.setUint32(12, frame.wireLength, true);
  record.set(frame.bytes.subarray(frame.start, frame.end), 16);
  return record;
}

/** Sets the time of a record. */
export function stampRecord(record: Uint8Array, tsMicros: number): void {
  const header = new DataView(record.buffer, record.byteOffset);
  const seconds = Math.floor(tsMicros / 1e6);
  header.setUint32(0, seconds, true);
  header.setUint32(4, tsMicros - seconds * 1e6, true);
}
