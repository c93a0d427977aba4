/** Packets as rows with their verdict. */
import type { PacketSummary } from '../../../../src/contract/api.ts';
import { labelOf } from '../../format/label.ts';
import { formatCount, formatShare } from '../../format/number.ts';
import { Address } from '../../ui/address.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { VerdictBadge } from '../../ui/decision-badge.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

const LEVEL_TONES: Readonly<Record<string, Tone>> = {
  HIGH: 'critical',
  MEDIUM: 'medium',
  LOW: 'neutral',
};

const COLUMNS: readonly Column<PacketSummary>[] = [
  { header: 'Time', cell: ({ timestamp }) => <Timestamp at={timestamp} withMillis /> },
  { header: 'Threat', cell: threatOf },
  { header: 'Protocol', cell: ({ protocol }) => protocol, hideBelow: 'sm' },
  {
    header: 'Source',
    cell: ({ src_ip, src_port, country }) => (
      <Address ip={src_ip} port={src_port} country={country} />
    ),
  },
  {
    header: 'Destination',
    cell: ({ dst_ip, dst_port }) => <Address ip={dst_ip} port={dst_port} />,
  },
  {
    header: 'Length',
    cell: ({ length }) => `${formatCount(length)} B`,
    align: 'right',
    hideBelow: 'md',
  },
  { header: 'Flags', cell: ({ tcp_flags }) => tcp_flags ?? '–', hideBelow: 'lg' },
  {
    header: 'Info',
    cell: ({ info }) =>
      info ? (
        <span className="line-clamp-2">
          <VisibleText text={info} limit={160} />
        </span>
      ) : (
        '–'
      ),
    grows: true,
    hideBelow: 'md',
  },
  {
    header: 'Attack type',
    cell: ({ attack_type }) => (attack_type ? labelOf(attack_type) : '–'),
    hideBelow: 'lg',
  },
  {
    header: 'Decision',
    cell: ({ decision }) => (decision ? <VerdictBadge verdict={decision} /> : '–'),
    hideBelow: 'lg',
  },
  {
    header: 'Sensor',
    cell: ({ sensor_id }) => <VisibleText text={sensor_id} limit={40} />,
    hideBelow: 'xl',
  },
];

export function PacketTable({ packets }: { packets: readonly PacketSummary[] }) {
  return (
    <DataTable
      caption="Packets"
      columns={COLUMNS}
      rows={packets}
      rowKey={({ id }) => id}
      rowClass={({ is_malicious }) => (is_malicious ? 'bg-critical/7' : '')}
    />
  );
}

/** A packet that nothing has judged says so instead of looking harmless. */
function threatOf({ is_malicious, threat_level, threat_score }: PacketSummary) {
  if (threat_level === null || threat_score === null)
    return <span className="text-muted text-xs">not judged</span>;
  return (
    <Badge tone={LEVEL_TONES[threat_level] ?? 'neutral'}>
      {is_malicious ? '! ' : ''}
      {threat_level} {formatShare(threat_score)}
    </Badge>
  );
}
