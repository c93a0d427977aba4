import fc from 'fast-check';
import { expect, it } from 'vitest';
import { flagNames, parseFlagNames } from './tcp-flags.ts';

it('writes the names in the order of the contract', () => {
  expect(flagNames(0x12)).toBe('SYN,ACK');
  expect(flagNames(0xff)).toBe('FIN,SYN,RST,PSH,ACK,URG,ECE,CWR');
  expect(flagNames(0)).toBe('');
});

it('reads back what it writes', () => {
  fc.assert(
    fc.property(fc.nat(255), (flags) => {
      expect(parseFlagNames(flagNames(flags))).toBe(flags);
    }),
  );
});

it('reads the letters of older senders and refuses what is neither', () => {
  expect(parseFlagNames('SA')).toBe(0x12);
  expect(parseFlagNames('SYN,XYZ')).toBe(-1);
  expect(parseFlagNames('0x12')).toBe(-1);
});
