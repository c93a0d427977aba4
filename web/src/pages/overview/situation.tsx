/** One paragraph for somebody just woken up: the worst open alert and what can be done about it. */
import { Link } from 'react-router';
import type { Alert } from '../../../../src/contract/alert.ts';
import { DEMO_SENSOR } from '../../../../src/contract/demo-sensor.ts';
import { useAlerts } from '../../api/use-alerts.ts';
import { useOverview } from '../../api/use-overview.ts';
import { labelOf } from '../../format/label.ts';
import { formatPlural, formatShare } from '../../format/number.ts';
import { useLive } from '../../live/live-provider.tsx';
import { Address } from '../../ui/address.tsx';
import { DemoBadge } from '../../ui/demo-badge.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { SeverityBadge } from '../../ui/severity-badge.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { AlertDecision } from '../alerts/alert-decision.tsx';
import { Target } from '../alerts/target.tsx';
import { worstAlert } from './worst-alert.ts';

const EDGES = {
  Critical: 'border-l-critical',
  High: 'border-l-high',
  Medium: 'border-l-medium',
  Low: 'border-l-low',
} as const;

export function Situation() {
  const open = useAlerts({ status: 'open' });
  const { state } = useLive();
  const openCount = useOverview(60).data?.open_alerts;
  return (
    <Loaded query={open} what="open alerts">
      {({ pages }) => {
        const alerts = pages.flatMap((page) => page.alerts);
        const worst = worstAlert(alerts);
        if (!worst)
          return (
            <section
              aria-label="Situation"
              className="rounded-lg border border-line border-l-4 border-l-control bg-surface px-3 py-2.5"
            >
              <p>
                {state === 'live' ? (
                  <>
                    <strong className="text-ok">✓ No open alerts.</strong>{' '}
                    <span className="text-muted">New ones appear here by themselves.</span>
                  </>
                ) : (
                  <strong className="text-high">
                    No open alerts when last heard of: the live stream is not connected.
                  </strong>
                )}
              </p>
            </section>
          );
        return <Worst alert={worst} others={Math.max(openCount ?? 0, alerts.length) - 1} />;
      }}
    </Loaded>
  );
}

function Worst({ alert, others }: { alert: Alert; others: number }) {
  return (
    <section
      aria-label="Situation"
      className={`grid gap-2 rounded-lg border border-line border-l-4 bg-surface px-3 py-2.5 md:grid-cols-[1fr_auto] ${EDGES[alert.severity]}`}
    >
      <div className="grid min-w-0 gap-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <SeverityBadge severity={alert.severity} />
          <strong className="text-base">{labelOf(alert.alert_type)}</strong>
          <DemoBadge sensorId={alert.sensor_id} />
          <span className="text-muted">from</span>
          <Address ip={alert.source_ip} none="many sources" />
          <span className="text-muted">to</span>
          <Target alert={alert} many="many targets" />
        </p>
        <p className="text-muted">
          <VisibleText text={alert.description} limit={300} prose />
        </p>
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <span>{formatShare(alert.confidence)} sure</span>
          <span>
            last seen <Timestamp at={alert.last_seen} relative />
          </span>
          <AlertDecision alert={alert} />
        </p>
        {alert.sensor_id === DEMO_SENSOR && (
          <p className="text-muted text-xs">
            This comes from the bundled demo capture, not from your network. Alerts on your own
            traffic are shown here before it; <code>npm start -- --no-demo</code> on a new data
            folder starts without it.
          </p>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-3 md:flex-col md:items-end md:justify-center">
        <Link
          to={`/alerts/${encodeURIComponent(alert.id)}`}
          className="rounded-md bg-accent px-3 py-1.5 font-semibold text-on-accent hover:brightness-110"
        >
          Look into it
        </Link>
        {others > 0 && (
          <Link to="/alerts?status=open" className="text-accent hover:underline">
            and {formatPlural(others, 'other open alert')}
          </Link>
        )}
      </div>
    </section>
  );
}
