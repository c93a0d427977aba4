import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openGeolocation } from './geolocation.ts';

const geolocation = openGeolocation();

it('knows the country of public addresses of both versions', () => {
  expect(geolocation.countryOf('8.8.8.8')).toBe('US');
  expect(geolocation.countryOf('2001:4860:4860::8888')).toBe('US');
  expect(geolocation.countryOf('193.0.6.139')).toBe('NL');
});

it.each([
  '10.1.2.3',
  '172.31.255.255',
  '192.168.0.1',
  '127.0.0.1',
  '169.254.1.1',
  '100.64.0.1',
  '203.0.113.9',
  '239.1.1.1',
  '255.255.255.255',
  '::1',
  'fe80::1',
  'fd00::1',
  'ff02::1',
  '2001:db8::1',
  'no address',
  '',
])('%s is no place', (ip) => {
  expect(geolocation.countryOf(ip)).toBeNull();
});

it('never throws, and says the same from its cache', () => {
  const ip = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string());
  fc.assert(
    fc.property(ip, (text) => {
      const country = geolocation.countryOf(text);
      expect(country === null || /^[A-Z]{2}$/.test(country)).toBe(true);
      expect(geolocation.countryOf(text)).toBe(country);
    }),
    { numRuns: 2000 },
  );
});
