import { expect, it } from 'vitest';
import { bucketSeconds, trafficSeries } from './traffic-series.ts';

const bucket = (second: number, packets: number, malicious: number) => ({
  at: new Date(second * 1000).toISOString(),
  packets,
  malicious,
  bytes: packets * 100,
});

it('turns counts of a bucket into rates per second', () => {
  expect(trafficSeries([bucket(0, 50, 10), bucket(5, 0, 0)])).toEqual([
    { atMs: 0, benign: 8, malicious: 2, sharePercent: 20, bytes: 1000 },
    { atMs: 5000, benign: 0, malicious: 0, sharePercent: null, bytes: 0 },
  ]);
});

it('finds the bucket length where some are left out', () => {
  expect(bucketSeconds([bucket(0, 1, 0), bucket(180, 1, 0), bucket(240, 1, 0)])).toBe(60);
  expect(bucketSeconds([bucket(0, 1, 0)])).toBe(60);
});
