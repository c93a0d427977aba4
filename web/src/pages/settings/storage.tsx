/** How full the store is, what it grows by, and what goes first when its budget is reached. */
import type { StorageOutlook } from '../../../../src/contract/api.ts';
import { useStorage } from '../../api/use-storage.ts';
import { formatBytes, formatPlural } from '../../format/number.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/panel.tsx';

type Tier = StorageOutlook['tiers'][number];

const NAMES: Readonly<Record<Tier['tier'], string>> = {
  packets: 'Packets',
  flows: 'Flows',
  windows_5s: 'Windows of 5 s',
  windows_30s: 'Windows of 30 s',
  windows_180s: 'Windows of 180 s',
};

const COLUMNS: readonly Column<Tier>[] = [
  { header: 'In the order of leaving', cell: ({ tier }) => NAMES[tier], grows: true },
  { header: 'Now', cell: ({ bytes }) => formatBytes(bytes), align: 'right' },
  { header: 'A day', cell: ({ bytes_per_day }) => formatBytes(bytes_per_day), align: 'right' },
  {
    header: 'Kept for at most',
    cell: ({ keep_days }) => formatPlural(keep_days, 'day'),
    align: 'right',
  },
];

export function Storage() {
  return (
    <Panel title="Storage">
      <Loaded query={useStorage()} what="storage">
        {(outlook) => (
          <>
            <p className="mb-3">{sentenceOf(outlook)}</p>
            <DataTable
              caption="Storage by tier"
              columns={COLUMNS}
              rows={outlook.tiers}
              rowKey={({ tier }) => tier}
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function sentenceOf(outlook: StorageOutlook): string {
  const parts = [`${formatBytes(outlook.bytes)} of ${formatBytes(outlook.max_bytes)}.`];
  const { days_until_full: days } = outlook;
  if (days === null)
    parts.push(`At this rate it settles at ${formatBytes(outlook.settles_at_bytes)}.`);
  else {
    const when = days < 1 ? 'within a day' : `in ${formatPlural(Math.round(days), 'day')}`;
    const hours = formatPlural(Math.floor(outlook.packet_hours_within_budget), 'hour');
    parts.push(`At this rate it is full ${when}; from then on packets are kept for ${hours}.`);
  }
  if (outlook.pinned_bytes > 0)
    parts.push(`${formatBytes(outlook.pinned_bytes)} are kept as evidence of open alerts.`);
  if (outlook.waiting_for_archive > 0)
    parts.push(`${formatPlural(outlook.waiting_for_archive, 'partition')} wait for the archive.`);
  return parts.join(' ');
}
