import { expect, it } from 'vitest';
import { parseDuration } from './blocks.ts';

it.each([
  ['90', 90],
  ['90s', 90],
  ['10m', 600],
  ['2h', 7_200],
  ['7d', 604_800],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

it.each(['', '0', '-1', '1.5h', '1w', 'h', '10 m', '9'.repeat(10)])('%j is no time', (text) => {
  expect(() => parseDuration(text)).toThrow('as a time');
});
