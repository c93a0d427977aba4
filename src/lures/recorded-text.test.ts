import fc from 'fast-check';
import { expect, it } from 'vitest';
import { recordedText } from './recorded-text.ts';

it('keeps ordinary text as it is', () => {
  for (const text of ['ls -la\n\tid', 'pässwörd 密码 🔑', ''])
    expect(recordedText(text)).toBe(text);
});

it('writes control characters out', () => {
  expect(recordedText('\u0000a\u001b[2J\r\u0085')).toBe('\\x00a\\x1b[2J\\x0d\\x85');
});

it('yields bounded text without control characters, whatever it is given', () => {
  const units = fc
    .array(fc.nat(0xffff), { maxLength: 300 })
    .map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(
      fc.oneof(units, fc.string({ unit: 'binary' })),
      fc.integer({ min: 1, max: 200 }),
      (text, max) => {
        const safe = recordedText(text, max);
        expect(safe.length).toBeLessThanOrEqual(max);
        expect(Buffer.from(safe).toString()).toBe(safe); // well-formed
        for (const character of safe)
          expect(character >= ' ' || character === '\n' || character === '\t').toBe(true);
      },
    ),
  );
});
