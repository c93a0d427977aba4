/** What a whole packet is put together from, whatever the fragments say; what fragments show is in `network.test.ts`. */
import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { PacketDecoder } from './decoder.ts';
import { ascii, bytesOf, frameOf, ipv4Frame, udp } from './hex-frame.suite.ts';
import { toRecord } from './to-record.ts';

const ETHERNET_BYTES = 14;
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** IPv4 to `dst`, so that packets of several hosts are told apart; `offset` in bytes. */
function fragment(payload: Uint8Array, offset: number, hasMore: boolean, dst = 'c6336402'): string {
  const field = (offset / 8) | (hasMore ? 0x2000 : 0);
  return ipv4Frame(17, hexOf(payload), { fragment: field.toString(16).padStart(4, '0'), dst });
}

function records(frames: readonly string[]) {
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(frames.length);
  return frames.map((hex) => toRecord(batch, decoder.decode(frameOf(hex), batch), null));
}

function query(name: string): Uint8Array {
  const label = name.length.toString(16).padStart(2, '0');
  return bytesOf(udp(`1234 0100 0001 0000 0000 0000 ${label} ${ascii(name)} 00 0001 0001`));
}

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

describe('fragments that could leave a gap', () => {
  const secret = query('of-somebody-else-who-asked-before');
  const before = [
    fragment(secret.subarray(0, 16), 0, true, '0a000063'),
    fragment(secret.subarray(16), 16, false, '0a000063'),
  ];
  const own = query('q'.repeat(33));
  const units = Math.ceil(own.length / 8);
  const lastAt = 8 * (units - 1);
  const namesAndAnomalies = (frames: readonly string[]) =>
    records([...before, ...frames])
      .slice(before.length)
      .map(({ dns_qname, anomaly }) => [dns_qname, anomaly]);

  it('follows a packet that is put together in the same memory', () => {
    expect(records(before)[1]?.dns_qname).toBe('of-somebody-else-who-asked-before');
  });

  it.each([
    [
      'that ends in mid-unit though more follow',
      [fragment(own.subarray(0, 22), 0, true), fragment(own.subarray(24), 24, false)],
      [
        [null, 'bad_fragment'],
        [null, null],
      ],
    ],
    [
      'that is empty, with units beyond the end in place of its own',
      [
        fragment(new Uint8Array(0), 0, true),
        fragment(new Uint8Array(lastAt), 8000, true),
        fragment(own.subarray(lastAt), lastAt, false),
      ],
      [
        [null, 'bad_fragment'],
        [null, null],
        [null, 'bad_fragment'],
      ],
    ],
    [
      'beyond the end that the last one told',
      [
        fragment(own.subarray(lastAt), lastAt, false),
        fragment(new Uint8Array(lastAt - 8), 8000, true),
        fragment(own.subarray(0, 8), 0, true),
      ],
      [
        [null, null],
        [null, 'bad_fragment'],
        [null, null],
      ],
    ],
    [
      'that ends the packet elsewhere than the last one',
      [
        fragment(own.subarray(0, 16), 0, true),
        fragment(own.subarray(lastAt), lastAt, false),
        fragment(own.subarray(16, 24), 16, false),
      ],
      [
        [null, null],
        [null, null],
        [null, 'bad_fragment'],
      ],
    ],
  ])('refuses one %s', (_, frames, expected) => {
    expect(namesAndAnomalies(frames)).toEqual(expected);
  });

  it('keeps what the refused one has nothing to do with', () => {
    const rows = namesAndAnomalies([
      fragment(own.subarray(0, 16), 0, true),
      fragment(bytesOf('0bad 0035 0bad'), 0, true),
      fragment(own.subarray(16), 16, false),
    ]);
    expect(rows.at(-1)).toEqual(['q'.repeat(33), null]);
  });

  it('keeps nothing of one that the receiver throws away', () => {
    const decoy = fragment(
      own.subarray(16).map(() => 0x78),
      16,
      false,
    ).replace(' 11 0000 ', ' 11 1234 ');
    const rows = namesAndAnomalies([
      fragment(own.subarray(0, 16), 0, true),
      decoy,
      fragment(own.subarray(16), 16, false),
    ]);
    expect(rows.slice(1)).toEqual([
      [null, 'bad_ip_checksum'],
      ['q'.repeat(33), null],
    ]);
  });

  it('knows the conversation by a refused first one, until a better one comes', () => {
    const first = fragment(bytesOf('0bad 0035 0bad'), 0, true);
    const later = fragment(own.subarray(16, 24), 16, true);
    const better = fragment(own.subarray(0, 16), 0, true);
    const decoder = new PacketDecoder();
    const batch = new PacketBatch(4);
    for (const hex of [first, later, better, later]) decoder.decode(frameOf(hex), batch);
    expect([...batch.srcPort]).toEqual([0x0bad, 0x0bad, 51_000, 51_000]);
  });

  it('takes one for no copy that the capture cut short', () => {
    const decoder = new PacketDecoder();
    const batch = new PacketBatch(8);
    for (const hex of before) decoder.decode(frameOf(hex), batch);
    decoder.decode(frameOf(fragment(own.subarray(0, 24), 0, true)), batch);
    // Its first unit came before, and is all of it that the capture has.
    const whole = bytesOf(fragment(own.subarray(16), 16, false));
    const row = decoder.decode(
      frameOf(whole.subarray(0, ETHERNET_BYTES + 20 + 8), { wireLength: whole.length }),
      batch,
    );
    expect(batch.dnsQname.get(row)).toBeNull();
  });
});
