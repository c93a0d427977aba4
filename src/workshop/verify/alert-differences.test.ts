import { expect, it } from 'vitest';
import type { Alert } from '../../contract/alert.ts';
import { alertsOf, times } from '../../core/detection/detections.suite.ts';
import { alertDifferences } from './alert-differences.ts';

const [scan] = alertsOf(
  times(60, (i) => ({
    ...{ t: 100 + i / 10, src: '198.51.100.9', dst: '192.0.2.1' },
    ...{ sport: 40_000, dport: 1 + i, flags: 'S' },
  })),
) as [Alert];

it('finds nothing but what packets decide', () => {
  const triaged: Alert = {
    ...scan,
    ...{ status: 'resolved', resolved_at: '2026-01-01T00:00:00Z' },
    created_at: '2026-01-01T00:00:00Z',
  };
  expect(alertDifferences(triaged, scan)).toEqual([]);
  expect(alertDifferences({ ...scan, severity: 'Low' }, scan)).toEqual([
    { field: 'severity', stored: 'Low', derived: 'Medium' },
  ]);
});

it('names what only one of the two has', () => {
  const [finding] = scan.evidence;
  if (!finding) throw new Error('There is no evidence');
  const twice = { ...scan, evidence: [finding, finding] };
  expect(alertDifferences(scan, twice)).toEqual([
    { field: 'evidence.1', stored: null, derived: finding },
  ]);
});

it('takes text that the database could not hold for what it keeps in its place', () => {
  const hostile = { ...scan, description: 'a\0b\ud800' };
  expect(alertDifferences({ ...scan, description: 'a\ufffdb\ufffd' }, hostile)).toEqual([]);
});
