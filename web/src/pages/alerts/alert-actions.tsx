/** What a person can do with an alert: triage it, silence its like, block its source. */
import { useState } from 'react';
import type { Alert, AlertStatus } from '../../../../src/contract/alert.ts';
import { useAlertChange } from '../../api/use-alerts.ts';
import { useRights, useSession } from '../../api/use-session.ts';
import { labelOf } from '../../format/label.ts';
import { Button } from '../../ui/button.tsx';
import { Icon, type IconName } from '../../ui/icon.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';
import { BlockDialog } from '../decisions/block-dialog.tsx';
import { SilenceDialog } from '../suppressions/silence-dialog.tsx';

interface Action {
  readonly status: AlertStatus;
  readonly label: string;
  readonly icon: IconName;
}

const ACKNOWLEDGE: Action = { status: 'acknowledged', label: 'Acknowledge', icon: 'eye' };
const RESOLVE: Action = { status: 'resolved', label: 'Resolve', icon: 'check' };
const FALSE_POSITIVE: Action = { status: 'false_positive', label: 'False positive', icon: 'cross' };
const REOPEN: Action = { status: 'open', label: 'Reopen', icon: 'alerts' };

const ACTIONS: Record<AlertStatus, readonly Action[]> = {
  open: [ACKNOWLEDGE, RESOLVE, FALSE_POSITIVE],
  acknowledged: [RESOLVE, FALSE_POSITIVE, REOPEN],
  resolved: [REOPEN],
  false_positive: [REOPEN],
};

export function AlertActions({ alert }: { alert: Alert }) {
  const { mayAct, role } = useRights();
  const me = useSession().data?.username ?? null;
  const change = useAlertChange(alert.id);
  const [isBlocking, setBlocking] = useState(false);
  const [isSilencing, setSilencing] = useState(false);
  const why = mayAct ? undefined : `Your role (${role}) may look, not act`;
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap gap-2">
        {ACTIONS[alert.status].map(({ status, label, icon }) => (
          <Button
            key={status}
            disabled={!mayAct || change.isPending}
            title={why}
            onClick={() => change.mutate({ status })}
          >
            <Icon name={icon} size={14} />
            {label}
          </Button>
        ))}
        <Button
          disabled={!mayAct || me === null || change.isPending}
          title={why}
          onClick={() => change.mutate({ assignee: alert.assignee === me ? null : me })}
        >
          {alert.assignee === me && me !== null ? 'Give it back' : 'Assign to me'}
        </Button>
        {!alert.suppressed_by && (
          <Button disabled={!mayAct} title={why} onClick={() => setSilencing(true)}>
            Silence this
          </Button>
        )}
        {alert.source_ip && (
          <Button look="danger" disabled={!mayAct} title={why} onClick={() => setBlocking(true)}>
            <Icon name="block" size={14} />
            Block {alert.source_ip}
          </Button>
        )}
      </div>
      {!mayAct && <p className="text-muted text-xs">{why}.</p>}
      {change.error && <ProblemNote error={change.error} />}
      {isSilencing && <SilenceDialog alert={alert} onClose={() => setSilencing(false)} />}
      {isBlocking && alert.source_ip && (
        <BlockDialog
          ip={alert.source_ip}
          reason={`${labelOf(alert.alert_type)}, alert ${alert.id}`}
          onClose={() => setBlocking(false)}
        />
      )}
    </div>
  );
}
