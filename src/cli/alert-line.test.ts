import { expect, it } from 'vitest';
import { alertOf } from '../../test/support/traffic.ts';
import { ALERT_HEADER, alertLine } from './alert-line.ts';

it('stands below its heads', () => {
  const line = alertLine(alertOf({ id: 'd5407901ab400ca7' }));
  for (const [head, cell] of [
    ['id', 'd5407901ab400ca7'],
    ['kind', 'Port_Scan'],
    ['status', 'open'],
    ['what', '198.51.100.7 tried'],
  ] as const)
    expect(line.indexOf(cell)).toBe(ALERT_HEADER.indexOf(head));
});

it('keeps an id that is too long apart from what follows', () => {
  const id = 'lure-http-127.0.0.1-2026-12-01';
  expect(alertLine(alertOf({ id })).split(/\s+/)[2]).toBe(id);
});
