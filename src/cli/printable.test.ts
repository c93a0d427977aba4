import { expect, it } from 'vitest';
import { printable } from './printable.ts';

it('lets no escape sequence, line break or change of direction through', () => {
  expect(printable('a\x1b[2Jb\r\nc\u202edc\u2066\u2028e\x7f\x9b')).toBe('a·[2Jb··c·dc··e··');
});

it('keeps words of every script', () => {
  expect(printable('Grüße, 世界 – عالم 🛡')).toBe('Grüße, 世界 – عالم 🛡');
});
