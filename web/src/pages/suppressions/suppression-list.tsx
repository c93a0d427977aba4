/** What is suppressed now, why, until when, and how much each has hidden. */
import { Link } from 'react-router';
import type { Suppression } from '../../../../src/contract/suppression.ts';
import { useRights } from '../../api/use-session.ts';
import { useSuppressions, useUnsuppress } from '../../api/use-suppressions.ts';
import { labelOf } from '../../format/label.ts';
import { formatCount } from '../../format/number.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

export function SuppressionList() {
  return (
    <Panel
      title="Suppressions: not shown, not told, not blocked"
      aside={
        <Link to="/alerts?suppressed=only" className="text-accent hover:underline">
          Show what they hide
        </Link>
      }
    >
      <Loaded query={useSuppressions()} what="suppressions">
        {(suppressions) => <List suppressions={suppressions} />}
      </Loaded>
    </Panel>
  );
}

function List({ suppressions }: { suppressions: readonly Suppression[] }) {
  const { mayAct } = useRights();
  const remove = useUnsuppress();
  if (suppressions.length === 0)
    return (
      <Empty title="Nothing is suppressed">
        Open an alert that you do not want to hear of again and choose Silence this.
      </Empty>
    );
  const columns: readonly Column<Suppression>[] = [
    { header: 'What', cell: (each) => <VisibleText text={criteriaOf(each)} limit={200} prose /> },
    {
      header: 'Why',
      cell: ({ reason, created_by }) => (
        <>
          <VisibleText text={reason} limit={300} prose />
          <span className="block text-muted text-xs">by {created_by}</span>
        </>
      ),
      grows: true,
    },
    { header: 'Hidden', cell: ({ hit_count }) => formatCount(hit_count), align: 'right' },
    {
      header: 'Latest',
      cell: ({ last_hit }) => (last_hit === null ? '–' : <Timestamp at={last_hit} relative />),
      hideBelow: 'md',
    },
    {
      header: 'Until',
      cell: ({ expires_at }) => <Timestamp at={expires_at} relative />,
      hideBelow: 'sm',
    },
    {
      header: 'Remove',
      cell: (each) => (
        <Button
          disabled={!mayAct || remove.isPending}
          title={mayAct ? undefined : 'Your role may look, not act'}
          aria-label={`Remove the suppression of ${criteriaOf(each)}`}
          onClick={() => remove.mutate(each.id)}
        >
          Remove
        </Button>
      ),
    },
  ];
  return (
    <>
      <DataTable
        caption="Suppressions"
        columns={columns}
        rows={suppressions}
        rowKey={({ id }) => id}
      />
      {remove.error && <ProblemNote error={remove.error} />}
    </>
  );
}

function criteriaOf({ alert_type, source, target, port, sensor_id }: Suppression): string {
  return [
    alert_type && labelOf(alert_type),
    source && `from ${source}`,
    target && `to ${target}`,
    port !== null && `port ${port}`,
    sensor_id && `at ${sensor_id}`,
  ]
    .filter(Boolean)
    .join(' ');
}
