import { expect, it } from 'vitest';
import { measuresOf } from './measures.ts';

it('joins numbers and thresholds by name, limits first', () => {
  expect(
    measuresOf({
      numbers: { flags: 'SYN', syn_rate_pps: 1000 },
      thresholds: { syn_rate_pps: 500 },
    }),
  ).toEqual([
    { name: 'syn_rate_pps', value: 1000, threshold: 500, times: 2 },
    { name: 'flags', value: 'SYN', threshold: null, times: null },
  ]);
});

it('has no ratio to a limit of 0 or to a measure that is missing', () => {
  expect(measuresOf({ numbers: { a: 3 }, thresholds: { a: 0, b: 1 } })).toEqual([
    { name: 'a', value: 3, threshold: 0, times: null },
    { name: 'b', value: null, threshold: 1, times: null },
  ]);
});
