import { expect, it } from 'vitest';
import type { Alert } from '../../../../src/contract/alert.ts';
import { worstAlert } from './worst-alert.ts';

const alert = (id: string, severity: Alert['severity'], lastSeen: number, sensor = 'local') =>
  ({ id, severity, last_seen: lastSeen, sensor_id: sensor }) as Alert;

it('takes the most severe, then the most recent', () => {
  expect(worstAlert([])).toBeNull();
  expect(
    worstAlert([
      alert('a', 'High', 30),
      alert('b', 'Critical', 10),
      alert('c', 'Critical', 20),
      alert('d', 'Low', 99),
    ])?.id,
  ).toBe('c');
});

it('takes what happened here before what the demo shows', () => {
  const demo = alert('a', 'Critical', 30, 'demo');
  expect(worstAlert([demo])?.id).toBe('a');
  expect(worstAlert([demo, alert('b', 'Low', 10), demo])?.id).toBe('b');
});
