import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from './hex-frame.suite.ts';
import { LinkHeader } from './link-header.ts';
import { isKnownLinkType, readLink } from './link-layer.ts';

const MACS = '020000000002 020000000001';
const SNAP = 'aaaa03 000000';
const LINK_TYPES = [0, 1, 9, 12, 14, 50, 101, 104, 105, 108, 113, 119, 127, 192, 228, 229, 276];

describe('readLink', () => {
  it.each([
    ['Ethernet', 1, `${MACS} 0800`, 0x0800, null],
    ['802.1Q', 1, `${MACS} 8100 2005 0800`, 0x0800, 5],
    ['802.1ad: the outermost id', 1, `${MACS} 88a8 0064 8100 00c8 86dd`, 0x86dd, 100],
    ['802.3 with LLC and SNAP', 1, `${MACS} 0026 ${SNAP} 0806`, 0x0806, null],
    ['802.3 with spanning tree', 1, `${MACS} 0026 424203 0000`, 0, null],
    ['LLC below a VLAN tag', 1, `${MACS} 8100 0007 0026 ${SNAP} 0800`, 0x0800, 7],
    ['MPLS, two labels', 1, `${MACS} 8847 00010040 00020140 45`, 0x0800, null],
    ['PPPoE', 1, `${MACS} 8864 1100 0001 0016 0021`, 0x0800, null],
    ['PPPoE, compressed protocol', 1, `${MACS} 8864 1100 0001 0015 57`, 0x86dd, null],
    ['FabricPath', 1, `ffffffffffff 0a0000000000 8903 0000 ${MACS} 0800`, 0x0800, null],
    ['VN tag', 1, `${MACS} 8926 00000000 0800`, 0x0800, null],
    ['Cisco metadata', 1, `${MACS} 8909 0101 0001 000a 0800`, 0x0800, null],
    ['MACsec that signs', 1, `${MACS} 88e5 0022 00000042 86dd`, 0x86dd, null],
    [
      'MACsec with its channel',
      1,
      `${MACS} 88e5 2022 00000042 ${MACS.slice(0, 12)} 0064 0800`,
      0x0800,
      null,
    ],
    ['MACsec, encrypted', 1, `${MACS} 88e5 2c00 00000042 ${MACS.slice(0, 12)} 0064 0800`, 0, null],
    ['NSH', 1, `${MACS} 894f 0002 0201 0000 0000`, 0x0800, null],
    ['NSH with metadata', 1, `${MACS} 894f 0006 0102 ${'00'.repeat(20)}`, 0x86dd, null],
    ['NSH of Ethernet', 1, `${MACS} 894f 0002 0203 0000 0000 ${MACS} 8100 0007 0800`, 0x0800, 7],
    ['BSD loopback, little-endian', 0, '02000000', 0x0800, null],
    ['BSD loopback, big-endian', 108, '0000001c', 0x86dd, null],
    ['raw IPv4', 101, '45', 0x0800, null],
    ['raw IPv6', 12, '60', 0x86dd, null],
    ['PPP with framing', 9, 'ff03 0057', 0x86dd, null],
    ['PPP with MPLS', 50, '0281 00001140 45', 0x0800, null],
    ['Cisco HDLC', 104, '0f00 0800', 0x0800, null],
    ['Cisco HDLC keep-alive', 104, '8f00 8035', 0, null],
    ['Linux cooked', 113, '0000 0001 0006 0200000000010000 0800', 0x0800, null],
    ['Linux cooked, tagged', 113, '0000 0001 0006 0200000000010000 8100 0009 0806', 0x0806, 9],
    ['Linux cooked 2', 276, '86dd 0000 00000002 0001 00 06 0200000000010000', 0x86dd, null],
    [
      '802.11 data to the station',
      105,
      `0802 0000 ${MACS} 020000000003 0000 ${SNAP} 0800`,
      0x0800,
      null,
    ],
    ['802.11 QoS data', 105, `8801 0000 ${MACS} 020000000003 0000 0000 ${SNAP} 86dd`, 0x86dd, null],
    ['802.11 beacon', 105, '8000 0000', 0, null],
    ['802.11 encrypted', 105, `0842 0000 ${MACS} 020000000003 0000 ${SNAP} 0800`, 0, null],
    [
      'radiotap',
      127,
      `0000 0900 02000000 00 0802 0000 ${MACS} 020000000003 0000 ${SNAP} 0800`,
      0x0800,
      null,
    ],
    [
      'radiotap, padded body',
      127,
      `0000 0900 02000000 20 8802 0000 ${MACS} 020000000003 0000 0000 0000 ${SNAP} 0800`,
      0x0800,
      null,
    ],
    [
      'PPI',
      192,
      `0000 0800 69000000 0802 0000 ${MACS} 020000000003 0000 ${SNAP} 0800`,
      0x0800,
      null,
    ],
    [
      'AVS',
      119,
      `80211001 0000000a 0000 0802 0000 ${MACS} 020000000003 0000 ${SNAP} 0800`,
      0x0800,
      null,
    ],
  ])('%s', (_, linkType, hex, etherType, vlan) => {
    const { isRead, link } = read(linkType, hex);
    expect([isRead, link.etherType, link.vlan]).toEqual([true, etherType, vlan ?? -1]);
  });

  it('reads the addresses of Ethernet, cooked and 802.11 frames', () => {
    expect(macsOf(1, `${MACS} 0800`)).toEqual([0x020000000001, 0x020000000002]);
    expect(macsOf(113, '0000 0001 0006 0200000000010000 0800')).toEqual([0x020000000001, -1]);
    // From the distribution system: destination first, source third.
    expect(macsOf(105, `0802 0000 ${MACS} 020000000003 0000 ${SNAP} 0800`)).toEqual([
      0x020000000003, 0x020000000002,
    ]);
    expect(macsOf(101, '45')).toEqual([-1, -1]);
  });

  it.each([
    ['Ethernet', 1, `${MACS} 08`],
    ['a VLAN tag', 1, `${MACS} 8100 00`],
    ['an MPLS label', 1, `${MACS} 8847 0001`],
    ['a MACsec tag', 1, `${MACS} 88e5 2022 00000042 0200`],
    ['NSH of Ethernet', 1, `${MACS} 894f 0002 0203 0000 0000 ${MACS} 08`],
    ['NSH, of an impossible length', 1, `${MACS} 894f 0001 0201 00000000`],
    ['Linux cooked', 113, '0000 0001 0006 020000000001 0000'],
    ['BSD loopback', 0, '0200'],
    ['802.11 data', 105, '0802 0000 0200'],
    ['radiotap of an impossible length', 127, '0000 ff00 00000000 0802'],
    ['nothing at all', 101, ''],
  ])('says that %s is cut short', (_, linkType, hex) => {
    expect(read(linkType, hex).isRead).toBe(false);
  });

  it.each([
    ['VLAN tags', `${MACS} ${'8100 0001 '.repeat(10)} 0800`],
    ['MPLS labels', `${MACS} 8847 ${'00001040 '.repeat(20)}`],
  ])('stops after too many %s', (_, hex) => {
    const { link } = read(1, hex);
    expect([link.anomaly, link.etherType]).toEqual(['too_many_tags', 0]);
  });

  it('knows which link types it reads', () => {
    expect(LINK_TYPES.every(isKnownLinkType)).toBe(true);
    expect([2, 107, 147, 65535].some(isKnownLinkType)).toBe(false);
    expect(read(107, '0800').link.etherType).toBe(0);
  });

  it('never throws, whatever the bytes', () => {
    const link = new LinkHeader();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      // Type numbers on every other place, so that tags are met more often than by chance.
      fc
        .array(
          fc.constantFrom(
            0x8100,
            0x88a8,
            0x8847,
            0x8864,
            0x8903,
            0x8926,
            0x0020,
            0xaaaa,
            0x0300,
            0x0000,
          ),
          { maxLength: 60 },
        )
        .map((words) => Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]))),
    );
    fc.assert(
      fc.property(fc.constantFrom(...LINK_TYPES), bytes, (linkType, frame) => {
        const view = new DataView(frame.buffer);
        readLink(linkType, view, 0, frame.length, link);
        expect(link.vlan).toBeLessThan(4096);
      }),
      { numRuns: 500 },
    );
  });
});

function read(linkType: number, hex: string): { isRead: boolean; link: LinkHeader } {
  const view = viewOf(hex);
  const link = new LinkHeader();
  return { isRead: readLink(linkType, view, 0, view.byteLength, link), link };
}

function macsOf(linkType: number, hex: string): number[] {
  const { link } = read(linkType, hex);
  return [link.srcMac, link.dstMac];
}
