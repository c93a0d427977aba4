/** Alerts as rows: how bad, what, who, whom, how sure, what was done. */
import { Link } from 'react-router';
import type { Alert } from '../../../../src/contract/alert.ts';
import { labelOf } from '../../format/label.ts';
import { formatCompact } from '../../format/number.ts';
import { Address } from '../../ui/address.tsx';
import { Confidence } from '../../ui/confidence.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { DemoBadge } from '../../ui/demo-badge.tsx';
import { SeverityBadge } from '../../ui/severity-badge.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { AlertDecision } from './alert-decision.tsx';
import { Target } from './target.tsx';

const COLUMNS: readonly Column<Alert>[] = [
  { header: 'Severity', cell: ({ severity }) => <SeverityBadge severity={severity} /> },
  {
    header: 'Alert',
    cell: (alert) => (
      <>
        <Link
          to={`/alerts/${encodeURIComponent(alert.id)}`}
          className="font-semibold text-accent hover:underline"
        >
          {labelOf(alert.alert_type)}
        </Link>{' '}
        <DemoBadge sensorId={alert.sensor_id} />
        <span className="line-clamp-2 text-muted text-xs lg:line-clamp-1">
          <VisibleText text={alert.description} limit={160} prose />
        </span>
      </>
    ),
    grows: true,
  },
  {
    header: 'Source',
    cell: ({ source_ip }) => <Address ip={source_ip} none="many" />,
    hideBelow: 'sm',
  },
  {
    header: 'Target',
    cell: (alert) => <Target alert={alert} />,
    hideBelow: 'sm',
  },
  {
    header: 'Confidence',
    cell: ({ confidence }) => <Confidence value={confidence} />,
    hideBelow: 'md',
  },
  {
    header: 'Packets',
    cell: ({ packet_count }) => formatCompact(packet_count),
    align: 'right',
    hideBelow: 'lg',
  },
  { header: 'Decision', cell: (alert) => <AlertDecision alert={alert} />, hideBelow: 'md' },
  {
    header: 'Status',
    cell: ({ status, assignee, suppressed_by }) => (
      <>
        <StatusBadge status={status} />
        {suppressed_by && <span className="block text-muted text-xs">suppressed</span>}
        {assignee && <span className="block text-muted text-xs">{assignee}</span>}
      </>
    ),
    hideBelow: 'sm',
  },
  { header: 'Last seen', cell: ({ last_seen }) => <Timestamp at={last_seen} /> },
];

interface Selection {
  readonly selected: ReadonlySet<string>;
  readonly onChange: (selected: ReadonlySet<string>) => void;
}

export function AlertTable({
  alerts,
  caption,
  selection = null,
}: {
  alerts: readonly Alert[];
  caption: string;
  /** Absent: rows cannot be selected. */
  selection?: Selection | null;
}) {
  const columns = selection === null ? COLUMNS : [selectColumn(selection), ...COLUMNS];
  return <DataTable caption={caption} columns={columns} rows={alerts} rowKey={({ id }) => id} />;
}

function selectColumn({ selected, onChange }: Selection): Column<Alert> {
  return {
    header: 'Select',
    cell: ({ id, alert_type, source_ip }) => (
      <input
        type="checkbox"
        aria-label={`Select ${labelOf(alert_type)} from ${source_ip ?? 'many'}`}
        checked={selected.has(id)}
        onChange={() => {
          const next = new Set(selected);
          if (!next.delete(id)) next.add(id);
          onChange(next);
        }}
      />
    ),
    hideBelow: 'sm',
  };
}
