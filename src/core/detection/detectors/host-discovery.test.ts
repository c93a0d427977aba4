import { describe, expect, it } from 'vitest';
import { alertsOf, type Hand, times } from '../detections.suite.ts';

const request = (t: number, pdst: string): Hand => ({
  t,
  op: 1,
  hwsrc: 0x02_0000_0000_66,
  psrc: '10.0.0.66',
  pdst,
});
const reply = (t: number, psrc: string): Hand => ({
  t,
  op: 2,
  hwsrc: 0x02_0000_0000_01,
  psrc,
  hwdst: 0x02_0000_0000_66,
  pdst: '10.0.0.66',
});

/** An echo request; every fourth address from 4 on answers, and no network's first or last does. */
function pinged(t: number, host: number): Hand[] {
  const asker = '10.0.0.66';
  const icmp = { protocol: 'ICMP' as const, len: 8 };
  const request = { t, src: asker, dst: `10.0.7.${host}`, ...icmp, icmpType: 8 };
  const answer = { t: t + 0.005, src: `10.0.7.${host}`, dst: asker, ...icmp, icmpType: 0 };
  return host % 4 === 0 && host % 64 !== 0 ? [request, answer] : [request];
}

describe('Host_Discovery', () => {
  it('is ARP after every address of the link', () => {
    const [alert] = alertsOf(times(200, (i) => request(i / 100, `10.0.0.${i + 1}`)));
    expect(alert).toMatchObject({
      alert_type: 'Host_Discovery',
      source_ip: '10.0.0.66',
      decision: 'ALERT',
    });
  });

  it('is a ping sweep', () => {
    const sweep = times(200, (i) => ({
      t: i / 100,
      src: '10.0.0.66',
      dst: `10.0.1.${i + 1}`,
      protocol: 'ICMP' as const,
      icmpType: 8,
      len: 8,
    }));
    expect(alertsOf(sweep)).toMatchObject([{ alert_type: 'Host_Discovery', protocol: 'ICMP' }]);
  });

  it('is a network counted through from its first address to its last, though most answer', () => {
    const hosts = [0, ...times(14, (i) => 16 * (i + 1)), 255];
    const [alert, ...more] = alertsOf(hosts.flatMap((host, i) => pinged(100 + i / 50, host)));
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ alert_type: 'Host_Discovery', source_ip: '10.0.0.66' });
    expect(alert?.evidence[0]?.numbers).toMatchObject({ range_targets: 16 });
  });

  it('is not a monitor that pings its hosts round after round, half of them dead', () => {
    const round = (t: number) => times(40, (i) => pinged(t + i / 50, 2 + 3 * i)).flat();
    expect(alertsOf(times(60, (i) => round(100 + 10 * i)).flat())).toEqual([]);
  });

  it('is not an app that calls all on its link by their broadcast address', () => {
    const calls = times(30, (i) => pinged(100 + 5 * i, 255)).flat();
    const friends = times(14, (i) => pinged(100 + i, 20 + 4 * i)).flat();
    expect(alertsOf([...calls, ...friends])).toEqual([]);
  });

  it('is not a gateway that asks after hosts that are there', () => {
    expect(
      alertsOf(
        times(200, (i) => [
          request(i / 10, `10.0.0.${i + 1}`),
          reply(i / 10 + 0.001, `10.0.0.${i + 1}`),
        ]).flat(),
      ),
    ).toEqual([]);
  });

  it('is not a host that asks after one dead address for ever', () => {
    expect(alertsOf(times(300, (i) => request(i / 5, '10.0.0.99')))).toEqual([]);
  });
});
