import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress } from './address.ts';
import { CidrMap, contains, formatCidr, parseCidr } from './cidr.ts';

const v4 = fc.bigInt(0n, (1n << 32n) - 1n).map((value) => ({ version: 4 as const, value }));
const v6 = fc
  .bigInt(0n, (1n << 128n) - 1n)
  .filter((value) => value >> 32n !== 0xffffn)
  .map((value) => ({ version: 6 as const, value }));

describe('parseCidr', () => {
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
    ['::1', '::1/128'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::/0', '::/0'],
  ])('reads %s as %s', (text, canonical) => {
    const cidr = parseCidr(text);
    expect(cidr && formatCidr(cidr)).toBe(canonical);
  });

  it.each([
    '',
    '/',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '::/129',
    '10.0.0.0/8/8',
    'x/8',
  ])('refuses %j', (text) => expect(parseCidr(text)).toBeNull());
});

describe('contains', () => {
  it('agrees with Node, for either version', () => {
    const pair = fc.oneof(
      fc.tuple(v4, v4, fc.nat(32), fc.boolean()),
      fc.tuple(v6, v6, fc.nat(128), fc.boolean()),
    );
    fc.assert(
      fc.property(pair, ([network, other, prefixBits, isNear]) => {
        // Half of the addresses share the network's high bits, so that both answers occur.
        const bits = network.version === 4 ? 32 : 128;
        const low = other.value & ((1n << BigInt(bits - prefixBits)) - 1n);
        const near = {
          ...network,
          value: network.value - (network.value & ((1n << BigInt(bits - prefixBits)) - 1n)) + low,
        };
        const address = isNear ? near : other;
        const list = new BlockList();
        const family = network.version === 4 ? 'ipv4' : 'ipv6';
        list.addSubnet(formatAddress(network), prefixBits, family);
        const cidr = parseCidr(`${formatAddress(network)}/${prefixBits}`)!;
        if (network.version === 6 && address.value >> 32n === 0xffffn) return;
        expect(contains(cidr, address)).toBe(list.check(formatAddress(address), family));
      }),
    );
  });

  it('never mixes the versions', () => {
    expect(contains(parseCidr('::/0')!, parseAddress('192.0.2.1')!)).toBe(false);
    expect(contains(parseCidr('0.0.0.0/0')!, parseAddress('2001:db8::1')!)).toBe(false);
  });
});

describe('CidrMap', () => {
  it('answers with the most specific network, whatever the order they came in', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32'], {
          minLength: 4,
        }),
        (order) => {
          const map = new CidrMap<string>();
          for (const text of order) map.set(parseCidr(text)!, text);
          const at = (text: string) => map.get(parseAddress(text)!);
          expect(['10.1.2.3', '10.1.2.4', '10.1.3.0', '10.9.9.9', '11.0.0.0'].map(at)).toEqual([
            '10.1.2.3/32',
            '10.1.2.0/24',
            '10.1.0.0/16',
            '10.0.0.0/8',
            undefined,
          ]);
        },
      ),
    );
  });
});
