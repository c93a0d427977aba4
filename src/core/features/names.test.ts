import { describe, expect, it } from 'vitest';
import { WINDOW_FEATURES } from '../../contract/features.ts';
import { catalogueHash } from './catalogue-hash.ts';
import { FLOW_FEATURES } from './flow-vector.ts';
import { HyperLogLog } from './hyper-log-log.ts';
import { entropyMillionths } from './name-entropy.ts';
import { subdomainLength } from './registered-domain.ts';

it.each([
  ['a.b.example.com', 'a.b'],
  ['example.com', ''],
  ['com', ''],
  ['', ''],
  ['.', ''],
  ['shop.example.co.uk', 'shop'],
  ['example.co.uk', ''],
  ['x.user.github.io', 'x'],
  ['data.tunnel.de', 'data'],
  ['..a..', '..a'],
])('%s has the subdomain "%s"', (name, subdomain) => {
  expect(name.slice(0, subdomainLength(name))).toBe(subdomain);
});

it('knows the entropy of a name', () => {
  expect(entropyMillionths('aaaa', 4)).toBe(0);
  expect(entropyMillionths('abab', 4)).toBe(1_000_000);
  expect(entropyMillionths('abcdefgh.rest', 8)).toBe(3_000_000);
});

describe('the catalogue hash', () => {
  it('is 16 hexadecimal digits and tells catalogues apart', () => {
    const hash = catalogueHash(WINDOW_FEATURES);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    const [first, second, ...rest] = WINDOW_FEATURES;
    expect(catalogueHash([second, first, ...rest])).not.toBe(hash);
    expect(catalogueHash([{ ...first, doc: `${first.doc}.` }, second, ...rest])).not.toBe(hash);
    expect(catalogueHash([{ ...first, unit: 'B' }, second, ...rest])).not.toBe(hash);
    expect(catalogueHash(FLOW_FEATURES)).not.toBe(hash);
  });
});

it.each([100, 5000, 200_000])('estimates %i distinct values within 5 %%', (count) => {
  const sketch = new HyperLogLog();
  for (let i = 0; i < count; i++) {
    const high = Math.imul(i + 1, 0x9e3779b1) ^ (Math.imul(i + 1, 0x85ebca6b) >>> 15);
    sketch.add(Math.imul(high ^ (high >>> 16), 0xc2b2ae35) >>> 0, i);
    sketch.add(Math.imul(high ^ (high >>> 16), 0xc2b2ae35) >>> 0, i);
  }
  expect(Math.abs(sketch.estimate() - count) / count).toBeLessThan(0.05);
});
