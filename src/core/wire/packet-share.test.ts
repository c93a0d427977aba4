/** Which share a frame goes to: both directions and all fragments of a conversation to one, whatever tunnels carry to the first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ETHERNET_IPV4, ETHERNET_IPV6, frameOf, tcp, udp } from './hex-frame.suite.ts';
import { PacketShare } from './packet-share.ts';

const SHARES = 16;

function share(...frames: string[]): number[] {
  const packets = new PacketShare(SHARES);
  return frames.map((hex) => packets.of(frameOf(hex)));
}

function ipv4(src: string, dst: string, protocol: string, payload: string, fragment = '4000') {
  return `${ETHERNET_IPV4} 45 00 0064 0001 ${fragment} 40 ${protocol} 0000 ${src} ${dst} ${payload}`;
}

/** A client of many, so that not all go to the same share by chance. */
const CLIENTS = Array.from(
  { length: 40 },
  (_, host) => `c00002${(host + 10).toString(16).padStart(2, '0')}`,
);

describe('a share of the packets', () => {
  it('is the same for both directions', () => {
    for (const client of CLIENTS) {
      const [there, back] = share(
        ipv4(client, 'c6336402', '06', tcp('02')),
        ipv4('c6336402', client, '06', tcp('12')),
      );
      expect(back).toBe(there);
    }
  });

  it('is spread over all of them', () => {
    const shares = CLIENTS.flatMap((client) => share(ipv4(client, 'c6336402', '06', tcp('02'))));
    expect(new Set(shares).size).toBeGreaterThan(SHARES / 2);
  });

  it('has all fragments of a datagram, and the datagrams beside them', () => {
    for (const client of CLIENTS) {
      const [whole, first, later] = share(
        ipv4(client, 'c6336402', '11', udp('', 'c738 0035')),
        ipv4(client, 'c6336402', '11', udp('', 'c738 0035'), '2000'),
        ipv4(client, 'c6336402', '11', 'ffffffff ffffffff', '0001'),
      );
      expect([first, later]).toEqual([whole, whole]);
    }
  });

  it('is the first one for tunnels, and for the later fragments of what they carry', () => {
    for (const client of CLIENTS) {
      const shares = share(
        ipv4(client, 'c6336402', '2f', '0000 0800'),
        ipv4(client, 'c6336402', '11', udp('', 'c738 12b5'), '2000'),
        ipv4(client, 'c6336402', '11', 'ffffffff ffffffff', '0001'),
      );
      expect(shares).toEqual([0, 0, 0]);
    }
  });

  it('goes by the addresses behind IPv6 extension headers and fragments too', () => {
    const a = '20010db8 00000000 00000000 000000';
    const b = '20010db8 00000000 00000000 000000ff';
    for (let host = 0; host < 40; host++) {
      const client = `${a}${host.toString(16).padStart(2, '0')}`;
      const [whole, first, later] = share(
        `${ETHERNET_IPV6} 60000000 0008 11 40 ${client} ${b} ${udp('')}`,
        `${ETHERNET_IPV6} 60000000 0010 2c 40 ${b} ${client} 11 00 0001 00000007 ${udp('')}`,
        `${ETHERNET_IPV6} 60000000 0010 2c 40 ${b} ${client} 11 00 0008 00000007 ffffffff`,
      );
      expect([first, later]).toEqual([whole, whole]);
    }
  });

  it('is the first one for what has no IP header', () => {
    expect(share('ffffffffffff 020000000001 0806 0001', '0200', `${ETHERNET_IPV4} 45`)).toEqual([
      0, 0, 0,
    ]);
  });

  it('is one of them, whatever the bytes', () => {
    const packets = new PacketShare(SHARES);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex');
        for (const head of ['', ETHERNET_IPV4, ETHERNET_IPV6]) {
          const found = packets.of(frameOf(`${head} ${hex}`));
          expect(found).toBeGreaterThanOrEqual(0);
          expect(found).toBeLessThan(SHARES);
        }
      }),
    );
  });
});
