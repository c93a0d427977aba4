import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BinFinder } from './bin-finder.ts';

it('counts the cuts below any value, of any cuts', () => {
  const float = fc.oneof(
    fc.float({ noNaN: true }),
    fc.integer({ min: -20, max: 20 }),
    fc.constantFrom(0, -0, Infinity, -Infinity, 1e-45, -1e-45, 3.4028234663852886e38),
  );
  const cutsOf = fc
    .uniqueArray(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 254 })
    .map((list) => Float32Array.from(list).sort());
  fc.assert(
    fc.property(fc.array(cutsOf, { minLength: 1, maxLength: 3 }), fc.array(float), (cuts, list) => {
      const finder = new BinFinder(cuts);
      for (const [feature, own] of cuts.entries()) {
        for (const value of [...list.map(Math.fround), ...own]) {
          const below = own.filter((cut) => cut < value).length;
          expect(finder.find(feature, value)).toBe(below);
        }
      }
    }),
  );
});
