/** A finding's numbers and thresholds joined by name: those with a threshold first. */
import type { Finding } from '../../../../src/contract/alert.ts';

export interface Measure {
  readonly name: string;
  /** Null where only the threshold is stored. */
  readonly value: number | string | boolean | null;
  readonly threshold: number | null;
  /** Measured over threshold; null where one is missing, no number, or the threshold is 0. */
  readonly times: number | null;
}

export function measuresOf({
  numbers,
  thresholds,
}: Pick<Finding, 'numbers' | 'thresholds'>): Measure[] {
  const names = [...new Set([...Object.keys(thresholds), ...Object.keys(numbers)])];
  return names.map((name) => {
    const value = numbers[name] ?? null;
    const threshold = thresholds[name] ?? null;
    const times =
      typeof value === 'number' && threshold !== null && threshold !== 0 ? value / threshold : null;
    return { name, value, threshold, times };
  });
}
