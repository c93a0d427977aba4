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
  book.add({ ...found, confidence: 0.98, summary: '2,000 requests/s' });
  expect(incident?.alert.description).toBe('2,000 requests/s');
});
