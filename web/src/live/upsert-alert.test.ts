import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import type { Alert } from '../../../src/contract/alert.ts';
import { admits, placeAlert, upsertAlert } from './upsert-alert.ts';

const alert = (id: string, lastSeen: number, over: Partial<Alert> = {}): Alert => ({
  id,
  alert_type: 'Port_Scan',
  severity: 'High',
  source_ip: '192.0.2.1',
  destination_ip: null,
  destination_port: null,
  protocol: 'TCP',
  confidence: 0.9,
  description: '',
  first_seen: 0,
  last_seen: lastSeen,
  detected_at: 0,
  created_at: null,
  packet_count: 1,
  byte_count: 1,
  flow_count: 1,
  window_size: null,
  sensor_id: 's',
  mitre: [],
  evidence: [],
  explanation: [],
  model: null,
  decision: 'ALERT',
  status: 'open',
  resolved_at: null,
  packets: [],
  ...over,
});
const pages = (...rows: Alert[][]) => ({
  pages: rows.map((alerts, index) => ({
    alerts,
    next: index < rows.length - 1 ? `after-${index}` : null,
  })),
  pageParams: rows.map(() => undefined),
});
const ids = (data: ReturnType<typeof placeAlert>) =>
  data.pages.map((page) => page.alerts.map(({ id }) => id));

it('puts a new alert on top', () => {
  const data = pages([alert('b', 20), alert('a', 10)]);
  expect(ids(placeAlert(data, alert('c', 30), true))).toEqual([['c', 'b', 'a']]);
});

it('moves an alert that grew up from a later page, without a second copy', () => {
  const data = pages([alert('c', 30)], [alert('b', 20), alert('a', 10)]);
  expect(ids(placeAlert(data, alert('a', 40), true))).toEqual([['a', 'c'], ['b']]);
});

it('keeps an alert whose time did not change where it is', () => {
  const data = pages([alert('c', 30), alert('b', 20), alert('a', 10)]);
  const changed = placeAlert(data, alert('b', 20, { status: 'resolved' }), true);
  expect(ids(changed)).toEqual([['c', 'b', 'a']]);
  expect(changed.pages[0]?.alerts[1]?.status).toBe('resolved');
});

it('leaves out an alert older than all that is loaded while there are older pages to load', () => {
  const data = { ...pages([alert('c', 30)], []), pages: [{ alerts: [alert('c', 30)], next: 'x' }] };
  expect(ids(placeAlert(data, alert('a', 10), true))).toEqual([['c']]);
});

it('removes an alert that no longer fits the filter', () => {
  const data = pages([alert('b', 20), alert('a', 10)]);
  expect(ids(placeAlert(data, alert('a', 10), false))).toEqual([['b']]);
});

it('does not change what react-query holds', () => {
  const data = pages([alert('a', 10)]);
  placeAlert(data, alert('b', 20), true);
  expect(ids(data)).toEqual([['a']]);
});

it('admits by every filter that is set', () => {
  expect(admits({}, alert('a', 1))).toBe(true);
  expect(admits({ status: 'open', severity: 'High' }, alert('a', 1))).toBe(true);
  expect(admits({ status: 'resolved' }, alert('a', 1))).toBe(false);
  expect(admits({ source_ip: '192.0.2.2' }, alert('a', 1))).toBe(false);
});

it('updates every cached list and the alert itself', () => {
  const client = new QueryClient();
  client.setQueryData(['alerts', {}, 50], pages([alert('a', 10)]));
  client.setQueryData(['alerts', { status: 'open' }, 50], pages([alert('a', 10)]));
  upsertAlert(client, alert('a', 10, { status: 'resolved' }));
  expect(client.getQueryData(['alert', 'a'])).toMatchObject({ status: 'resolved' });
  expect(client.getQueryData(['alerts', {}, 50])).toMatchObject({
    pages: [{ alerts: [{ id: 'a', status: 'resolved' }] }],
  });
  expect(client.getQueryData(['alerts', { status: 'open' }, 50])).toMatchObject({
    pages: [{ alerts: [] }],
  });
});
