/** One alert whole: what, who, how sure, why, what was done, what can be done. */
import { Link, useParams } from 'react-router';
import type { Alert } from '../../../../src/contract/alert.ts';
import { useAlert } from '../../api/use-alerts.ts';
import { labelOf } from '../../format/label.ts';
import { Badge } from '../../ui/badge.tsx';
import { DemoBadge } from '../../ui/demo-badge.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SeverityBadge } from '../../ui/severity-badge.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { AlertActions } from './alert-actions.tsx';
import { AlertDecision } from './alert-decision.tsx';
import { AlertFacts } from './alert-facts.tsx';
import { AlertRecord } from './alert-record.tsx';
import { DecisionRecord } from './decision-record.tsx';
import { Evidence } from './evidence.tsx';
import { Explanation } from './explanation.tsx';
import { PacketReferences } from './packet-references.tsx';

export function AlertPage() {
  const { id = '' } = useParams();
  const alert = useAlert(id);
  return (
    <Page
      title={alert.data ? labelOf(alert.data.alert_type) : 'Alert'}
      aside={
        <Link to="/alerts" className="flex items-center gap-1 text-accent hover:underline">
          <Icon name="back" /> All alerts
        </Link>
      }
    >
      <Loaded query={alert} what="the alert">
        {(data) => <Detail key={data.id} alert={data} />}
      </Loaded>
    </Page>
  );
}

function Detail({ alert }: { alert: Alert }) {
  return (
    <>
      <section
        aria-label="Summary and actions"
        className="grid gap-3 rounded-lg border border-line bg-surface p-3"
      >
        <div className="flex flex-wrap gap-1.5">
          <SeverityBadge severity={alert.severity} />
          <StatusBadge status={alert.status} />
          <AlertDecision alert={alert} />
          <DemoBadge sensorId={alert.sensor_id} />
          {alert.suppressed_by && (
            <Badge
              tone="neutral"
              title="A suppression hides it: it is in no list, nobody is told, and it blocks nobody"
            >
              Suppressed
            </Badge>
          )}
        </div>
        <p className="text-base">
          <VisibleText text={alert.description} limit={1000} prose />
        </p>
        <AlertActions alert={alert} />
      </section>
      <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <div className="grid gap-3">
          <Panel title="Who, whom, when">
            <AlertFacts alert={alert} />
          </Panel>
          <Panel title="What was done">
            <DecisionRecord alert={alert} />
          </Panel>
          <Panel title="Record: who did what">
            <AlertRecord alertId={alert.id} />
          </Panel>
          <Panel title="Packets behind it">
            <PacketReferences references={alert.packets} />
            {alert.packets.length > 0 && (
              <a
                className="text-accent text-xs hover:underline"
                href={`/api/v1/alerts/${encodeURIComponent(alert.id)}/packets.pcapng`}
                download
              >
                Download packets (pcapng)
              </a>
            )}
          </Panel>
        </div>
        <div className="grid gap-3">
          <Panel title="Evidence: what was measured">
            <Evidence findings={alert.evidence} />
          </Panel>
          <Panel title="Explanation: what the model went by">
            <Explanation contributions={alert.explanation} model={alert.model} />
          </Panel>
        </div>
      </div>
    </>
  );
}
