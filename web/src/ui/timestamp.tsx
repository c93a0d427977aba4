/** A point in time: local on screen, UTC on hover. */
import { formatLocal, formatRelative, formatUtc, toMillis } from '../format/time.ts';
import { useNow } from './use-now.ts';

export function Timestamp({
  at,
  withMillis = false,
  relative = false,
}: {
  /** s since the epoch, or ISO 8601. */
  at: number | string;
  withMillis?: boolean;
  /** Adds how long ago that is. */
  relative?: boolean;
}) {
  const nowMs = useNow();
  const ms = toMillis(at);
  if (!Number.isFinite(ms)) return <span>unknown</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatUtc(ms)} className="whitespace-nowrap">
      {formatLocal(ms, nowMs, withMillis)}
      {relative && <span className="text-muted"> · {formatRelative(ms, nowMs)}</span>}
    </time>
  );
}
