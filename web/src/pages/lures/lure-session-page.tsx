/** One visit to a honeypot, event by event. */
import { Link, useParams } from 'react-router';
import type { LureSessionDetail } from '../../../../src/contract/api.ts';
import { useLureSession } from '../../api/use-lures.ts';
import { formatCount, formatPlural } from '../../format/number.ts';
import { Address } from '../../ui/address.tsx';
import { Fact, Facts } from '../../ui/facts.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { Transcript } from './transcript.tsx';

export function LureSessionPage() {
  const { id = '' } = useParams();
  const detail = useLureSession(id);
  return (
    <Page
      title="Lure session"
      aside={
        <Link to="/lures" className="flex items-center gap-1 text-accent hover:underline">
          <Icon name="back" /> All sessions
        </Link>
      }
    >
      <Loaded query={detail} what="the session">
        {(data) => (
          <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(0,3fr)]">
            <Panel title="Visitor">
              <Visitor detail={data} />
            </Panel>
            <Panel
              title="Transcript"
              aside={
                <span className="text-muted">{formatPlural(data.events.length, 'event')}</span>
              }
            >
              <Transcript events={data.events} />
            </Panel>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Visitor({ detail: { session } }: { detail: LureSessionDetail }) {
  return (
    <div className="grid gap-3">
      <Facts>
        <Fact name="Address">
          <Address ip={session.source_ip} country={session.country} />
        </Fact>
        <Fact name="Service">{session.service.toUpperCase()}</Fact>
        <Fact name="Started">
          <Timestamp at={session.started_at} />
        </Fact>
        <Fact name="Last event">
          <Timestamp at={session.last_at} relative />
        </Fact>
        <Fact name="Log-ins">{formatCount(session.logins)}</Fact>
        <Fact name="Commands">{formatCount(session.commands)}</Fact>
        <Fact name="Uploads">{formatCount(session.uploads)}</Fact>
      </Facts>
      <Link
        className="text-accent hover:underline"
        to={`/alerts?source_ip=${encodeURIComponent(session.source_ip)}`}
      >
        Alerts on this visitor
      </Link>
      <Link
        className="text-accent hover:underline"
        to={`/sources/${encodeURIComponent(session.source_ip)}`}
      >
        This visitor's story
      </Link>
    </div>
  );
}
