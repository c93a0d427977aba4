import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../hex-frame.suite.ts';
import { CryptoStream } from './crypto-stream.ts';
import { readInitialFrames } from './initial-frames.ts';

const CRYPTO = '06 00 03 aabbcc';

describe('the frames of an Initial packet', () => {
  it.each([
    ['padding and ping', '0000 01'],
    ['an acknowledgement of two ranges', '02 05 4010 01 00 02 03'],
    ['an acknowledgement with ECN counts', '03 05 00 00 00 01 02 03'],
    ['an end of the connection', '1c 0a 06 03 616263'],
  ])('are read behind %s', (_, before) => {
    expect(read(`${before} ${CRYPTO}`)).toEqual([0xaa, 0xbb, 0xcc]);
  });

  it.each([
    ['a frame that does not belong there', '08 00 00'],
    ['an acknowledgement of more ranges than there are', '02 05 00 ffffffffffffffff 00'],
    ['a longer reason than there is', '1c 0a 06 ffffffffffffffff'],
    ['more content than there is', '06 00 40ff'],
  ])('end at %s', (_, before) => {
    expect(read(`${before} ${CRYPTO}`)).toEqual([]);
  });

  it('never throw, whatever the bytes', () => {
    const frame = fc.constantFrom(...[0, 1, 2, 3, 6, 0x1c, 0x40, 0x80, 0xc0, 0xff]);
    fc.assert(
      fc.property(fc.array(fc.oneof(frame, fc.nat(255)), { maxLength: 80 }), (values) => {
        const bytes = Uint8Array.from(values);
        readInitialFrames(new DataView(bytes.buffer), bytes, bytes.length, new CryptoStream());
      }),
      { numRuns: 2000 },
    );
  });
});

function read(hex: string): number[] {
  const bytes = bytesOf(hex);
  const stream = new CryptoStream();
  readInitialFrames(new DataView(bytes.buffer), bytes, bytes.length, stream);
  return [...stream.bytes.slice(0, stream.length)];
}
