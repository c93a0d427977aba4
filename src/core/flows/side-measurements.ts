/** Adds one packet to the measurements of the side that sent it. */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import type { FlowColumns } from './flow-columns.ts';

/** `after` is the packet's time in µs since the flow's first packet. */
export function measureSide(
  flows: FlowColumns,
  side: number,
  batch: PacketBatch,
  row: number,
  after: number,
): void {
  const length = batch.wireLength[row]!;
  const packets = flows.packets[side]!;
  if (packets === 0) {
    flows.firstAfter[side] = after;
    flows.lengthMin[side] = length;
    flows.lengthMax[side] = length;
    if (flows.ttl[side] === 0) flows.ttl[side] = Math.max(0, batch.ttl[row]!);
    if (batch.tcpFlags[row]! >= 0 && flows.window[side] === 0)
      flows.window[side] = batch.tcpWindow[row]!;
  } else {
    if (length < flows.lengthMin[side]!) flows.lengthMin[side] = length;
    if (length > flows.lengthMax[side]!) flows.lengthMax[side] = length;
    const gap = Math.max(0, after - flows.lastAfter[side]!);
    if (packets === 1 || gap < flows.gapMin[side]!) flows.gapMin[side] = gap;
    if (gap > flows.gapMax[side]!) flows.gapMax[side] = gap;
    flows.gapSquares[side] = flows.gapSquares[side]! + gap * gap;
  }
  if (after > flows.lastAfter[side]! || packets === 0) flows.lastAfter[side] = after;
  flows.packets[side] = packets + 1;
  flows.bytes[side] = flows.bytes[side]! + length;
  flows.lengthSquares[side] = flows.lengthSquares[side]! + length * length;
  const payload = batch.payloadBytes[row]!;
  if (payload > 0) flows.payload[side] = flows.payload[side]! + payload;
  const flags = batch.tcpFlags[row]!;
  if (flags > 0) flows.flags[side] = flows.flags[side]! | flags;
}
