import { expect, it } from 'vitest';
import { Random } from './random.ts';

// The vector of Rust's rand_xoshiro, made with the authors' own xoshiro128starstar.c 1.1.
it('is xoshiro128** by its published vector', () => {
  const random = Random.fromState([1, 2, 3, 4]);
  expect(Array.from({ length: 10 }, () => random.uint32())).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
    4258142804,
  ]);
});

it('repeats for a seed and stream, and differs between them', () => {
  const draw = (seed: number, stream: number) => {
    const random = new Random(seed, stream);
    return Array.from({ length: 8 }, () => random.uint32()).join();
  };
  expect(draw(7, 3)).toBe(draw(7, 3));
  const streams = [draw(7, 3), draw(7, 4), draw(8, 3), draw(2 ** 32 + 7, 3), draw(3, 7)];
  expect(new Set(streams).size).toBe(5);
});

it('draws evenly', () => {
  const random = new Random(1);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[random.below(10)]! += 1;
  // Chi-square with 9 degrees of freedom: above 33.7 once in 10,000 honest generators.
  const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chi).toBeLessThan(33.7);
});

it('brings every item to the front alike', () => {
  const random = new Random(5);
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 12_000; i++) {
    const items = Uint32Array.from([0, 1, 2, 3, 4, 5]);
    random.shuffleFront(items, 2);
    expect(new Set(items).size).toBe(6);
    counts[items[0]!]! += 1;
    counts[items[1]!]! += 1;
  }
  for (const count of counts) expect(Math.abs(count - 4000)).toBeLessThan(300);
});
