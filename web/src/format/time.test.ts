import { expect, it } from 'vitest';
import {
  formatDuration,
  formatLocal,
  formatRelative,
  formatTick,
  formatUtc,
  toMillis,
} from './time.ts';

const at = new Date(2026, 10, 21, 3, 12, 45, 67).getTime();

it('reads both forms of time to the ms', () => {
  expect(toMillis(1_700_000_000.25)).toBe(1_700_000_000_250);
  expect(toMillis('2026-11-21T02:12:45.123Z')).toBe(Date.UTC(2026, 10, 21, 2, 12, 45, 123));
});

it('leaves out the date today and gives it on any other day', () => {
  expect(formatLocal(at, at + 3_600_000)).toBe('03:12:45');
  expect(formatLocal(at, at + 86_400_000)).toBe('2026-11-21 03:12:45');
  expect(formatLocal(at, at, true)).toBe('03:12:45.067');
});

it('says unknown of a time that is none', () => {
  expect(formatLocal(Number.NaN, at)).toBe('unknown');
  expect(formatUtc(Number.NaN)).toBe('unknown');
});

it('names UTC', () => {
  expect(formatUtc(Date.UTC(2026, 10, 21, 2, 12, 45, 123))).toBe('2026-11-21 02:12:45.123 UTC');
});

it.each([
  [4, 'just now'],
  [45, '45 s ago'],
  [185, '3 min ago'],
  [-7300, 'in 2 h'],
  [200_000, '2 d ago'],
])('%d s before now is %s', (seconds, text) =>
  expect(formatRelative(at - seconds * 1000, at)).toBe(text),
);

it.each([
  [0, '0 s'],
  [0.000012, '12 µs'],
  [0.0042, '4.2 ms'],
  [3.52, '3.5 s'],
  [59.4, '59 s'],
  [60, '1 min'],
  [352, '5 min 52 s'],
  [3900, '1 h 5 min'],
  [273_600, '3 d 4 h'],
])('%d s last %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

it('puts the date on the axis of days only', () => {
  expect(formatTick(at, 3_600_000)).toBe('03:12');
  expect(formatTick(at, 7 * 86_400_000)).toBe('11-21 03:12');
});
