/** How far live traffic is from what the champion was trained on: the values that alarm, or else the furthest. */
import type { DriftRow, ModelDetail } from '../../../../src/contract/model.ts';
import { formatCount, formatNumber, formatPlural } from '../../format/number.ts';
import { Badge } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';

/** Shown where fewer alarm. */
const SHOWN = 10;

const COLUMNS: readonly Column<DriftRow>[] = [
  {
    header: 'Value',
    cell: ({ value, model }) => (
      <>
        <code>{value}</code>
        <span className="block text-muted text-xs sm:hidden">{model}</span>
      </>
    ),
    grows: true,
  },
  { header: 'Model', cell: ({ model }) => model, hideBelow: 'sm' },
  {
    header: 'Stability index',
    cell: ({ population_stability, alarm }) => (
      <span className={alarm ? 'text-high' : ''}>{formatNumber(population_stability)}</span>
    ),
    align: 'right',
  },
  { header: 'Rows', cell: ({ rows }) => formatCount(rows), align: 'right', hideBelow: 'sm' },
  {
    header: 'Alarm',
    cell: ({ alarm }) => (alarm ? <Badge tone="high">other than in training</Badge> : '–'),
    hideBelow: 'sm',
  },
];

export function ModelDrift({ drift }: { drift: ModelDetail['drift'] }) {
  if (!drift)
    return (
      <Panel title="Drift">
        <Empty title="Nothing to compare yet">
          It is told after a minute of traffic, by models that keep what they were trained on.
        </Empty>
      </Panel>
    );
  const alarms = drift.rows.filter(({ alarm }) => alarm).length;
  return (
    <Panel
      title="Drift"
      aside={
        <span className="text-muted text-xs">
          <Timestamp at={drift.at} relative />
        </span>
      }
    >
      <p className="mb-2">
        {alarms === 0
          ? 'No value is far from what the model was trained on.'
          : `${formatPlural(alarms, 'value')} of ${drift.rows.length} ${alarms === 1 ? 'is' : 'are'} far from what the model was trained on: expect more wrong verdicts.`}
      </p>
      <div className="max-h-96 overflow-y-auto">
        <DataTable
          caption="Drift by value"
          columns={COLUMNS}
          rows={drift.rows.slice(0, Math.max(SHOWN, alarms))}
          rowKey={({ model, value }) => `${model} ${value}`}
        />
      </div>
    </Panel>
  );
}
