/**
 * Threads that train one model: each runs the same program on rows of its own and learns from the others what it needs, so
 * that all come to the same decisions. `ALONE` is a team of one.
 */

/** Nodes that a team looks at together. */
export const WAVE_NODES = 16;
/** What a member may tell the others at once: eight numbers for each of these nodes. */
export const SHARE_NUMBERS = 8 * WAVE_NODES;

export interface Team {
  /** This member's number, from 0. */
  readonly index: number;
  readonly size: number;
  /** Returns when all members have come here; what they wrote before can be read then. */
  wait(): void;
  /** All members' numbers, by member: what each gave in its call. To be read before the next call but one. */
  share(own: Float64Array): readonly Float64Array[];
}

export const ALONE: Team = { index: 0, size: 1, wait: () => undefined, share: (own) => [own] };

/** Where a member's part of `count` things begins; `member` may be the size, for the end of the last. */
export function partBegin(count: number, member: number, size: number): number {
  return Math.floor((count * member) / size);
}
