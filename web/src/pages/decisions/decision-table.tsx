/** Decisions as rows. */
import { Link } from 'react-router';
import type { Decision } from '../../../../src/contract/decision.ts';
import { useRights } from '../../api/use-session.ts';
import { Address } from '../../ui/address.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { DecisionStateBadge, VerdictBadge } from '../../ui/decision-badge.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { UnblockButton } from './unblock-button.tsx';

export function DecisionTable({ decisions }: { decisions: readonly Decision[] }) {
  const { mayAct } = useRights();
  const columns: readonly Column<Decision>[] = [
    { header: 'State', cell: (decision) => <DecisionStateBadge decision={decision} /> },
    { header: 'Address', cell: ({ ip }) => <Address ip={ip} /> },
    {
      header: 'Action',
      cell: ({ action, simulated }) => <VerdictBadge verdict={action} simulated={simulated} />,
      hideBelow: 'md',
    },
    {
      header: 'Reason',
      cell: ({ reason, detail, alert_id }) => (
        <>
          <VisibleText text={reason} limit={200} prose />
          {detail && (
            <span className="block text-high text-xs">
              Enforcer: <VisibleText text={detail} limit={200} prose />
            </span>
          )}
          {alert_id && (
            <Link
              className="block text-accent text-xs hover:underline"
              to={`/alerts/${encodeURIComponent(alert_id)}`}
            >
              the alert
            </Link>
          )}
        </>
      ),
      grows: true,
      hideBelow: 'sm',
    },
    { header: 'Made', cell: ({ created_at }) => <Timestamp at={created_at} />, hideBelow: 'md' },
    { header: 'By', cell: ({ created_by }) => created_by, hideBelow: 'lg' },
    {
      header: 'Until',
      cell: ({ expires_at }) =>
        expires_at ? <Timestamp at={expires_at} relative /> : 'taken back by hand',
      hideBelow: 'md',
    },
    {
      header: 'Take back',
      cell: (decision) => <UnblockButton decision={decision} disabled={!mayAct} />,
    },
  ];
  return (
    <DataTable caption="Decisions" columns={columns} rows={decisions} rowKey={({ id }) => id} />
  );
}
