import { describe, expect, it } from 'vitest';
import { alertsOf, conversation, times } from '../detections.suite.ts';

const SCANNER = '198.51.100.9';
const TARGET = '192.0.2.1';

function probe(t: number, port: number, answer: 'RA' | 'SA' | null = 'RA', dst = TARGET) {
  const syn = {
    t,
    src: SCANNER,
    dst,
    sport: 40_000 + (port % 20_000),
    dport: port,
    flags: 'S',
    seq: 7,
  };
  const reply = {
    t: t + 0.001,
    src: dst,
    dst: SCANNER,
    sport: port,
    dport: syn.sport,
    flags: answer ?? '',
    seq: 9,
    ack: 8,
  };
  return answer === null ? [syn] : [syn, reply];
}

describe('Port_Scan', () => {
  it('is one source at many ports of one target', () => {
    const alerts = alertsOf(times(100, (i) => probe(i / 50, 1 + i)).flat());
    expect(alerts).toMatchObject([
      { alert_type: 'Port_Scan', source_ip: SCANNER, destination_ip: TARGET, decision: 'ALERT' },
    ]);
    const [found] = alerts.flatMap(({ evidence }) =>
      evidence.filter(({ detector }) => detector === 'port-scan'),
    );
    expect(found?.numbers.ports).toBeGreaterThan(95);
  });

  it('is found when it takes three minutes', () => {
    expect(alertsOf(times(60, (i) => probe(i * 3, 1000 + 7 * i, null)).flat())).toMatchObject([
      { alert_type: 'Port_Scan' },
    ]);
  });

  it('is found when every port is open and the scanner never completes a handshake', () => {
    expect(alertsOf(times(40, (i) => probe(i / 20, 1 + i, 'SA')).flat())).toMatchObject([
      { alert_type: 'Port_Scan' },
    ]);
  });

  it('begins with its first attempt in vain, not with an ordinary visit long before', () => {
    const visits = times(4, (i) =>
      conversation(10 + i, SCANNER, TARGET, 80 + i, 30_000 + i),
    ).flat();
    const [alert] = alertsOf([...visits, ...times(40, (i) => probe(900 + i / 10, 100 + i)).flat()]);
    expect(alert?.first_seen).toBeGreaterThanOrEqual(900);
  });

  it('is one port of many targets too', () => {
    const sweep = times(60, (i) => probe(i / 20, 22, null, `10.0.${i}.1`)).flat();
    expect(alertsOf(sweep)).toMatchObject([
      { alert_type: 'Port_Scan', destination_ip: null, destination_port: 22 },
    ]);
  });

  it('is not a monitor that touches the same ports for ever, one of them closed', () => {
    const rounds = times(20, (round) =>
      times(11, (i) =>
        i === 10
          ? probe(round * 14, 9999)
          : conversation(round * 14 + i / 100, SCANNER, TARGET, 20 + i, 30_000 + 11 * round + i),
      ).flat(),
    ).flat();
    expect(alertsOf(rounds)).toEqual([]);
  });

  it('is not a phone without uplink that tries forty servers at 443', () => {
    expect(alertsOf(times(40, (i) => probe(i, 443, null, `203.0.113.${i}`)).flat())).toEqual([]);
  });

  it('is not a traceroute', () => {
    const hops = times(60, (i) => ({
      t: i / 10,
      src: SCANNER,
      dst: TARGET,
      protocol: 'UDP' as const,
      sport: 50_000,
      dport: 33_434 + i,
      len: 32,
    }));
    expect(alertsOf(hops)).toEqual([]);
  });

  /** `count` ports, by hosts of one network. */
  const shared = (count: number, sourceOf: (i: number) => number) =>
    times(count, (i) =>
      probe(i / 10, 1_000 + i, null).map((packet) => ({
        ...packet,
        src: `203.0.113.${1 + sourceOf(i)}`,
      })),
    ).flat();

  it('is what the hosts of one network do together', () => {
    expect(alertsOf(shared(100, (i) => i % 10))).toMatchObject([
      { alert_type: 'Port_Scan', source_ip: null, destination_ip: TARGET },
    ]);
  });

  it('is told of hosts that do enough by themselves, and not of their network', () => {
    const alerts = alertsOf(shared(100, (i) => Math.floor(i / 20)));
    expect(alerts.length).toBe(5);
    expect(alerts.map(({ source_ip }) => source_ip)).not.toContain(null);
  });

  it('is not an office whose users miss a few ports each', () => {
    expect(alertsOf(shared(36, (i) => i % 9))).toEqual([]);
  });

  it('is not a monitor of twenty services whose server has gone silent', () => {
    const good = times(20, (i) =>
      conversation(100 + i / 10, SCANNER, TARGET, 8_000 + i, 30_000 + i),
    ).flat();
    const bad = times(60, (i) => probe(200 + i, 8_000 + (i % 20), null)).flat();
    expect(alertsOf([...good, ...bad])).toEqual([]);
  });
});
