import { describe, expect, it } from 'vitest';
import type { AlertKind } from '../../contract/alert-kinds.ts';
import { AlertBook } from './alert-book.ts';
import type { Detection } from './detector.ts';

function detection(kind: AlertKind, sourceIp: string, atSeconds: number): Detection {
  return {
    kind,
    detector: kind,
    atMicros: atSeconds * 1e6,
    firstMicros: (atSeconds - 5) * 1e6,
    sourceIp,
    targetIp: kind === 'Anomaly' ? null : '192.0.2.1',
    targetPort: null,
    protocol: null,
    confidence: 0.55,
    summary: kind,
    numbers: {},
    thresholds: {},
    provenConfidence: 0,
    packets: 1,
    bytes: 60,
    flows: 1,
  };
}

describe('unusual behaviour', () => {
  it('is an alert of its own where nothing else is known of the source', () => {
    const book = new AlertBook('s');
    book.add(detection('Port_Scan', '198.51.100.8', 100));
    expect(book.add(detection('Anomaly', '198.51.100.9', 105))?.alert.alert_type).toBe('Anomaly');
  });

  it('is none beside the alert on what the source does', () => {
    const book = new AlertBook('s');
    book.add(detection('Port_Scan', '198.51.100.9', 100));
    expect(book.add(detection('Anomaly', '198.51.100.9', 105))).toBeNull();
    expect(book.takeChanged().length).toBe(1);
  });

  it('is one again when that is long over', () => {
    const book = new AlertBook('s');
    book.add(detection('Port_Scan', '198.51.100.9', 100));
    expect(book.add(detection('Anomaly', '198.51.100.9', 1_000))).not.toBeNull();
  });
});

it('what only supports an alert makes it surer, and leaves its account to the detector', () => {
  const book = new AlertBook('s');
  const found = { ...detection('HTTP_Flood', '192.0.2.1', 10), confidence: 0.7 };
  const support = {
    ...found,
    ...{ detector: 'flow-forest', isSupportOnly: true, confidence: 0.9, summary: '8 flows' },
  };
  expect(book.add(support)).toBeNull();
  book.add({ ...found, summary: '900 requests/s' });
  const incident = book.add(support);
  expect(incident?.alert.description).toBe('900 requests/s');
  expect(incident?.alert.confidence).toBeCloseTo(0.97);
  // Surer than the detector was, though not than all together.
  book.add({ ...found, confidence: 0.75, summary: '1,500 requests/s' });
  expect(incident?.alert.description).toBe('1,500 requests/s');
  book.add({ ...found, confidence: 0.72, summary: '1,200 requests/s' });
  expect(incident?.alert.description).toBe('1,500 requests/s');
  book.add({ ...found, confidence: 0.98, summary: '2,000 requests/s' });
  expect(incident?.alert.description).toBe('2,000 requests/s');
});

describe('an attack', () => {
  const alertsOf = (...detections: Detection[]) => {
    const book = new AlertBook('s');
    for (const each of detections) book.add(each);
    return book.takeChanged().map(({ alert }) => alert);
  };
  const flood = (atSeconds: number, sourceIp: string | null = '198.51.100.9') => ({
    ...detection('SYN_Flood', '', atSeconds),
    sourceIp,
  });

  it('is one alert however long it lasts, and another one after a gap', () => {
    const steps = Array.from({ length: 200 }, (_, at) => flood(100 + 60 * at));
    const [one, ...others] = alertsOf(...steps);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ first_seen: 95, last_seen: 100 + 60 * 199, packet_count: 200 });
    const again = alertsOf(flood(100), flood(400), flood(706));
    expect(again.map(({ first_seen }) => first_seen)).toEqual([95, 701]);
    expect(new Set(again.map(({ id }) => id)).size).toBe(2);
  });

  it('of a second attacker, or on a second target, is a second alert', () => {
    expect(alertsOf(flood(100), flood(101, '198.51.100.10'))).toHaveLength(2);
    expect(alertsOf(flood(100), { ...flood(101), targetIp: '192.0.2.2' })).toHaveLength(2);
  });

  it('of many at once is one alert on the target', () => {
    const [one, ...others] = alertsOf(flood(100, null), flood(105, null), flood(110, null));
    expect(others).toEqual([]);
    expect(one).toMatchObject({ source_ip: null, destination_ip: '192.0.2.1' });
  });

  it('on a second service of one host is a second alert where the service is what is attacked', () => {
    const guess = (targetPort: number) => ({
      ...detection('Brute_Force', '198.51.100.9', 100),
      targetPort,
    });
    expect(alertsOf(guess(22), guess(21))).toHaveLength(2);
    const [scan, ...others] = alertsOf(
      { ...detection('Port_Scan', '198.51.100.9', 100), targetPort: 22 },
      { ...detection('Port_Scan', '198.51.100.9', 101), targetPort: 21 },
    );
    expect(others).toEqual([]);
    expect(scan?.destination_port).toBeNull();
  });
});
