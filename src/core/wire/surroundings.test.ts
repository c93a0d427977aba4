import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { PacketDecoder } from './decoder.ts';
import { ascii, bytesOf, frameOf, ipv4Frame, tcp, udp } from './hex-frame.suite.ts';
import { cryptoFrame, RFC_HELLO, RFC_JA4, sealInitial } from './quic/initial.suite.ts';
import { surroundingsOf } from './surroundings.ts';
import { toRecord } from './to-record.ts';

const HALF = 100;
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const ETHERNET_BYTES = 14;

/** The frame's packet between the same hosts, in a datagram that anybody could have sent. */
function inVxlan(frame: string, outerDst = '0a000009'): string {
  const ethernet = hexOf(bytesOf(frame));
  return ipv4Frame(17, udp(`08000000 00000100 ${ethernet}`, '9c40 12b5'), { dst: outerDst });
}

function inVlan(frame: string, vlan: number): string {
  const hex = hexOf(bytesOf(frame));
  const macs = hex.slice(0, 2 * (ETHERNET_BYTES - 2));
  return `${macs} 8100 ${vlan.toString(16).padStart(4, '0')} ${hex.slice(macs.length)}`;
}

function records(frames: readonly string[]) {
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(frames.length);
  return frames.map((hex) => toRecord(batch, decoder.decode(frameOf(hex), batch), null));
}

const segment = (seq: number, text: string) =>
  ipv4Frame(
    6,
    tcp('18', ascii(text), 'c738 0050').replace('00000001', seq.toString(16).padStart(8, '0')),
  );
const request = segment(100, 'GET /secret HTTP/1.1\r\n');
const headers = segment(122, 'Host: hidden.example\r\n\r\n');

const query = bytesOf(
  udp(`1234 0100 0001 0000 0000 0000 04 ${ascii('real')} 02 6263 00 0001 0001`),
);
const otherQuery = bytesOf(hexOf(query).replace(ascii('real'), ascii('fake')));
const firstPiece = ipv4Frame(17, hexOf(query.subarray(0, 16)), { fragment: '2000' });
const lastPiece = ipv4Frame(17, hexOf(query.subarray(16)), { fragment: '0002' });
const forgedPiece = ipv4Frame(17, hexOf(otherQuery.subarray(16)), { fragment: '0002' });

const initial = (number: number, from: number, to?: number) => {
  const packet = sealInitial({ number, frames: [cryptoFrame(RFC_HELLO, from, to)] });
  return ipv4Frame(17, udp(hexOf(packet), 'c738 01bb'));
};

describe('what comes in a tunnel', () => {
  it('does not end a message that a stream outside has begun', () => {
    const forged = segment(999_999_999, 'x');
    const [, , last] = records([request, inVxlan(forged), headers]);
    expect(last).toMatchObject({ http_host: 'hidden.example', tunnel: null });
  });

  it('does not go on with a message of a stream outside, nor with one of another tunnel', () => {
    const forged = segment(122, 'Host: forged.example\r\n\r\n');
    const rows = records([request, inVxlan(forged), inVxlan(request, '0a00000a'), inVxlan(forged)]);
    expect(rows.map(({ http_host }) => http_host)).toEqual([null, null, null, null]);
  });

  it('has messages of its own', () => {
    const rows = records([inVxlan(request), inVxlan(headers)]);
    expect(rows[1]).toMatchObject({ http_host: 'hidden.example', tunnel: 'vxlan' });
  });

  it('does not complete a packet whose fragments come outside', () => {
    const rows = records([firstPiece, inVxlan(forgedPiece), lastPiece]);
    expect(rows.map(({ dns_qname, anomaly }) => [dns_qname, anomaly])).toEqual([
      [null, null],
      [null, null],
      ['real.bc', null],
    ]);
  });

  it('does not go on with a QUIC hello that was begun outside', () => {
    const rest = initial(1, HALF);
    const rows = records([initial(0, 0, HALF), inVxlan(rest), rest]);
    expect(rows.map(({ ja4 }) => ja4)).toEqual([null, null, RFC_JA4]);
  });
});

describe('what comes in another VLAN', () => {
  it('touches neither messages nor fragments', () => {
    const forged = segment(999_999_999, 'x');
    const rows = records([
      inVlan(request, 7),
      inVlan(forged, 8),
      forged,
      inVlan(headers, 7),
      inVlan(firstPiece, 7),
      inVlan(forgedPiece, 8),
      inVlan(lastPiece, 7),
    ]);
    expect(rows[3]).toMatchObject({ http_host: 'hidden.example', vlan: 7 });
    expect(rows[6]).toMatchObject({ dns_qname: 'real.bc', vlan: 7 });
  });

  it('is no other where a tag only gives priority', () => {
    expect(records([request, inVlan(headers, 0)])[1]).toMatchObject({
      http_host: 'hidden.example',
    });
  });
});

it('is the same word in both directions of a tunnel, and never one of a packet outside', () => {
  const batch = new PacketBatch(2);
  for (const row of [0, 1]) {
    batch.addRow(0, 60);
    batch.outerIpVersion[row] = 4;
    batch.outerSrc.set([0, 0, 0xffff, 0x0a000001 + row], 4 * row);
    batch.outerDst.set([0, 0, 0xffff, 0x0a000002 - row], 4 * row);
  }
  expect(surroundingsOf(batch, 0)).toBe(surroundingsOf(batch, 1));
  expect(surroundingsOf(batch, 0)).toBeGreaterThanOrEqual(0x8000_0000);
});
