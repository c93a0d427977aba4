/**
 * Drift as several processes tell it, in one: the mean of their indices by rows. The index is convex, so all their rows in
 * one count would give no more. What alarms one of them alarms.
 */
import type { DriftRow } from '../contract/model.ts';
import { byDistance } from './model-drift.ts';

/** The furthest first. */
export function joinDrift(parts: readonly (readonly DriftRow[])[]): DriftRow[] {
  const joined = new Map<string, DriftRow>();
  for (const row of parts.flat()) {
    const key = `${row.model} ${row.value}`;
    const before = joined.get(key);
    joined.set(key, before ? both(before, row) : row);
  }
  return [...joined.values()].sort(byDistance);
}

function both(one: DriftRow, other: DriftRow): DriftRow {
  const rows = one.rows + other.rows;
  const sum = one.population_stability * one.rows + other.population_stability * other.rows;
  return {
    ...one,
    rows,
    population_stability: rows === 0 ? one.population_stability : sum / rows,
    alarm: one.alarm || other.alarm,
  };
}
