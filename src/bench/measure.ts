/** One measured figure beside its peer's, and how a figure is taken: alternating, several times, the median. */

export interface Measure {
  readonly area: string;
  readonly name: string;
  readonly ours: number;
  /** Null: the peer is not installed, or the figure is absolute. */
  readonly peer: number | null;
  readonly peer_name: string | null;
  /** Ours over peer: above 1 is better than the peer. */
  readonly ratio: number | null;
  readonly unit: string;
}

const RUNS = 3;

/** Runs `ours` and `peer` in turn; both answer in units per second. `peer` may be null. */
export async function compare(
  what: { area: string; name: string; unit: string; peerName: string | null },
  ours: () => number | Promise<number>,
  peer: (() => number | Promise<number>) | null,
  runs = RUNS,
): Promise<Measure> {
  const mine: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < runs; run++) {
    mine.push(await ours());
    if (peer) theirs.push(await peer());
  }
  const own = median(mine);
  const other = peer ? median(theirs) : null;
  return {
    area: what.area,
    name: what.name,
    ours: own,
    peer: other,
    peer_name: what.peerName,
    ratio: other === null ? null : own / other,
    unit: what.unit,
  };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
