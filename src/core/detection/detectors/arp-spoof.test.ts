import { describe, expect, it } from 'vitest';
import { alertsOf, type Hand, times } from '../detections.suite.ts';

const GATEWAY = { hwsrc: 0x02_0000_0000_01, psrc: '10.0.0.1' };
const VICTIM = { hwsrc: 0x02_0000_0000_50, psrc: '10.0.0.50' };
const LIAR = 0x02_0000_0000_66;

/** Everybody has asked for the gateway once. */
const acquaintance: Hand[] = [
  { t: 0, op: 1, hwsrc: LIAR, psrc: '10.0.0.66', pdst: '10.0.0.1' },
  { t: 0.1, op: 2, ...GATEWAY, hwdst: LIAR, pdst: '10.0.0.66' },
  { t: 1, op: 1, ...VICTIM, pdst: '10.0.0.1' },
  { t: 1.1, op: 2, ...GATEWAY, hwdst: VICTIM.hwsrc, pdst: VICTIM.psrc },
];

describe('ARP_Spoof', () => {
  it('is another card that claims the gateway again and again, unasked', () => {
    const lies: Hand[] = times(10, (i) => ({
      t: 20 + 2 * i,
      op: 2,
      hwsrc: LIAR,
      psrc: '10.0.0.1',
      hwdst: VICTIM.hwsrc,
      pdst: VICTIM.psrc,
    }));
    const [alert] = alertsOf([...acquaintance, ...lies]);
    expect(alert).toMatchObject({
      alert_type: 'ARP_Spoof',
      source_ip: '10.0.0.66',
      destination_ip: VICTIM.psrc,
      decision: 'ALERT',
    });
    expect(alert?.packet_count).toBe(10);
  });

  it('is not a fail-over that announces itself', () => {
    const takeover: Hand[] = times(3, (i) => ({
      t: 20 + i,
      op: 2,
      hwsrc: LIAR,
      psrc: '10.0.0.1',
      pdst: '10.0.0.1',
    }));
    expect(alertsOf([...acquaintance, ...takeover])).toEqual([]);
  });

  it('is not a new card that answers when it is asked', () => {
    const answers: Hand[] = times(20, (i): Hand[] => [
      { t: 20 + 3 * i, op: 1, ...VICTIM, pdst: '10.0.0.1' },
      {
        t: 20.1 + 3 * i,
        op: 2,
        hwsrc: LIAR,
        psrc: '10.0.0.1',
        hwdst: VICTIM.hwsrc,
        pdst: VICTIM.psrc,
      },
    ]).flat();
    expect(alertsOf([...acquaintance, ...answers])).toEqual([]);
  });
});
