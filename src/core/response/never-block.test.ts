import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NeverBlockList } from './never-block.ts';

describe('NeverBlockList', () => {
  const list = new NeverBlockList([
    { cidr: '192.0.2.0/24', reason: 'office' },
    { cidr: '2001:db8::/32', reason: 'lab' },
    { cidr: '127.0.0.0/8', reason: 'something weaker' },
  ]);

  it.each([
    ['192.0.2.77', 'office'],
    ['::ffff:192.0.2.77', 'office'],
    ['2001:db8:1::1', 'lab'],
    ['127.0.0.53', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['0.0.0.0', 'unspecified address'],
    ['::', 'unspecified address'],
    ['169.254.169.254', 'link-local'],
    ['fe80::1', 'link-local'],
    ['224.0.0.251', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['not an address', 'not an IP address'],
    ['192.0.2.77/0', 'not an IP address'],
    ['203.0.113.9', null],
    ['2001:db9::1', null],
  ])('%s: %s', (ip, reason) => expect(list.reasonFor(ip)).toBe(reason));

  it('protects the fixed networks whatever it is built with', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ cidr: fc.oneof(fc.ipV4(), fc.ipV6()), reason: fc.string() })),
        (networks) => {
          const any = new NeverBlockList(networks);
          expect(
            ['127.9.9.9', '::1', 'ff05::2', '224.1.1.1'].every((ip) => any.isProtected(ip)),
          ).toBe(true);
          expect(networks.every(({ cidr }) => any.isProtected(cidr))).toBe(true);
        },
      ),
    );
  });

  it('refuses to be built with something that is not a network', () => {
    expect(() => new NeverBlockList([{ cidr: '10.0.0.0/40', reason: '' }])).toThrow(
      /10\.0\.0\.0\/40/,
    );
  });

  it('lists what it protects, canonical and once', () => {
    const cidrs = list.networks().map(({ cidr }) => cidr);
    expect(new Set(cidrs).size).toBe(cidrs.length);
    expect(cidrs).toContain('192.0.2.0/24');
  });
});
