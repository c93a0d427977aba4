import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CryptoStream, MAX_CRYPTO_BYTES } from './crypto-stream.ts';

const message = Uint8Array.from({ length: 64 }, (_, i) => i + 1);

describe('CryptoStream', () => {
  it('puts pieces together in whatever order they come', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 63 }), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, fc.infiniteStream(fc.nat()), (at, order) => {
        const ends = [...at.sort((a, b) => a - b), 64];
        const pieces = ends.map((end, i) => ({ start: i === 0 ? 0 : ends[i - 1]!, end }));
        pieces.sort(() => (order.next().value % 3) - 1);
        const stream = new CryptoStream();
        for (const { start, end } of pieces) stream.add(start, message, start, end);
        expect(stream.length).toBe(64);
        expect(stream.bytes.slice(0, 64)).toEqual(message);
      }),
    );
  });

  it('waits for a gap to be filled', () => {
    const stream = new CryptoStream();
    stream.add(8, message, 8, 16);
    expect(stream.length).toBe(0);
    stream.add(0, message, 0, 8);
    expect(stream.length).toBe(16);
  });

  it('keeps the first of bytes that come twice', () => {
    const stream = new CryptoStream();
    stream.add(4, message, 0, 4);
    stream.add(0, message, 8, 16);
    expect([...stream.bytes.slice(0, 8)]).toEqual([9, 10, 11, 12, 1, 2, 3, 4]);
  });

  it('leaves out what is beyond its bound', () => {
    const stream = new CryptoStream();
    for (let at = 0; at < 2 * MAX_CRYPTO_BYTES; at += 60) stream.add(at, message, 0, 60);
    stream.add(2 ** 61, message, 0, 60);
    expect(stream.length).toBe(MAX_CRYPTO_BYTES);
  });

  it('forgets all when it begins anew', () => {
    const stream = new CryptoStream();
    stream.add(0, message, 0, 20);
    stream.reset();
    stream.add(0, message, 40, 50);
    expect([stream.length, stream.bytes[0]]).toEqual([10, 41]);
  });
});
