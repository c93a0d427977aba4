import { describe, expect, it } from 'vitest';
import { alertsOf, times } from '../detections.suite.ts';

function ask(t: number, qname: string) {
  return {
    t,
    src: '10.0.0.9',
    dst: '10.0.0.2',
    protocol: 'UDP' as const,
    sport: 40_000 + Math.round(t * 10),
    dport: 53,
    len: 40 + qname.length,
    qname,
  };
}

/** Digits that differ from index to index, without randomness. */
function encoded(index: number, length: number): string {
  let digits = '';
  for (let value = index + 1; digits.length < length; value = (value * 48_271) % 2_147_483_647)
    digits += value.toString(36);
  return digits.slice(0, length);
}

describe('DNS_Tunnel', () => {
  it('is one client with many long names below one domain', () => {
    const alerts = alertsOf(
      times(120, (i) => ask(i / 4, `${encoded(i, 60)}.${encoded(i + 500, 50)}.tunnel.test`)),
    );
    expect(alerts).toMatchObject([
      { alert_type: 'DNS_Tunnel', source_ip: '10.0.0.9', destination_ip: '10.0.0.2' },
    ]);
    expect(alerts[0]?.evidence[0]?.numbers.domain).toBe('tunnel.test');
  });

  it('is many short names of a type that ordinary hosts never ask for', () => {
    const keys = (qtype: number) =>
      times(120, (i) => ({ ...ask(i / 4, `${encoded(i, 10)}.www.tunnel.test`), qtype }));
    expect(alertsOf(keys(25))).toMatchObject([{ alert_type: 'DNS_Tunnel' }]);
    expect(alertsOf(keys(1))).toEqual([]);
  });

  it('is not a content network with hashed names that repeat', () => {
    expect(alertsOf(times(200, (i) => ask(i / 10, `${encoded(i % 8, 32)}.cdn.test`)))).toEqual([]);
  });

  it('is not a browser that meets many sites', () => {
    expect(alertsOf(times(300, (i) => ask(i / 10, `www.${encoded(i, 12)}.test`)))).toEqual([]);
  });
});
