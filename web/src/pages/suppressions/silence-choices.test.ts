import { expect, it } from 'vitest';
import { SuppressionOrder } from '../../../../src/contract/suppression.ts';
import { criteriaOf, silenceChoices } from './silence-choices.ts';

const alert = {
  alert_type: 'HTTP_Flood',
  source_ip: '10.0.0.5',
  destination_ip: '2001:db8::7',
  destination_port: 80,
  sensor_id: 'local',
} as const;

const chosen = (...labels: string[]) => criteriaOf(silenceChoices(alert), new Set(labels));

it('offers type, addresses and networks, port and sensor, and begins with what is narrow', () => {
  const choices = silenceChoices(alert);
  expect(choices.filter(({ isFirst }) => isFirst).map(({ label }) => label)).toEqual([
    'Type HTTP Flood',
    'From 10.0.0.5',
    'To 2001:db8::7',
  ]);
  for (const { criteria } of choices)
    expect(SuppressionOrder.safeParse({ ...criteria, reason: 'x' }).success).toBe(true);
  expect(choices.map(({ criteria }) => criteria)).toContainEqual({ source: '10.0.0.0/24' });
  expect(choices.map(({ criteria }) => criteria)).toContainEqual({ target: '2001:db8::7/64' });
});

it('takes the address where both it and its network are chosen', () => {
  expect(chosen('From 10.0.0.0/24', 'From 10.0.0.5')).toEqual({ source: '10.0.0.5' });
  expect(chosen('From 10.0.0.0/24', 'Port 80')).toEqual({ source: '10.0.0.0/24', port: 80 });
});

it('offers nothing of what the alert does not have', () => {
  const spoofed = { ...alert, source_ip: null, destination_port: null };
  const names = silenceChoices(spoofed).flatMap(({ criteria }) => Object.keys(criteria));
  expect(new Set(names)).toEqual(new Set(['alert_type', 'target', 'sensor_id']));
});
