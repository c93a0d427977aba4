/** The block that an alert led to, and in plain words what that means. */
import { Link } from 'react-router';
import type { Alert } from '../../../../src/contract/alert.ts';
import { decisionOn, useRecentDecisions } from '../../api/use-decisions.ts';
import { useRights } from '../../api/use-session.ts';
import { DecisionStateBadge } from '../../ui/decision-badge.tsx';
import { Fact, Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { UnblockButton } from '../decisions/unblock-button.tsx';

export function DecisionRecord({ alert }: { alert: Alert }) {
  const { mayAct } = useRights();
  return (
    <Loaded query={useRecentDecisions()} what="decisions">
      {(decisions) => {
        const decision = decisionOn(alert, decisions);
        if (!decision)
          return (
            <p>
              Verdict <strong>{alert.decision}</strong>.{' '}
              <span className="text-muted">
                {alert.decision === 'BLOCK'
                  ? 'There is no block on record for this alert among the latest decisions.'
                  : 'No block was asked for.'}{' '}
                <Link to="/decisions" className="text-accent hover:underline">
                  All decisions
                </Link>
              </span>
            </p>
          );
        return (
          <div className="grid gap-3">
            {decision.simulated && (
              <p className="text-simulated">
                Simulated: recorded, not carried out. The source is <strong>not</strong> blocked.
              </p>
            )}
            <Facts>
              <Fact name={decision.action}>
                <code>{decision.ip}</code>
              </Fact>
              <Fact name="State">
                <DecisionStateBadge decision={decision} />
              </Fact>
              {decision.detail && (
                <Fact name="Enforcer says">
                  <VisibleText text={decision.detail} limit={300} prose />
                </Fact>
              )}
              <Fact name="Reason">
                <VisibleText text={decision.reason} limit={300} prose />
              </Fact>
              <Fact name="Made">
                <Timestamp at={decision.created_at} /> by {decision.created_by}
              </Fact>
              <Fact name="Until">
                {decision.expires_at ? (
                  <Timestamp at={decision.expires_at} relative />
                ) : (
                  'taken back by hand'
                )}
              </Fact>
            </Facts>
            <UnblockButton decision={decision} disabled={!mayAct} />
          </div>
        );
      }}
    </Loaded>
  );
}
