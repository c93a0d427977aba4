import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp, formatIpv4, formatMac, parseIp, parseMac } from './address.ts';

describe('IP addresses', () => {
  it.each([
    // RFC 5952 §4 and §5, then the corners.
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8::AAAA:0:1', '2001:db8::aaaa:0:1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['fe80::1', 'fe80::1'],
  ])('writes %s as %s', (text, canonical) => {
    const words = new Uint32Array(8);
    expect(parseIp(text, words, 4)).toBe(6);
    expect(formatIp(words, 4, 6)).toBe(canonical);
  });

  it('keeps IPv4 in its mapped form and prints it dotted', () => {
    const words = new Uint32Array(4);
    expect(parseIp('192.0.2.255', words, 0)).toBe(4);
    expect([...words]).toEqual([0, 0, 0xffff, 0xc00002ff]);
    expect(formatIp(words, 0, 4)).toBe('192.0.2.255');
    expect(formatIpv4(0xffffffff)).toBe('255.255.255.255');
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.04',
    ' 1.2.3.4',
    '1.2.3.4/8',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'fe80::1%eth0',
    '::1.2.3.4:5',
    '::g',
    'localhost',
  ])('refuses %j and leaves the words alone', (text) => {
    const words = Uint32Array.of(1, 2, 3, 4);
    expect(parseIp(text, words, 0)).toBe(0);
    expect([...words]).toEqual([1, 2, 3, 4]);
  });

  it('reads back what it writes, in both versions', () => {
    const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const words = Uint32Array.from(
          { length: 4 },
          (_, i) => groups[2 * i]! * 65536 + groups[2 * i + 1]!,
        );
        const out = new Uint32Array(4);
        expect(parseIp(formatIp(words, 0, 6), out, 0)).toBe(6);
        expect([...out]).toEqual([...words]);
        expect(parseIp(formatIp(words, 0, 4), out, 0)).toBe(4);
        expect(out[3]).toBe(words[3]);
      }),
    );
  });
});

describe('MAC addresses', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.nat(0xffffff), fc.nat(0xffffff), (high, low) => {
        const mac = high * 0x1000000 + low;
        expect(parseMac(formatMac(mac))).toBe(mac);
      }),
    );
    expect(formatMac(0xfedcba987654)).toBe('fe:dc:ba:98:76:54');
  });

  it('takes hyphens and capitals, and nothing else', () => {
    expect(parseMac('FE-DC-BA-98-76-54')).toBe(0xfedcba987654);
    for (const text of [
      '',
      'fe:dc:ba:98:76',
      'fe:dc-ba:98:76:54',
      'fedc.ba98.7654',
      'gg:dc:ba:98:76:54',
    ])
      expect(parseMac(text)).toBe(-1);
  });
});
