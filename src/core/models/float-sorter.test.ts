import { expect, it } from 'vitest';
import { FloatSorter } from './float-sorter.ts';
import { Random } from './random.ts';

const EDGES = [0, 1, -1, 1e-45, -1e-45, 3.4e38, -3.4e38, 2 ** -126, 17.25];

it.each([0, 1, 700, 1500, 5000])(
  'sorts %d numbers of all sizes and signs as comparing does',
  (size) => {
    const random = new Random(3);
    const sorter = new FloatSorter(5000);
    for (const scale of [0, 10, 80]) {
      for (let i = 0; i < size; i++) {
        const value = (random.float() - 0.5) * 2 ** (scale * (random.float() - 0.5));
        sorter.values[i] = random.below(9) === 0 ? EDGES[random.below(EDGES.length)]! : value;
      }
      const expected = sorter.values.slice(0, size).sort();
      expect([...sorter.sort(size)]).toEqual([...expected]);
    }
  },
);

it('sorts numbers that are all the same, and numbers that share their leading bits', () => {
  const sorter = new FloatSorter(4000);
  sorter.values.fill(2.5);
  expect(new Set(sorter.sort(4000))).toEqual(new Set([2.5]));
  for (let i = 0; i < 4000; i++) sorter.values[i] = 1 + ((i * 7919) % 4000) * 2 ** -23;
  const sorted = sorter.sort(4000);
  expect([...sorted]).toEqual(
    Array.from({ length: 4000 }, (_, i) => Math.fround(1 + i * 2 ** -23)),
  );
});
