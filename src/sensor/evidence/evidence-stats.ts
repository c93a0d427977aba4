/** What rings have kept, and what they could not. */
export interface EvidenceStats {
  /** Packets handed to the disk since the start, and their bytes as files have them. */
  readonly packets: number;
  readonly bytes: number;
  /** Packets that are missing because the disk was too slow or did not take them. */
  readonly dropped: number;
  /** On disk now, with what earlier runs left. */
  readonly segments: number;
  readonly keptBytes: number;
  readonly evictedSegments: number;
  /** Packet time, µs; null: nothing is kept, or a crash left it unknown. */
  readonly oldestMicros: number | null;
  readonly newestMicros: number | null;
}

/** Several rings as one; null where there is none. The oldest time is the one from which on all rings reach. */
export function sumOfStats(rings: readonly EvidenceStats[]): EvidenceStats | null {
  const [first, ...others] = rings;
  if (!first) return null;
  return others.reduce(
    (sum, each) => ({
      packets: sum.packets + each.packets,
      bytes: sum.bytes + each.bytes,
      dropped: sum.dropped + each.dropped,
      segments: sum.segments + each.segments,
      keptBytes: sum.keptBytes + each.keptBytes,
      evictedSegments: sum.evictedSegments + each.evictedSegments,
      oldestMicros: latest(sum.oldestMicros, each.oldestMicros),
      newestMicros: latest(sum.newestMicros, each.newestMicros),
    }),
    first,
  );
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
