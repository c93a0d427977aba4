import { describe, expect, it } from 'vitest';
import type { Alert } from '../contract/alert.ts';
import { alertsOf, times } from '../core/detection/detections.suite.ts';
import { evaluate } from './evaluate.ts';
import { type LabelRow, Labels } from './labels.ts';

const SCANNER = '198.51.100.9';
const TARGET = '192.0.2.1';
const HOUR = { firstMicros: 0, lastMicros: 3600e6 };

const [scan] = alertsOf(
  times(60, (i) => ({
    t: 100 + i / 10,
    src: SCANNER,
    dst: TARGET,
    sport: 40_000,
    dport: 1 + i,
    flags: 'S',
  })),
) as [Alert];

function labels(change: Partial<LabelRow> = {}): Labels {
  const row: LabelRow = {
    startMicros: 95e6,
    endMicros: 110e6,
    srcIp: SCANNER,
    dstIp: TARGET,
    proto: '*',
    dstPorts: null,
    kind: 'Port_Scan',
    label: 'Port_Scan',
    tool: 'nmap',
    dnsSuffix: null,
    attackId: null,
    ...change,
  };
  return new Labels([row], { inside: [TARGET], all: [TARGET, SCANNER] });
}

describe('evaluate', () => {
  it('finds an attack whose kind, source, target and time fit', () => {
    const { kinds, missed, falseAlerts, benignHours } = evaluate([scan], labels(), HOUR);
    expect(kinds).toMatchObject([
      { kind: 'Port_Scan', labelled: 1, found: 1, right: 1, recall: 1, precision: 1 },
    ]);
    expect(missed).toEqual([]);
    expect(falseAlerts).toEqual([]);
    expect(benignHours).toBeCloseTo((3600 - 45) / 3600);
  });

  it.each([
    ['another source', { srcIp: '203.0.113.1' }],
    ['another target', { dstIp: '203.0.113.1' }],
    ['another time', { startMicros: 900e6, endMicros: 910e6 }],
  ])('misses %s, and calls the alert false', (_, change) => {
    const { kinds, missed, falseAlerts } = evaluate([scan], labels(change), HOUR);
    expect(kinds).toMatchObject([{ found: 0, false: 1, recall: 0, precision: 0 }]);
    expect(missed).toHaveLength(1);
    expect(falseAlerts).toEqual([scan]);
  });

  it('tells the wrong kind on the right hosts from an alert out of the blue', () => {
    const { kinds, falseAlerts } = evaluate([scan], labels({ kind: 'SQL_Injection' }), HOUR);
    expect(kinds.find(({ kind }) => kind === 'Port_Scan')).toMatchObject({
      otherKind: 1,
      false: 0,
      right: 0,
    });
    expect(falseAlerts).toEqual([]);
  });

  it('counts false alerts per hour without attack', () => {
    const quiet = new Labels([], { inside: [], all: [] });
    expect(evaluate([scan], quiet, HOUR).falseAlertsPerBenignHour).toBe(1);
  });
});
