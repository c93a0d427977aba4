import { describe, expect, it } from 'vitest';
import { alertsOf, type Hand, times } from '../detections.suite.ts';

/** Asks all; nobody is seen to answer. */
const question = (t: number, pdst: string, psrc = '10.0.0.66'): Hand => ({
  t,
  op: 1,
  hwsrc: 0x02_0000_0000_66,
  psrc,
  pdst,
});

describe('ARP_Spoof seen from another port of the switch', () => {
  const relay = times(8, (i) => [
    question(3.5 * i, '10.0.0.11'),
    question(3.5 * i + 0.05, '10.0.0.15'),
  ]).flat();

  it('is one who asks for the same two hosts again and again, though they answer', () => {
    const [alert, ...more] = alertsOf(relay);
    expect(more).toEqual([]);
    expect(alert).toMatchObject({
      alert_type: 'ARP_Spoof',
      source_ip: '10.0.0.66',
      destination_ip: '10.0.0.11',
      decision: 'ALERT',
    });
    expect(alert?.evidence[0]?.numbers).toMatchObject({ other_ip: '10.0.0.15', rounds: 8 });
    expect(alert?.confidence).toBeLessThanOrEqual(0.75);
  });

  it('counts what is seen twice once', () => {
    const copies = relay.flatMap((each) => [each, { ...each, t: each.t + 0.00001 }]);
    expect(alertsOf(copies)[0]?.evidence[0]?.numbers.rounds).toBe(8);
  });

  it('is not a host that waits for two that are switched off: it repeats after a second', () => {
    const patient = times(12, (i) =>
      times(3, (again) => [
        question(5 * i + again, '10.0.0.11'),
        question(5 * i + again + 0.05, '10.0.0.15'),
      ]).flat(),
    ).flat();
    expect(alertsOf(patient)).toEqual([]);
  });

  it('is not a host that forgets answers after a quarter of a minute', () => {
    const usual = times(20, (i) => [
      question(15 * i, '10.0.0.11'),
      question(15 * i + 0.05, '10.0.0.15'),
    ]).flat();
    expect(alertsOf(usual)).toEqual([]);
  });

  it('is not a monitor that asks after all of its hosts, or a host after its only gateway', () => {
    const monitor = times(10, (i) =>
      times(5, (host) => question(4 * i + host / 100, `10.0.0.${11 + host}`)),
    ).flat();
    expect(alertsOf(monitor)).toEqual([]);
    expect(alertsOf(times(20, (i) => question(4 * i, '10.0.0.1')))).toEqual([]);
  });
});
