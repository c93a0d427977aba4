import { describe, expect, it } from 'vitest';
import { hkdfExpand, hkdfExtract, hkdfLabel } from './hkdf.ts';
import { hexOf } from './sha256.ts';

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const range = (from: number, to: number) =>
  Uint8Array.from({ length: to - from }, (_, i) => from + i);

describe('HKDF', () => {
  it.each([
    {
      name: 'A.1',
      secret: new Uint8Array(22).fill(0x0b),
      salt: range(0, 13),
      info: range(0xf0, 0xfa),
      key: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
      output:
        '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      name: 'A.2',
      secret: range(0, 0x50),
      salt: range(0x60, 0xb0),
      info: range(0xb0, 0x100),
      key: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
      output:
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    },
    {
      name: 'A.3',
      secret: new Uint8Array(22).fill(0x0b),
      salt: new Uint8Array(0),
      info: new Uint8Array(0),
      key: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
      output:
        '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ])('extracts and expands as in RFC 5869 $name', ({ secret, salt, info, key, output }) => {
    const extracted = hkdfExtract(salt, secret);
    expect(hexOf(extracted)).toBe(key);
    expect(hexOf(hkdfExpand(extracted, info, output.length / 2))).toBe(output);
  });

  it('writes the labels of RFC 9001 A.1', () => {
    expect(hexOf(hkdfLabel('client in', 32))).toBe('00200f746c73313320636c69656e7420696e00');
    expect(hexOf(hkdfLabel('quic key', 16))).toBe('00100e746c7331332071756963206b657900');
  });

  it('expands a label as in RFC 9001 A.1', () => {
    const secret = bytesOf('c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea');
    expect(hexOf(hkdfExpand(secret, hkdfLabel('quic key', 16), 16))).toBe(
      '1f369613dd76d5467730efcbe3b1a22d',
    );
  });
});
