/** Entries of a story along a line; the words say what the dots' colours say. */
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { StoryEntry } from '../../../../src/contract/story.ts';
import { labelOf } from '../../format/label.ts';
import { formatDuration, toMillis } from '../../format/time.ts';
import { Badge } from '../../ui/badge.tsx';
import { SeverityBadge } from '../../ui/severity-badge.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

const DOTS: Record<StoryEntry['kind'], string> = {
  first_contact: 'bg-accent',
  alert: 'bg-high',
  lure: 'bg-low',
  block: 'bg-critical',
  persistence: 'bg-medium',
  return: 'bg-medium',
};

export function TimeLine({ entries }: { entries: readonly StoryEntry[] }) {
  return (
    <ol aria-label="Time line" className="grid border-line border-l-2">
      {entries.map((entry) => (
        <li
          key={`${entry.kind} ${entry.at} ${entry.alert?.id ?? entry.session_id ?? entry.decision_id}`}
          className="relative grid gap-x-3 py-2 pl-5 sm:grid-cols-[11rem_minmax(0,1fr)]"
        >
          <span
            aria-hidden="true"
            className={`absolute top-3.5 -left-[7px] size-3 rounded-full border-2 border-surface ${DOTS[entry.kind]}`}
          />
          <span className="text-muted">
            <Timestamp at={entry.at} />
            <Lasted entry={entry} />
          </span>
          <div className="min-w-0">
            <div className="flex flex-wrap items-center gap-1.5">
              <Title entry={entry} />
              {entry.alert && <SeverityBadge severity={entry.alert.severity} />}
              {entry.is_simulated && <Badge tone="simulated">Simulated</Badge>}
              {entry.is_suppressed && <Badge tone="neutral">Suppressed</Badge>}
            </div>
            <p>
              <VisibleText text={entry.text} limit={300} prose />
            </p>
          </div>
        </li>
      ))}
    </ol>
  );
}

function Title({ entry }: { entry: StoryEntry }): ReactNode {
  const { kind, alert, session_id: sessionId } = entry;
  if (alert)
    return (
      <Link
        className="font-semibold text-accent hover:underline"
        to={`/alerts/${encodeURIComponent(alert.id)}`}
      >
        {labelOf(alert.alert_type)}
      </Link>
    );
  if (sessionId !== null)
    return (
      <Link
        className="font-semibold text-accent hover:underline"
        to={`/lures/${encodeURIComponent(sessionId)}`}
      >
        Lure session
      </Link>
    );
  return <span className="font-semibold">{labelOf(kind)}</span>;
}

function Lasted({ entry: { at, until } }: { entry: StoryEntry }) {
  const seconds = until === null ? 0 : (toMillis(until) - toMillis(at)) / 1000;
  if (seconds < 1) return null;
  return <span className="block text-xs">for {formatDuration(seconds)}</span>;
}
