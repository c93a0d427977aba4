import { expect, it } from 'vitest';
import { sha1 } from './sha1.ts';

it.each([
  ['abc', 1, 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    1,
    '84983e441c3bd26ebaae4aa1f95129e5e54670f1',
  ],
  ['a', 1_000_000, '34aa973cd4c4daa4f61eeb2bdbad27316534016f'],
  [
    '0123456701234567012345670123456701234567012345670123456701234567',
    10,
    'dea356a2cddd90c7a7ecedc5ebb563934f460452',
  ],
])('gives the digests of RFC 3174: %.10s × %i', (text, times, digest) => {
  const message = Uint8Array.from(text.repeat(times), (char) => char.charCodeAt(0));
  expect(hexOf(sha1(message))).toBe(digest);
});

it('digests a part of a longer array', () => {
  const message = Uint8Array.from('abcdef', (char) => char.charCodeAt(0));
  expect(hexOf(sha1(message, 3))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
});

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
