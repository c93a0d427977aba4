/** What was decided and whether it was carried out: a simulated block never looks like a real one. */
import type { Verdict } from '../../../src/contract/alert.ts';
import type { Decision } from '../../../src/contract/decision.ts';
import { labelOf } from '../format/label.ts';
import { Badge, type Tone } from './badge.tsx';
import { Icon } from './icon.tsx';

const VERDICT_TONES: Record<Verdict, Tone> = {
  ALLOW: 'neutral',
  ALERT: 'medium',
  BLOCK: 'critical',
  DECEIVE: 'low',
};

const STATE_TONES: Record<Decision['state'], Tone> = {
  pending: 'medium',
  active: 'critical',
  expired: 'neutral',
  removed: 'neutral',
  refused: 'high',
  simulated: 'simulated',
};

/** `outcome` is what became of a block; null where there is nothing to add to the verdict. */
export function VerdictBadge({
  verdict,
  outcome = null,
  simulated = false,
}: {
  verdict: Verdict;
  outcome?: string | null;
  simulated?: boolean;
}) {
  return (
    <Badge
      tone={simulated ? 'simulated' : VERDICT_TONES[verdict]}
      icon={
        verdict === 'BLOCK' ? <Icon name={simulated ? 'ghost' : 'block'} size={12} /> : undefined
      }
    >
      {verdict}
      {outcome && ` · ${outcome}`}
    </Badge>
  );
}

export function DecisionStateBadge({ decision }: { decision: Decision }) {
  return (
    <Badge tone={decision.simulated ? 'simulated' : STATE_TONES[decision.state]}>
      {decisionStateLabel(decision)}
    </Badge>
  );
}

/** `Active`, `Simulated`, `Simulated, expired`. */
export function decisionStateLabel({ simulated, state }: Decision): string {
  if (!simulated || state === 'simulated') return labelOf(state);
  return `Simulated, ${labelOf(state).toLowerCase()}`;
}
