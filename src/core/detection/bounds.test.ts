/** What an attacker can fill has a cap over all of it, not only per entry, and what is dropped is counted. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../engine/analysis.ts';
import { batchOf } from '../flows/packet-rows.suite.ts';
import { DETECTION_DEFAULTS } from './detection-limits.ts';
import { type Hand, times } from './detections.suite.ts';

function evictionsOf(packets: readonly Hand[], limits: Partial<typeof DETECTION_DEFAULTS>) {
  const analysis = new Analysis({
    sensorId: 's',
    judge: null,
    limits: { ...DETECTION_DEFAULTS, ...limits },
  });
  analysis.push(batchOf(packets));
  return analysis.counts.evictions;
}

describe('detectors', () => {
  it('forget the oldest DNS channel when all channels together hold too many names', () => {
    const asked = times(600, (i) => ({
      t: i / 1000,
      src: `10.0.0.${i % 6}`,
      dst: '10.0.1.1',
      protocol: 'UDP' as const,
      sport: 40_000,
      dport: 53,
      qname: `name-${i}.d${i % 6}.test`,
    }));
    const { dns_tunnel } = DETECTION_DEFAULTS;
    const count = (max: number) =>
      evictionsOf(asked, { dns_tunnel: { ...dns_tunnel, max_names: max } })['dns-tunnel'];
    expect(count(600)).toBe(0);
    expect(count(599)).toBe(1);
    expect(count(50)).toBeGreaterThan(5);
  });

  it('forget the oldest sweep when all sweeps together hold too many addresses', () => {
    const asked: Hand[] = times(600, (i) => ({
      t: i / 1000,
      op: 1,
      hwsrc: 0x02_0000_0000_10 + (i % 6),
      psrc: `10.0.0.${1 + (i % 6)}`,
      pdst: `10.1.${i % 6}.${Math.floor(i / 6)}`,
    }));
    const { host_discovery } = DETECTION_DEFAULTS;
    const count = (max: number) =>
      evictionsOf(asked, { host_discovery: { ...host_discovery, max_addresses: max } })[
        'host-discovery'
      ];
    expect(count(600)).toBe(0);
    expect(count(599)).toBe(1);
    expect(count(50)).toBeGreaterThan(5);
  });
});
