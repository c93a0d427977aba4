/** The decision of an alert with what became of it. */
import type { Alert } from '../../../../src/contract/alert.ts';
import { decisionOn, useRecentDecisions } from '../../api/use-decisions.ts';
import { usePolicy } from '../../api/use-policy.ts';
import { decisionStateLabel, VerdictBadge } from '../../ui/decision-badge.tsx';

export function AlertDecision({ alert }: { alert: Alert }) {
  const decisions = useRecentDecisions();
  const policy = usePolicy();
  if (alert.decision !== 'BLOCK') return <VerdictBadge verdict={alert.decision} />;
  const decision = decisionOn(alert, decisions.data ?? []);
  if (decision)
    return (
      <VerdictBadge
        verdict="BLOCK"
        outcome={decisionStateLabel(decision).toLowerCase()}
        simulated={decision.simulated}
      />
    );
  if (!decisions.data || !policy.data) return <VerdictBadge verdict="BLOCK" />;
  return (
    <VerdictBadge
      verdict="BLOCK"
      outcome={policy.data.armed ? 'not carried out' : 'simulated'}
      simulated={!policy.data.armed}
    />
  );
}
