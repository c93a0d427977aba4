import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Aes128 } from './aes128.ts';
import { hexOf } from './sha256.ts';

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

it.each([
  // FIPS 197, appendices B and C.1.
  [
    '2b7e151628aed2a6abf7158809cf4f3c',
    '3243f6a8885a308d313198a2e0370734',
    '3925841d02dc09fbdc118597196a0b32',
  ],
  [
    '000102030405060708090a0b0c0d0e0f',
    '00112233445566778899aabbccddeeff',
    '69c4e0d86a7b0430d8cdb78070b4c55a',
  ],
])('encrypts the blocks of FIPS 197: %s', (key, block, expected) => {
  expect(hexOf(encrypt(bytesOf(key), bytesOf(block)))).toBe(expected);
});

it('agrees with OpenSSL on any key and block, one instance for all keys', () => {
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(sixteen, sixteen, (key, block) => {
      const cipher = createCipheriv('aes-128-ecb', key, null);
      expect(hexOf(encrypt(key, block))).toBe(cipher.update(block).toString('hex'));
    }),
  );
});

const aes = new Aes128();

/** The block stands inside a longer array. */
function encrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  const output = new Uint8Array(16);
  aes.setKey(key);
  aes.encryptBlock(Uint8Array.of(0xee, ...block, 0xee), 1, output);
  return output;
}
