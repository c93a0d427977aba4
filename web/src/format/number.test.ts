import { expect, it } from 'vitest';
import { formatBytes, formatCompact, formatNumber, formatPlural, formatShare } from './number.ts';

it.each([
  [0, '0 B'],
  [512, '512 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [999_600, '1 MB'],
  [2_310_000_000, '2.31 GB'],
])('writes %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it.each([
  [0, '0'],
  [999, '999'],
  [1234, '1.23 k'],
  [45_600_000, '45.6 M'],
  [-1500, '-1.5 k'],
])('shortens %d to %s', (value, text) => expect(formatCompact(value)).toBe(text));

it.each([
  [0, '0 %'],
  [0.00001, '< 0.01 %'],
  [0.0004, '0.04 %'],
  [0.034, '3.4 %'],
  [0.9234, '92.3 %'],
  [0.9993, '> 99.9 %'],
  [1, '100 %'],
])('writes the share %d as %s', (share, text) => expect(formatShare(share)).toBe(text));

it('keeps whole numbers whole and rounds the others to four digits', () => {
  expect(formatNumber(47_210)).toBe('47,210');
  expect(formatNumber(9642.21)).toBe('9,642');
  expect(formatNumber(0.81254)).toBe('0.8125');
});

it('gives one thing the singular', () => {
  expect(formatPlural(1, 'alert')).toBe('1 alert');
  expect(formatPlural(0, 'alert')).toBe('0 alerts');
  expect(formatPlural(2, 'match', 'matches')).toBe('2 matches');
});
