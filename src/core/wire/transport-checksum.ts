/** Checksums of TCP, UDP, ICMP and ICMPv6 over their pseudo headers (RFC 9293 §3.1, RFC 768, RFC 792, RFC 8200 §8.1). */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { onesComplementSum } from '../kernels/bytes.ts';
import type { Span } from './span.ts';

const ICMP = 1;

/**
 * The checksum at `field` is not that of `span.bytes[start, span.end)`, a whole message of protocol `number`.
 *
 * Not called bad is what a sender's kernel leaves to the network card, and a capture on that machine sees
 * unfinished: the sum of the pseudo header alone, and 0 (for UDP over IPv4 it means that there is none).
 */
export function isBadChecksum(
  batch: PacketBatch,
  row: number,
  span: Span,
  start: number,
  number: number,
  field: number,
): boolean {
  const stored = span.view.getUint16(field);
  if (stored === 0) return false;
  const pseudo = number === ICMP ? 0 : pseudoSum(batch, row, number, span.end - start);
  const sum = fold(pseudo + onesComplementSum(span.bytes, start, span.end));
  return sum !== 0xffff && (number === ICMP || stored !== pseudo);
}

/** Folded to 16 bits. */
function pseudoSum(batch: PacketBatch, row: number, number: number, length: number): number {
  const { src, dst } = batch;
  let sum = number + (length >>> 16) + (length & 0xffff);
  for (let i = batch.ipVersion[row] === 4 ? 3 : 0; i < 4; i++) {
    const from = src[4 * row + i]!;
    const to = dst[4 * row + i]!;
    sum += (from >>> 16) + (from & 0xffff) + (to >>> 16) + (to & 0xffff);
  }
  return fold(sum);
}

/** Carries added back in until 16 bits are left; `sum` below 2³¹. */
function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}
