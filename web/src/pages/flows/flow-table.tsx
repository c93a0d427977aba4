/** Flows as rows with their verdict. */
import type { FlowSummary } from '../../../../src/contract/api.ts';
import { labelOf } from '../../format/label.ts';
import { formatBytes, formatCount, formatShare } from '../../format/number.ts';
import { formatDuration } from '../../format/time.ts';
import { Address } from '../../ui/address.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { connStateMeaning } from './conn-state.ts';

const COLUMNS: readonly Column<FlowSummary>[] = [
  { header: 'Last seen', cell: ({ last_seen }) => <Timestamp at={last_seen} /> },
  { header: 'Judged', cell: verdictOf },
  {
    header: 'Source',
    cell: ({ src_ip, src_port, country }) => (
      <Address ip={src_ip} port={src_port} country={country} />
    ),
  },
  {
    header: 'Destination',
    cell: ({ dest_ip, dest_port }) => <Address ip={dest_ip} port={dest_port} />,
  },
  {
    header: 'Service',
    cell: ({ protocol, service }) => (service ? `${protocol} ${service}` : protocol),
    hideBelow: 'sm',
  },
  {
    header: 'State',
    cell: ({ conn_state, history }) => (
      <span title={`${connStateMeaning(conn_state) ?? conn_state}; history ${history || 'none'}`}>
        <code>{conn_state}</code>{' '}
        <span className="text-muted text-xs max-xl:sr-only">{connStateMeaning(conn_state)}</span>
      </span>
    ),
    hideBelow: 'md',
  },
  {
    header: 'Lasted',
    cell: ({ duration }) => formatDuration(duration),
    align: 'right',
    hideBelow: 'md',
  },
  {
    header: 'Packets',
    cell: ({ packet_count }) => formatCount(packet_count),
    align: 'right',
    hideBelow: 'lg',
  },
  {
    header: 'Sent / received',
    cell: ({ byte_count_fwd, byte_count_bwd }) =>
      `${formatBytes(byte_count_fwd)} / ${formatBytes(byte_count_bwd)}`,
    align: 'right',
    hideBelow: 'md',
  },
  {
    header: 'Server name',
    cell: ({ tls_sni }) => (tls_sni ? <VisibleText text={tls_sni} limit={80} /> : '–'),
    hideBelow: 'xl',
    grows: true,
  },
];

export function FlowTable({ flows }: { flows: readonly FlowSummary[] }) {
  return (
    <DataTable
      caption="Flows"
      columns={COLUMNS}
      rows={flows}
      rowKey={({ id_num }) => id_num}
      rowClass={({ threat_score }) => ((threat_score ?? 0) >= 0.5 ? 'bg-critical/7' : '')}
    />
  );
}

function verdictOf({ predicted_label, confidence, threat_score }: FlowSummary) {
  if (predicted_label === null) return <span className="text-muted text-xs">not judged</span>;
  const tone: Tone =
    (threat_score ?? 0) >= 0.8 ? 'critical' : (threat_score ?? 0) >= 0.5 ? 'medium' : 'neutral';
  return (
    <Badge
      tone={tone}
      {...(threat_score !== null && { title: `threat score ${formatShare(threat_score)}` })}
    >
      {labelOf(predicted_label)}
      {confidence !== null && ` ${formatShare(confidence)}`}
      {threat_score !== null && tone !== 'neutral' && ` · threat ${formatShare(threat_score)}`}
    </Badge>
  );
}
