/**
 * Classic pcap files, both byte orders: microseconds, nanoseconds, and the "modified" format with
 * 24-byte record headers. Source: draft-ietf-opsawg-pcap; libpcap's sf-pcap.c for the odd ones.
 */
import { type ByteWindow, CaptureDamage, MAX_RECORD_BYTES } from './byte-window.ts';
import type { RecordReader } from './record-reader.ts';
import type { Frame } from './source.ts';

export const PCAP_HEADER_BYTES = 24;

const MAGIC_MICROS = 0xa1b2c3d4;
const MAGIC_NANOS = 0xa1b23c4d;
const MAGIC_MODIFIED = 0xa1b2cd34;
const RECORD_BYTES = 16;
const MODIFIED_RECORD_BYTES = 24;
/** The bits above are the length of a frame check sequence. */
const LINK_TYPE_MASK = 0x03ff_ffff;

/** The byte order of a pcap file that begins with `magic` read as big-endian; null where it is none. */
export function pcapByteOrder(magic: number): 'little' | 'big' | null {
  if ([MAGIC_MICROS, MAGIC_NANOS, MAGIC_MODIFIED].includes(magic)) return 'big';
  if ([MAGIC_MICROS, MAGIC_NANOS, MAGIC_MODIFIED].includes(byteSwapped(magic))) return 'little';
  return null;
}

/** The header is at `window.position` and whole. */
export function pcapReader(window: ByteWindow, little: boolean): RecordReader {
  const header = window.position;
  const magic = window.view.getUint32(header, little);
  const minor = window.view.getUint16(header + 6, little);
  const linkType = window.view.getUint32(header + 20, little) & LINK_TYPE_MASK;
  const recordBytes = magic === MAGIC_MODIFIED ? MODIFIED_RECORD_BYTES : RECORD_BYTES;
  const nanos = magic === MAGIC_NANOS;
  // Before version 2.3 the two lengths stood the other way round; 2.3 has them either way.
  const swapped = window.view.getUint16(header + 4, little) === 2 && minor < 3;
  const undecided = window.view.getUint16(header + 4, little) === 2 && minor === 3;
  window.position += PCAP_HEADER_BYTES;

  return { readRecords, nameNextRecord };

  function readRecords(from: ByteWindow, frame: Frame, deliver: () => void): void {
    const { view } = from;
    frame.linkType = linkType;
    while (from.unread >= recordBytes) {
      const at = from.position;
      let captured = view.getUint32(at + 8, little);
      let wire = view.getUint32(at + 12, little);
      if (swapped || (undecided && captured > wire)) [captured, wire] = [wire, captured];
      if (captured > MAX_RECORD_BYTES) {
        throw new CaptureDamage(
          from.offsetOf(at),
          `a record claims ${captured} captured bytes, more than ${MAX_RECORD_BYTES}`,
        );
      }
      if (from.unread < recordBytes + captured) return;
      const fraction = view.getUint32(at + 4, little);
      frame.tsMicros =
        view.getUint32(at, little) * 1e6 + (nanos ? Math.floor(fraction / 1000) : fraction);
      frame.start = at + recordBytes;
      frame.end = frame.start + captured;
      frame.wireLength = Math.max(wire, captured);
      from.position = frame.end;
      deliver();
    }
  }

  function nameNextRecord(from: ByteWindow): string {
    return from.unread < recordBytes
      ? `a record header of ${recordBytes} bytes`
      : `a record of ${recordBytes + from.view.getUint32(from.position + 8, little)} bytes`;
  }
}

function byteSwapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
