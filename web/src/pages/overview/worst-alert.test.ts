import { expect, it } from 'vitest';
import type { Alert } from '../../../../src/contract/alert.ts';
import { worstAlert } from './worst-alert.ts';

const alert = (id: string, severity: Alert['severity'], lastSeen: number) =>
  ({ id, severity, last_seen: lastSeen }) as Alert;

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
