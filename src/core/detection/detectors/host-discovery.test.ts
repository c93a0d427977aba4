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
