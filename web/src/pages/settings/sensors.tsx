/** What sends packets, and what it lost on the way. */
import type { SensorList } from '../../../../src/contract/api.ts';
import { useSensors } from '../../api/use-sensors.ts';
import { formatCount, formatShare } from '../../format/number.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

type SensorStatus = SensorList['sensors'][number];

const COLUMNS: readonly Column<SensorStatus>[] = [
  {
    header: 'Sensor',
    cell: ({ sensor_id }) => <VisibleText text={sensor_id} limit={100} />,
    grows: true,
  },
  { header: 'Last heard of', cell: ({ last_seen }) => <Timestamp at={last_seen} relative /> },
  { header: 'Packets', cell: ({ packets }) => formatCount(packets), align: 'right' },
  {
    header: 'Batches',
    cell: ({ batches }) => formatCount(batches),
    align: 'right',
    hideBelow: 'sm',
  },
  {
    header: 'Lost in the kernel',
    cell: ({ kernel_drops, packets }) => <Loss count={kernel_drops} of={packets + kernel_drops} />,
    align: 'right',
    hideBelow: 'sm',
  },
  {
    header: 'Too late for their window',
    cell: ({ late_packets, packets }) => <Loss count={late_packets} of={packets} />,
    align: 'right',
    hideBelow: 'md',
  },
  {
    header: 'Lost on the way',
    cell: ({ lost_packets, packets }) => <Loss count={lost_packets} of={packets + lost_packets} />,
    align: 'right',
    hideBelow: 'md',
  },
  {
    header: 'Clock ahead',
    cell: ({ clock_skew_s }) => <Skew seconds={clock_skew_s} />,
    align: 'right',
    hideBelow: 'lg',
  },
];

export function Sensors() {
  return (
    <Panel title="Sensors">
      <Loaded query={useSensors()} what="sensors">
        {(sensors) =>
          sensors.length === 0 ? (
            <Empty title="No sensor has reported yet">
              Start <code>npm start</code> with capture permission, or run{' '}
              <code>npm run phantomnet -- sensor</code> elsewhere with an API key of the role
              “sensor”.
            </Empty>
          ) : (
            <DataTable
              caption="Sensors"
              columns={COLUMNS}
              rows={sensors}
              rowKey={({ sensor_id }) => sensor_id}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}

/** To 10 ms: what is less is the network's. */
function Skew({ seconds }: { seconds: number | null }) {
  if (seconds === null) return '–';
  // No "-0.00".
  const shown = (Math.round(100 * seconds) / 100 || 0).toFixed(2);
  return <span className={Math.abs(seconds) > 1 ? 'text-high' : ''}>{shown} s</span>;
}

function Loss({ count, of }: { count: number; of: number }) {
  return (
    <span className={count > 0 ? 'text-high' : ''}>
      {formatCount(count)}
      {count > 0 && ` (${formatShare(count / of)})`}
    </span>
  );
}
