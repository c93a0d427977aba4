import { expect, it } from 'vitest';
import { gaussLegendre } from './gauss-legendre.ts';

it('has the points and weights of the tables', () => {
  const { points, weights } = gaussLegendre(3);
  const outer = Math.sqrt(0.6) / 2;
  for (const [i, point] of [0.5 - outer, 0.5, 0.5 + outer].entries())
    expect(points[i]).toBeCloseTo(point, 15);
  for (const [i, weight] of [5 / 18, 4 / 9, 5 / 18].entries())
    expect(weights[i]).toBeCloseTo(weight, 15);
});

it.each([1, 2, 3, 8, 32])('integrates powers below 2 · %d exactly, and no higher one', (count) => {
  const { points, weights } = gaussLegendre(count);
  const integral = (power: number) =>
    points.reduce((sum, point, i) => sum + weights[i]! * point ** power, 0);
  for (let power = 0; power < 2 * count; power++)
    expect(integral(power)).toBeCloseTo(1 / (power + 1), 13);
  if (count < 8) expect(Math.abs(integral(2 * count) - 1 / (2 * count + 1))).toBeGreaterThan(1e-6);
});
