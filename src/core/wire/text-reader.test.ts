import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TextReader } from './text-reader.ts';

it('gives every byte its character, and NUL a character that a database takes', () => {
  const text = new TextReader().read(Uint8Array.of(0x41, 0, 0xe9, 0xff), 0, 4);
  expect(text).toBe('A\ufffdéÿ');
});

it('reads the same whether cached or not', () => {
  const reader = new TextReader();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, start) => {
      const end = Math.max(start, bytes.length);
      const padded = new Uint8Array(end);
      padded.set(bytes);
      const expected = String.fromCharCode(...padded.subarray(start, end)).replaceAll(
        '\0',
        '\ufffd',
      );
      expect(reader.read(padded, start, end)).toBe(expected);
      expect(reader.read(padded, start, end)).toBe(expected);
    }),
  );
});
