import fc from 'fast-check';
import { expect, it } from 'vitest';
import { visibleParts } from './visible-text.ts';

const shown = (text: string) =>
  visibleParts(text)
    .map((part) => part.text)
    .join('');

it('leaves plain text alone, in any script', () => {
  expect(visibleParts('root пароль 密码 😀')).toEqual([
    { text: 'root пароль 密码 😀', mark: null },
  ]);
  expect(visibleParts('')).toEqual([]);
});

it('shows terminal escapes and line breaks instead of obeying them', () => {
  expect(shown('a\u001b[31mb\r\n\tc\0')).toBe('a\\x1b[31mb\\r\\n\\tc\\x00');
});

it('shows what would reorder or hide the text beside it', () => {
  expect(shown('exe.\u202egpj')).toBe('exe.\\u{202e}gpj');
  expect(shown('ad\u200bmin')).toBe('ad\\u{200b}min');
  expect(shown('x\u2066y\u{e0041}')).toBe('x\\u{2066}y\\u{e0041}');
});

it('tells a mark from the same characters typed', () => {
  expect(visibleParts('\\x1b')).toEqual([{ text: '\\x1b', mark: null }]);
  expect(visibleParts('\u001b')).toEqual([{ text: '\\x1b', mark: 'U+001B' }]);
});

it('cuts at the limit and says how much is missing', () => {
  expect(visibleParts('abcdef', 4)).toEqual([
    { text: 'abcd', mark: null },
    { text: '… 2 more characters', mark: 'cut here' },
  ]);
});

it('never throws and never lets a control character through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const codes = [...shown(text)].map((character) => character.codePointAt(0) ?? 0);
      expect(codes.filter((code) => code < 0x20 || (code >= 0x7f && code <= 0x9f))).toEqual([]);
    }),
  );
});
