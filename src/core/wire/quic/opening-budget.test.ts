import { expect, it } from 'vitest';
import { OPENINGS_PER_SECOND, OpeningBudget } from './opening-budget.ts';

it('refuses what is beyond its number in a second, and counts it', () => {
  const budget = new OpeningBudget();
  const start = 1_700_000_000_000_000;
  for (let i = 0; i < OPENINGS_PER_SECOND; i++) expect(budget.take(start + i)).toBe(true);
  expect(budget.take(start + 999_999)).toBe(false);
  expect(budget.refused).toBe(1);
  expect(budget.take(start + 1_000_000)).toBe(true);
});

it('goes on when the clock goes back', () => {
  const budget = new OpeningBudget();
  for (let i = 0; i <= OPENINGS_PER_SECOND; i++) budget.take(5_000_000);
  expect(budget.take(1_000_000)).toBe(true);
});
