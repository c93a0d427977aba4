/** What a challenger would have said of live traffic, beside what the champion said. */
import type { ModelShadow as Shadow } from '../../../../src/contract/model.ts';
import { formatCount, formatNumber } from '../../format/number.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';

type Row = Shadow['flows'] & { what: string };

export function ModelShadow({ shadow }: { shadow: Shadow }) {
  const rows: readonly Row[] = [
    { what: 'Conversations', ...shadow.flows },
    { what: 'Windows of sources', ...shadow.sources },
    { what: 'Windows of targets', ...shadow.targets },
  ];
  return (
    <Panel
      title="In the shadow of the champion"
      aside={
        <span className="text-muted text-xs">
          since <Timestamp at={shadow.since} />
        </span>
      }
    >
      <DataTable
        caption="Champion and challenger on live traffic"
        columns={[
          { header: 'Rows', cell: ({ what }) => what, grows: true },
          { header: 'Judged', cell: ({ rows: count }) => formatCount(count), align: 'right' },
          { header: 'Attacks by both', cell: ({ both }) => formatCount(both), align: 'right' },
          {
            header: 'By the champion alone',
            cell: ({ onlyChampion }) => formatCount(onlyChampion),
            align: 'right',
          },
          {
            header: 'By this one alone',
            cell: ({ onlyChallenger }) => formatCount(onlyChallenger),
            align: 'right',
          },
          {
            header: 'Scores apart',
            cell: ({ rows: count, distance }) =>
              count === 0 ? '–' : formatNumber(distance / count),
            align: 'right',
            hideBelow: 'md',
          },
        ]}
        rows={rows}
        rowKey={({ what }) => what}
      />
    </Panel>
  );
}
