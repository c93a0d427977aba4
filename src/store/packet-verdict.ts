/** The one rule for `is_malicious`. */
import { ALERT_THRESHOLD, type PacketVerdicts } from '../contract/analysis.ts';

/** True for a packet of an alert, or scored as one; null where nothing has judged it. */
export function isMalicious(verdicts: PacketVerdicts, row: number): boolean | null {
  if ((verdicts.attackKind[row] as number) >= 0) return true;
  const score = verdicts.threatScore[row] as number;
  return Number.isNaN(score) ? null : score >= ALERT_THRESHOLD;
}
