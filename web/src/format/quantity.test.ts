import { expect, it } from 'vitest';
import { WINDOW_FEATURES } from '../../../src/contract/features.ts';
import { formatMeasure, formatQuantity, meaningOf, unitOf } from './quantity.ts';

it('has a way to write every unit of the catalogue', () => {
  for (const { unit, name } of WINDOW_FEATURES) {
    expect(unitOf(name)).toBe(unit);
    if (unit !== '1') expect(formatQuantity(2, unit)).not.toBe('2');
  }
});

it('takes the unit of other measures from the end of their name', () => {
  expect(formatMeasure('mean_gap_ms', 280)).toBe('280 ms');
  expect(formatMeasure('upload_bytes', 18_233)).toBe('18.2 kB');
  expect(formatMeasure('sources', 3904)).toBe('3,904');
});

it('writes what is no number as it is', () => {
  expect(formatMeasure('flags', 'SYN')).toBe('SYN');
  expect(formatMeasure('accepted', false)).toBe('no');
});

it('explains catalogue features and nothing else', () => {
  expect(meaningOf('tcp_syn_count')).toBe('SYN without ACK');
  expect(meaningOf('no_such_feature')).toBeNull();
});
