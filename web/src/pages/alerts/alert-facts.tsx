/** The plain facts of an alert. */
import { Link } from 'react-router';
import type { Alert } from '../../../../src/contract/alert.ts';
import { formatBytes, formatPlural, formatShare } from '../../format/number.ts';
import { formatDuration } from '../../format/time.ts';
import { Address } from '../../ui/address.tsx';
import { Fact, Facts } from '../../ui/facts.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { Target } from './target.tsx';

export function AlertFacts({ alert }: { alert: Alert }) {
  return (
    <Facts>
      <Fact name="Source">
        <Address ip={alert.source_ip} none="many (spoofed or distributed)" />
        {alert.source_ip && (
          <span className="block text-xs">
            <Link
              className="text-accent hover:underline"
              to={`/alerts?source_ip=${alert.source_ip}`}
            >
              its other alerts
            </Link>{' '}
            ·{' '}
            <Link className="text-accent hover:underline" to={`/flows?src_ip=${alert.source_ip}`}>
              its flows
            </Link>{' '}
            ·{' '}
            <Link className="text-accent hover:underline" to={`/sources/${alert.source_ip}`}>
              its story
            </Link>
          </span>
        )}
      </Fact>
      <Fact name="Target">
        <Target alert={alert} />
      </Fact>
      <Fact name="Protocol">{alert.protocol ?? 'several'}</Fact>
      <Fact name="Confidence">{formatShare(alert.confidence)}</Fact>
      <Fact name="First seen">
        <Timestamp at={alert.first_seen} withMillis />
      </Fact>
      <Fact name="Last seen">
        <Timestamp at={alert.last_seen} withMillis relative />
      </Fact>
      <Fact name="Lasted">{formatDuration(Math.max(0, alert.last_seen - alert.first_seen))}</Fact>
      <Fact name="Raised after">
        {formatDuration(Math.max(0, alert.detected_at - alert.first_seen))} of it
      </Fact>
      <Fact name="Size">
        {formatPlural(alert.packet_count, 'packet')}, {formatBytes(alert.byte_count)},{' '}
        {formatPlural(alert.flow_count, 'flow')}
      </Fact>
      {alert.window_size !== null && <Fact name="Window">{alert.window_size} s</Fact>}
      <Fact name="Sensor">
        <VisibleText text={alert.sensor_id} limit={100} />
      </Fact>
      <Fact name="MITRE ATT&CK">{alert.mitre.length > 0 ? alert.mitre.join(', ') : 'none'}</Fact>
      <Fact name="Assigned to">{alert.assignee ?? 'nobody'}</Fact>
      {alert.resolved_at && (
        <Fact name="Resolved">
          <Timestamp at={alert.resolved_at} />
        </Fact>
      )}
      <Fact name="Id">
        <code className="break-all text-xs">{alert.id}</code>
      </Fact>
    </Facts>
  );
}
