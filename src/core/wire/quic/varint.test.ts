import fc from 'fast-check';
import { expect, it } from 'vitest';
import { viewOf } from '../hex-frame.suite.ts';
import { readVarint, varintEnd } from './varint.ts';

// RFC 9000, Appendix A.1; the first as the nearest number that JavaScript has.
it.each([
  ['c2197c5eff14e88c', 151_288_809_941_952_640],
  ['9d7f3e7d', 494_878_333],
  ['7bbd', 15_293],
  ['25', 37],
  ['4025', 37],
])('reads %s, and not when it is cut', (hex, value) => {
  const view = viewOf(hex);
  expect(readVarint(view, 0, view.byteLength)).toBe(value);
  expect(varintEnd(view, 0)).toBe(view.byteLength);
  for (let end = 0; end < view.byteLength; end++) expect(readVarint(view, 0, end)).toBe(-1);
});

it('never reads beyond the end, wherever it is asked to', () => {
  const at = fc.oneof(
    fc.nat(12),
    fc.nat({ max: 2 ** 31 - 1 }).map((n) => n * 2 ** 31),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 10 }), at, (bytes, place) => {
      const view = new DataView(bytes.slice().buffer);
      const value = readVarint(view, place, bytes.length);
      expect(value === -1 || varintEnd(view, place) <= bytes.length).toBe(true);
    }),
  );
});
