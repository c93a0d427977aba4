/** The numbers of the chosen time range. */
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { Overview } from '../../../../src/contract/api.ts';
import { formatBytes, formatCompact, formatCount, formatShare } from '../../format/number.ts';

export function KeyFigures({ overview }: { overview: Overview }) {
  const { total_packets, malicious_packets } = overview;
  const share = total_packets > 0 ? malicious_packets / total_packets : 0;
  return (
    <dl className="grid grid-cols-2 gap-2 sm:grid-cols-4 2xl:grid-cols-8">
      <Figure to="/alerts?status=open" name="Open alerts" tone="text-critical" note="need a person">
        {overview.open_alerts}
      </Figure>
      <Figure to="/decisions?state=active" name="Active blocks" note="carried out">
        {overview.active_blocks}
      </Figure>
      <Figure
        to="/decisions?state=simulated"
        name="Simulated blocks"
        tone="text-simulated"
        note="not carried out"
      >
        {overview.simulated_blocks}
      </Figure>
      <Figure to="/lures" name="Lure sessions" note="honeypot visits">
        {overview.lure_sessions}
      </Figure>
      <Figure to="/packets" name="Packets" note="in this time range">
        {total_packets}
      </Figure>
      <Figure
        to="/packets?malicious=true"
        name="Malicious packets"
        note={`${formatShare(share)} of all`}
      >
        {malicious_packets}
      </Figure>
      <Figure to="/flows" name="Flows" note="conversations">
        {overview.flows}
      </Figure>
      <Figure to="/packets" name="Volume" note="on the wire">
        {formatBytes(overview.total_bytes)}
      </Figure>
    </dl>
  );
}

/** Emphasis only where the number is not zero. */
function Figure({
  to,
  name,
  note,
  tone = '',
  children,
}: {
  to: string;
  name: string;
  note: string;
  tone?: string;
  children: number | string;
}) {
  const isNumber = typeof children === 'number';
  const shown: ReactNode = isNumber && children >= 100_000 ? formatCompact(children) : children;
  return (
    <div className="relative rounded-lg border border-line bg-surface px-3 py-2 hover:border-control">
      <dt className="text-muted text-xs">
        <Link to={to} className="after:absolute after:inset-0">
          {name}
        </Link>
      </dt>
      <dd
        className={`font-semibold text-2xl leading-tight ${children === 0 ? '' : tone}`}
        title={isNumber ? formatCount(children) : undefined}
      >
        {isNumber && children < 100_000 ? formatCount(children) : shown}
      </dd>
      <dd className="text-muted text-xs">{note}</dd>
    </div>
  );
}
