import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, formatAddress, parseAddress } from './address.ts';

describe('parseAddress', () => {
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:7f00:1', '127.0.0.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['192.0.2.1', '192.0.2.1'],
  ])('writes %s as %s', (text, canonical) => expect(canonicalAddress(text)).toBe(canonical));

  it.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'fe80::1%eth0',
    '256.0.0.1',
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '::1.2.3.4:5',
    '1.2.3.4::',
    '-1.2.3.4',
    '1e1.0.0.1',
  ])('refuses %j', (text) => expect(parseAddress(text)).toBeNull());

  it('agrees with Node on what is an address', () => {
    const alphabet = fc.constantFrom('0', '1', '25', 'f', 'ffff', ':', ':', '::', '.', '.', '%');
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string(),
      fc.array(alphabet, { maxLength: 16 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        // Node takes zones; they are no part of an address here.
        const expected = candidate.includes('%') ? false : isIP(candidate) !== 0;
        expect(parseAddress(candidate) !== null).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads back what it writes, and writes it only one way', () => {
    const address = fc.oneof(
      fc.bigInt(0n, (1n << 32n) - 1n).map((value) => ({ version: 4 as const, value })),
      fc
        .bigInt(0n, (1n << 128n) - 1n)
        .filter((value) => value >> 32n !== 0xffffn)
        .map((value) => ({ version: 6 as const, value })),
    );
    fc.assert(
      fc.property(address, (original) => {
        const text = formatAddress(original);
        expect(parseAddress(text)).toEqual(original);
        expect(canonicalAddress(text)).toBe(text);
        if (original.version === 6) expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
    );
  });
});
