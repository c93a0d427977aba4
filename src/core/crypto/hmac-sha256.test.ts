import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hmacSha256 } from './hmac-sha256.ts';
import { hexOf } from './sha256.ts';

const textOf = (text: string) => new TextEncoder().encode(text);

it.each([
  // RFC 4231, test cases 1, 2, 6.
  [
    new Uint8Array(20).fill(0x0b),
    'Hi There',
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    textOf('Jefe'),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    new Uint8Array(131).fill(0xaa),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('has the code of RFC 4231: %#', (key, text, code) => {
  expect(hexOf(hmacSha256(key, textOf(text)))).toBe(code);
});

it('agrees with OpenSSL on any key and bytes, in any parts', () => {
  const bytes = fc.uint8Array({ maxLength: 150 });
  fc.assert(
    fc.property(bytes, bytes, bytes, (key, first, second) => {
      const theirs = createHmac('sha256', key).update(first).update(second).digest('hex');
      expect(hexOf(hmacSha256(key, first, second))).toBe(theirs);
    }),
  );
});
