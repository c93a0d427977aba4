import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { throttle } from './throttle.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('runs at once, then once for all calls of an interval, and the last is never lost', () => {
  let runs = 0;
  const call = throttle(1000, () => {
    runs += 1;
  });
  call();
  expect(runs).toBe(1);
  call();
  call();
  expect(runs).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(runs).toBe(2);
  vi.advanceTimersByTime(5000);
  expect(runs).toBe(2);
  call();
  expect(runs).toBe(3);
});
