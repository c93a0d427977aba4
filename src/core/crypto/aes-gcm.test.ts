import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AesGcm } from './aes-gcm.ts';
import { hexOf } from './sha256.ts';

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

describe('AES-GCM', () => {
  // The GCM specification (McGrew and Viega), test cases 1 to 4.
  it.each([
    ['00'.repeat(16), '00'.repeat(12), '', '', '58e2fccefa7e3061367f1d57a4e7455a', ''],
    [
      '00'.repeat(16),
      '00'.repeat(12),
      '',
      '0388dace60b6a392f328c2b971b2fe78',
      'ab6e47d42cec13bdf53a67b21257bddf',
      '00'.repeat(16),
    ],
    [
      'feffe9928665731c6d6a8f9467308308',
      'cafebabefacedbaddecaf888',
      '',
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985',
      '4d5c2af327cd64a62cf35abd2ba6fab4',
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255',
    ],
    [
      'feffe9928665731c6d6a8f9467308308',
      'cafebabefacedbaddecaf888',
      'feedfacedeadbeeffeedfacedeadbeefabaddad2',
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
      '5bc94fbc3221a5db94fae95ae7121a47',
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ],
  ])('opens what the specification sealed: %#', (key, nonce, extra, cipher, tag, plain) => {
    const opened = open(bytesOf(key), bytesOf(nonce), bytesOf(extra), bytesOf(cipher + tag));
    expect(opened === null ? null : hexOf(opened)).toBe(plain);
  });

  it('opens what OpenSSL sealed, and nothing that was changed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        fc.uint8Array({ maxLength: 50 }),
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        (key, nonce, extra, plain, bit) => {
          const cipher = createCipheriv('aes-128-gcm', key, nonce);
          cipher.setAAD(extra);
          const sealed = Uint8Array.from([
            ...cipher.update(plain),
            ...cipher.final(),
            ...cipher.getAuthTag(),
          ]);
          expect(open(key, nonce, extra, sealed)).toEqual(plain);
          sealed[(bit >> 3) % sealed.length]! ^= 1 << (bit & 7);
          expect(open(key, nonce, extra, sealed)).toBeNull();
        },
      ),
    );
  });

  it('opens nothing that is shorter than its tag', () => {
    expect(
      open(new Uint8Array(16), new Uint8Array(12), new Uint8Array(0), new Uint8Array(15)),
    ).toBeNull();
  });
});

const gcm = new AesGcm();

function open(
  key: Uint8Array,
  nonce: Uint8Array,
  extra: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  const output = new Uint8Array(sealed.length);
  const bytes = Uint8Array.of(0xee, ...sealed, 0xee);
  gcm.setKey(key);
  const end = 1 + sealed.length;
  const isRight = gcm.open(nonce, extra, extra.length, bytes, 1, end, output);
  return isRight ? output.subarray(0, sealed.length - 16) : null;
}
