/** What a whole packet is put together from, whatever the fragments say; what fragments show is in `network.test.ts`. */
import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { PacketDecoder } from './decoder.ts';
import { bytesOf, frameOf, ipv4Frame, udp } from './hex-frame.suite.ts';

const ETHERNET_BYTES = 14;
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Ports, payload and tunnel as the columns have them for the last frame. */
function lastRow(frames: readonly string[]) {
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(frames.length);
  for (const hex of frames) decoder.decode(frameOf(hex), batch);
  const row = frames.length - 1;
  const { srcPort, dstPort, payloadBytes, tunnel, payloadEntropy } = batch;
  return [srcPort, dstPort, payloadBytes, tunnel, payloadEntropy].map((column) =>
    'get' in column ? column.get(row) : column[row],
  );
}

describe('a packet that carries a fragment of another', () => {
  const inner = bytesOf(
    ipv4Frame(17, udp('41'.repeat(56), '0457 08ae', 208), { fragment: '2000', dst: 'c0a80002' }),
  ).subarray(ETHERNET_BYTES);
  const piece = (from: number, to: number | undefined, field: string) =>
    ipv4Frame(4, hexOf(inner.subarray(from, to)), { fragment: field });

  it('is read from its own bytes, whole or put together', () => {
    const whole = lastRow([ipv4Frame(4, hexOf(inner))]);
    expect(whole).toEqual([1111, 2222, 56, 'ipip', 0]);
    expect(lastRow([piece(0, 40, '2000'), piece(40, undefined, '0005')])).toEqual(whole);
  });
});
