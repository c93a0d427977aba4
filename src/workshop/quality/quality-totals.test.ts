import { expect, it } from 'vitest';
import type { CaptureQuality } from './measure-capture.ts';
import { totalsOf } from './quality-totals.ts';

const attack = { kind: 'Port_Scan' as const, label: 'Port_Scan', tool: 'hand', alerts: 1 };
const alert = { kind: 'Port_Scan' as const, description: '' };

const capture: CaptureQuality = {
  ...{ name: 'made', trained: false, captures: 1, packets: 9, benign_hours: 12 },
  ...{ false_in_benign: 1, verified: 3 },
  attacks: [
    { ...attack, id: 'a', found: true, seconds_to_detect: 4 },
    { ...attack, id: 'b', found: true, seconds_to_detect: null },
    { ...attack, id: 'c', found: false, seconds_to_detect: null, alerts: 0 },
  ],
  alerts: [
    { ...alert, verdict: 'right', confidence: 0.95 },
    { ...alert, verdict: 'other kind', confidence: 0.95 },
    { ...alert, verdict: 'false', confidence: 0.65 },
  ],
};

it('counts what is found, what is right and how far confidence is from it', () => {
  const totals = totalsOf([capture]);
  expect(totals.kinds).toEqual([
    {
      ...{ kind: 'Port_Scan', attacks: 3, found: 2, alerts: 3, right: 1, otherKind: 1, false: 1 },
      ...{ recall: 2 / 3, precision: 1 / 3, medianSeconds: 4, worstSeconds: 4 },
    },
  ]);
  expect(totals).toMatchObject({ alertsPerAttack: 1, falseInBenign: 1, falseAlerts: 1 });
  // Two alerts at 0.95 of which half are right, one at 0.65 that is not.
  expect(totals.calibrationError).toBeCloseTo((2 * 0.45 + 0.65) / 3, 12);
  // Two, one or none of the two right: 0.9025, 0.095, 0.0025; and the one right or not.
  const ofTwo = 0.9025 * 0.05 + 0.095 * 0.45 + 0.0025 * 0.95;
  expect(totals.chanceError).toBeCloseTo((2 * ofTwo + 2 * 0.65 * 0.35) / 3, 12);
});
