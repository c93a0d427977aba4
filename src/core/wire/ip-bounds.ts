/** What the lengths and the checksum of an IP header are believed of, and what is named where they are wrong. */
import { AppEvent, type PacketBatch } from '../../contract/packet-batch.ts';
import { onesComplementSum, payloadEntropy } from '../kernels/bytes.ts';
import { type AnomalyName, nameAnomaly } from './anomalies.ts';
import type { Span } from './span.ts';

const MAX_IP_BYTES = 65_535;

/** What lies in the frame beyond the IP packet is padding; a packet that claims more than the frame is not believed. */
export function endIpAt(batch: PacketBatch, row: number, span: Span, ipEnd: number): void {
  if (ipEnd > span.wireEnd) nameAnomaly(batch, row, 'bad_ip_length');
  else span.cutAt(ipEnd);
}

/** A header that does not fit the captured bytes is a malformation only where the capture cut nothing away. */
export function tooShort(batch: PacketBatch, row: number, span: Span, name: AnomalyName): void {
  if (span.end === span.wireEnd) nameAnomaly(batch, row, name);
}

/** The header and its checksum were captured whole, and do not fit together; 0 is left to the network card. */
export function isBadHeader({ view, bytes, start, end }: Span, headerStart: number): boolean {
  if (start > end || view.getUint16(headerStart + 10) === 0) return false;
  return onesComplementSum(bytes, headerStart, start) !== 0xffff;
}

/** `bytesBefore`: of the whole packet, before the bytes in `span`. */
export function noteFragment(
  batch: PacketBatch,
  row: number,
  span: Span,
  bytesBefore: number,
): void {
  batch.appEvents[row]! |= AppEvent.IP_FRAGMENT;
  if (bytesBefore + span.wireEnd - span.start > MAX_IP_BYTES)
    nameAnomaly(batch, row, 'oversized_fragment');
}

/** `wireEnd`: of the IP packet; a datagram may be shorter, or go on in further fragments. */
export function measurePayload(batch: PacketBatch, row: number, span: Span, wireEnd: number): void {
  batch.payloadBytes[row] = Math.max(0, wireEnd - span.start);
  if (span.start < span.end)
    batch.payloadEntropy[row] = payloadEntropy(span.bytes, span.start, span.end);
}
