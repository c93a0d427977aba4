import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalNetwork, type SuppressionRule, Suppressor } from './suppression.ts';

const NONE = { alert_type: null, source: null, target: null, port: null, sensor_id: null };
const rule = (criteria: Partial<SuppressionRule>): SuppressionRule => ({
  id: 's',
  ...NONE,
  ...criteria,
});
const alert = {
  alert_type: 'HTTP_Flood',
  source_ip: '10.0.0.5',
  destination_ip: '192.0.2.1',
  destination_port: 80,
  sensor_id: 'edge',
} as const;

const all = {
  alert_type: 'HTTP_Flood',
  source: '10.0.0.0/24',
  target: '192.0.2.1',
  port: 80,
  sensor_id: 'edge',
};

describe('Suppressor', () => {
  it('hides a load test from an allowed host, and the same flood from any other', () => {
    const suppressor = new Suppressor([rule({ alert_type: 'HTTP_Flood', source: '10.0.0.5' })]);
    expect(suppressor.match(alert)).toBe('s');
    expect(suppressor.match({ ...alert, source_ip: '10.0.0.6' })).toBeNull();
    expect(suppressor.match({ ...alert, alert_type: 'SQL_Injection' })).toBeNull();
  });

  it.each([
    ['alert_type', { alert_type: 'SYN_Flood' }],
    ['source', { source_ip: '10.0.1.5' }],
    ['no source', { source_ip: null }],
    ['target', { destination_ip: '192.0.2.2' }],
    ['no target', { destination_ip: null }],
    ['port', { destination_port: 443 }],
    ['several ports', { destination_port: null }],
    ['sensor', { sensor_id: 'other' }],
  ] as const)('of five criteria that are all true one less is not enough: %s', (_, change) => {
    const suppressor = new Suppressor([rule(all)]);
    expect(suppressor.match(alert)).toBe('s');
    expect(suppressor.match({ ...alert, ...change })).toBeNull();
  });

  it('takes an address by its value, however it is spelled', () => {
    const suppressor = new Suppressor([rule({ source: '10.0.0.5' })]);
    expect(suppressor.match({ ...alert, source_ip: '::ffff:10.0.0.5' })).toBe('s');
  });

  it('hides nothing without criteria', () => {
    expect(new Suppressor([rule({})]).match(alert)).toBeNull();
  });

  it('answers with the first that fits', () => {
    const rules = ['a', 'b', 'c'].map((id) => rule({ id, port: id === 'a' ? 1 : 80 }));
    expect(new Suppressor(rules).match(alert)).toBe('b');
  });

  it('hides nothing outside its network, whatever stands in an alert', () => {
    const suppressor = new Suppressor([rule({ source: '10.0.0.0/24' })]);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (source) => {
        const isInside = /^(::ffff:)?10\.0\.0\.\d+$/.test(source);
        expect(suppressor.match({ ...alert, source_ip: source }) !== null).toBe(isInside);
      }),
    );
  });
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7/24', '192.0.2.0/24'],
  ['192.0.2.7/32', '192.0.2.7'],
  ['2001:DB8::1/64', '2001:db8::/64'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['example.org', null],
])('canonicalNetwork(%s) is %s', (text, canonical) =>
  expect(canonicalNetwork(text)).toBe(canonical),
);
