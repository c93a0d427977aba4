import { expect, it } from 'vitest';
import { countryLabel, labelOf, measureLabel } from './label.ts';

it('writes contract names with spaces and a capital', () => {
  expect(labelOf('SYN_Flood')).toBe('SYN Flood');
  expect(labelOf('false_positive')).toBe('False positive');
});

it('names countries by their code and leaves anything else alone', () => {
  expect(countryLabel('DE')).toBe('Germany');
  expect(countryLabel('QQ')).toBe('QQ');
  expect(countryLabel('Nowhere')).toBe('Nowhere');
});

it('leaves the unit of a measure to its value', () => {
  expect(measureLabel('oldest_s')).toBe('oldest');
  expect(measureLabel('syn_rate_pps')).toBe('syn rate');
  expect(measureLabel('ssh_connection_attempts')).toBe('ssh connection attempts');
});
