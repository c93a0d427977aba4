/** What a visitor did, in order. All text is the visitor's: shown, never interpreted. */
import type { LureEvent } from '../../../../src/contract/lure.ts';
import { formatBytes } from '../../format/number.ts';
import { Empty } from '../../ui/empty.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

const KINDS: Record<LureEvent['kind'], string> = {
  connect: 'Connected',
  banner: 'Client said',
  login: 'Log-in',
  command: 'Command',
  request: 'Request',
  upload: 'Upload',
  close: 'Left',
};

export function Transcript({ events }: { events: readonly LureEvent[] }) {
  if (events.length === 0)
    return <Empty title="No events yet">They appear here as the visitor acts.</Empty>;
  return (
    <ol className="grid gap-px">
      {events.map((event) => (
        <li
          key={event.id}
          className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 border-line/60 border-b py-1.5 last:border-0 sm:grid-cols-[auto_6rem_minmax(0,1fr)]"
        >
          <span className="text-muted">
            <Timestamp at={event.at} withMillis />
          </span>
          <span className="font-medium">{KINDS[event.kind]}</span>
          <div className="col-span-full min-w-0 sm:col-span-1">
            <What event={event} />
          </div>
        </li>
      ))}
    </ol>
  );
}

function What({ event }: { event: LureEvent }) {
  const { kind, username, password, text, bytes, sha256 } = event;
  return (
    <>
      {kind === 'connect' && (
        <span className="text-muted">
          from port {event.source_port} to port {event.local_port}
        </span>
      )}
      {username !== null && (
        <span className="block">
          <span className="text-muted">user </span>
          <VisibleText text={username} limit={300} />
        </span>
      )}
      {password !== null && (
        <span className="block">
          <span className="text-muted">password </span>
          {password === '' ? (
            <span className="text-muted">(empty)</span>
          ) : (
            <VisibleText text={password} limit={300} />
          )}
        </span>
      )}
      {text !== null && (
        <span className="block">
          {kind === 'command' && <span className="text-muted">$ </span>}
          <VisibleText text={text} limit={4000} />
        </span>
      )}
      {bytes !== null && <span className="block text-muted">{formatBytes(bytes)}</span>}
      {sha256 !== null && (
        <span className="block text-muted text-xs">
          SHA-256 <code className="break-all">{sha256}</code>
        </span>
      )}
    </>
  );
}
