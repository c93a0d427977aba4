import { expect, it } from 'vitest';
import { StateReader } from '../state/state-reader.ts';
import { StateWriter } from '../state/state-writer.ts';
import { RecentMap } from './recent-map.ts';

/** The value of a key that is there, null where it was forgotten: asking makes it anew. */
function found(map: RecentMap<string, number>, key: string): number | null {
  const value = map.touch(key, () => -1);
  if (value !== -1) return value;
  map.delete(key);
  return null;
}

it('forgets who was touched longest ago, and counts', () => {
  const map = new RecentMap<string, number>(2);
  map.touch('a', () => 1);
  map.touch('b', () => 2);
  map.touch('a', () => 0);
  map.touch('c', () => 3);
  expect(map.evictions).toBe(1);
  expect([found(map, 'a'), found(map, 'c')]).toEqual([1, 3]);
  map.touch('d', () => 4);
  expect([map.evictions, found(map, 'c')]).toEqual([2, 3]);
});

it('makes anew what was deleted, also what was touched last', () => {
  const map = new RecentMap<string, number>(2);
  map.touch('a', () => 1);
  map.delete('a');
  expect(map.touch('a', () => 2)).toBe(2);
});

it('is the same after it was written down: values, order and count', () => {
  const map = new RecentMap<string, number>(2);
  for (const [at, key] of ['x', 'a', 'b'].entries()) map.touch(key, () => at);
  map.touch('a', () => 0);
  const writer = new StateWriter();
  map.save(writer);
  const again = new RecentMap<string, number>(2);
  again.load(new StateReader(writer.bytes()));
  expect(again.evictions).toBe(1);
  again.touch('c', () => 9);
  expect([found(again, 'a'), found(again, 'c'), again.evictions]).toEqual([1, 9, 2]);
});
