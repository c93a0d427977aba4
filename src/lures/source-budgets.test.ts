import { expect, it } from 'vitest';
import { LURE_LIMITS } from './lure-limits.ts';
import { SourceBudgets } from './source-budgets.ts';

const LIMITS = {
  ...LURE_LIMITS,
  sourceEventBurst: 4,
  sourceEventsPerSecond: 2,
  maxSessionsPerSource: 1,
  maxSources: 3,
};

it('lets a source earn events with time', () => {
  let nowMs = 0;
  const budgets = new SourceBudgets(LIMITS, () => nowMs);
  const taken = () =>
    Array.from({ length: 6 }, () => budgets.takeEvent('203.0.113.9')).filter(Boolean).length;
  expect(taken()).toBe(4);
  expect(budgets.takeEvent('203.0.113.10')).toBe(true);
  nowMs = 1000;
  expect(taken()).toBe(2);
  nowMs = 60_000;
  expect(taken()).toBe(4);
});

it('takes the addresses of one IPv6 /64 for one source', () => {
  const budgets = new SourceBudgets(LIMITS, () => 0);
  expect(budgets.beginSession('2001:db8::1')).toBe(true);
  expect(budgets.beginSession('2001:db8::ffff')).toBe(false);
  expect(budgets.beginSession('2001:db8:0:1::1')).toBe(true);
  budgets.endSession('2001:db8::1');
  expect(budgets.beginSession('2001:db8::2')).toBe(true);
});

it('remembers no more sources than allowed, but none with a session less', () => {
  const budgets = new SourceBudgets(LIMITS, () => 0);
  budgets.beginSession('203.0.113.1');
  for (let last = 2; last < 100; last++) budgets.takeEvent(`203.0.113.${last}`);
  expect(budgets.size).toBe(3);
  expect(budgets.beginSession('203.0.113.1')).toBe(false);
});
