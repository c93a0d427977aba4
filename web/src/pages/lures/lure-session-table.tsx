/** Honeypot sessions as rows. */
import { Link } from 'react-router';
import type { LureSession } from '../../../../src/contract/api.ts';
import { formatCount } from '../../format/number.ts';
import { formatDuration, toMillis } from '../../format/time.ts';
import { Address } from '../../ui/address.tsx';
import { Badge } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';

const COLUMNS: readonly Column<LureSession>[] = [
  {
    header: 'Started',
    cell: ({ session_id, started_at }) => (
      <Link
        className="font-semibold text-accent hover:underline"
        to={`/lures/${encodeURIComponent(session_id)}`}
      >
        <Timestamp at={started_at} />
      </Link>
    ),
  },
  {
    header: 'Service',
    cell: ({ service }) => <Badge tone="neutral">{service.toUpperCase()}</Badge>,
  },
  {
    header: 'Visitor',
    cell: ({ source_ip, country }) => <Address ip={source_ip} country={country} />,
  },
  {
    header: 'Lasted',
    cell: ({ started_at, last_at }) =>
      formatDuration(Math.max(0, (toMillis(last_at) - toMillis(started_at)) / 1000)),
    align: 'right',
    hideBelow: 'sm',
  },
  { header: 'Log-ins', cell: ({ logins }) => formatCount(logins), align: 'right' },
  {
    header: 'Commands',
    cell: ({ commands }) => formatCount(commands),
    align: 'right',
    hideBelow: 'sm',
  },
  {
    header: 'Uploads',
    cell: ({ uploads }) => formatCount(uploads),
    align: 'right',
    hideBelow: 'md',
  },
];

export function LureSessionTable({ sessions }: { sessions: readonly LureSession[] }) {
  return (
    <DataTable
      caption="Honeypot sessions"
      columns={COLUMNS}
      rows={sessions}
      rowKey={({ session_id }) => session_id}
    />
  );
}
