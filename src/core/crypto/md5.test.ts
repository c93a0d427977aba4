import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { md5 } from './md5.ts';
import { hexOf } from './sha256.ts';

it.each([
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['a', '0cc175b9c0f1b6a831c399e269772661'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
  ['abcdefghijklmnopqrstuvwxyz', 'c3fcd3d76192e4007dfb496cca67e13b'],
  [
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
    'd174ab98d277d9f5a5611c2c9f419d9f',
  ],
  ['1234567890'.repeat(8), '57edf4a22be3c955ac49da2e2107b67a'],
])('has the digest of RFC 1321 for %j', (text, digest) => {
  expect(hexOf(md5(new TextEncoder().encode(text)))).toBe(digest);
});

it('agrees with OpenSSL on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(hexOf(md5(bytes))).toBe(createHash('md5').update(bytes).digest('hex'));
    }),
  );
});

it('digests a part of a longer array', () => {
  expect(hexOf(md5(new TextEncoder().encode('abcdef'), 3))).toBe(
    '900150983cd24fb0d6963f7d28e17f72',
  );
});
