/** Traffic buckets as rates and shares that a chart can show whatever the bucket's length. */
import type { Overview } from '../../../../src/contract/api.ts';

export interface TrafficPoint {
  /** Start of the bucket, ms since the epoch. */
  readonly atMs: number;
  /** Packets per second. */
  readonly benign: number;
  readonly malicious: number;
  /** Malicious packets of all packets, per cent; null where there was no packet. */
  readonly sharePercent: number | null;
  /** Bytes per second. */
  readonly bytes: number;
}

/** The usual distance of neighbours: the smallest, as empty buckets may be left out; 60 s for fewer than two. */
export function bucketSeconds(traffic: Overview['traffic']): number {
  const starts = traffic.map(({ at }) => Date.parse(at));
  let least = Number.POSITIVE_INFINITY;
  for (const [index, start] of starts.entries()) {
    const before = starts[index - 1];
    if (before !== undefined && start > before) least = Math.min(least, start - before);
  }
  return Number.isFinite(least) ? least / 1000 : 60;
}

export function trafficSeries(traffic: Overview['traffic']): TrafficPoint[] {
  const seconds = bucketSeconds(traffic);
  return traffic.map(({ at, packets, malicious, bytes }) => ({
    atMs: Date.parse(at),
    benign: Math.max(0, packets - malicious) / seconds,
    malicious: malicious / seconds,
    sharePercent: packets > 0 ? (malicious / packets) * 100 : null,
    bytes: bytes / seconds,
  }));
}
