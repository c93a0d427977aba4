/** From confidence to verdict. The only place where it is decided that something may be blocked. */
import type { Verdict } from '../../contract/alert.ts';

export interface Thresholds {
  readonly alert_threshold: number;
  readonly block_threshold: number;
}

export interface SourceFacts {
  /** Nothing but the isolation forest speaks for it: unusual is not hostile, so it is never blocked. */
  readonly isAnomalyOnly: boolean;
  /**
   * No completed three-way handshake was seen from it. Blocking it would let anyone who can forge a
   * source address choose whom we cut off.
   */
  readonly isSpoofable: boolean;
  /** It is on the never-block list. */
  readonly isProtected: boolean;
}

/**
 * ALLOW below `alert_threshold`, BLOCK from `block_threshold` on where the facts permit it, ALERT otherwise.
 * Should the two thresholds be the wrong way round, the higher one blocks. NaN is ALLOW.
 */
export function decide(confidence: number, policy: Thresholds, facts: SourceFacts): Verdict {
  if (!(confidence >= policy.alert_threshold)) return 'ALLOW';
  const mayBlock = !facts.isAnomalyOnly && !facts.isSpoofable && !facts.isProtected;
  return mayBlock && confidence >= policy.block_threshold ? 'BLOCK' : 'ALERT';
}
