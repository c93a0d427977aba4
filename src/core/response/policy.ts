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
   * The confidence from what was seen on connections with a completed handshake alone. Blocking for
   * anything else would let whoever can forge a source address choose whom we cut off.
   */
  readonly provenConfidence: number;
  /** It is on the never-block list. */
  readonly isProtected: boolean;
}

/**
 * ALLOW below `alert_threshold`, BLOCK where the proven confidence reaches `block_threshold` as well and the
 * facts permit it, ALERT otherwise. Where nothing is proven nothing is blocked, whatever the thresholds.
 * Should the two thresholds be the wrong way round, the higher one blocks. NaN is ALLOW.
 */
export function decide(confidence: number, policy: Thresholds, facts: SourceFacts): Verdict {
  if (!(confidence >= policy.alert_threshold)) return 'ALLOW';
  const mayBlock = !facts.isAnomalyOnly && !facts.isProtected && facts.provenConfidence > 0;
  const sure = Math.min(confidence, facts.provenConfidence);
  return mayBlock && sure >= Math.max(policy.alert_threshold, policy.block_threshold)
    ? 'BLOCK'
    : 'ALERT';
}
