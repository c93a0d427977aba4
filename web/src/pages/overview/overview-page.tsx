/** The first page: what is happening, who, how sure, what was done, what to do. */
import { useState } from 'react';
import { useOverview } from '../../api/use-overview.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AlertTypes } from './alert-types.tsx';
import { KeyFigures } from './key-figures.tsx';
import { Protocols } from './protocols.tsx';
import { RangePicker } from './range-picker.tsx';
import { RecentAlerts } from './recent-alerts.tsx';
import { Situation } from './situation.tsx';
import { SystemHealth } from './system-health.tsx';
import { TopSources } from './top-sources.tsx';
import { TrafficChart } from './traffic-chart.tsx';

export function OverviewPage() {
  const [minutes, setMinutes] = useState(60);
  const overview = useOverview(minutes);
  return (
    <Page title="Overview" aside={<RangePicker minutes={minutes} onChange={setMinutes} />}>
      <Situation />
      <Loaded query={overview} what="the overview">
        {(data) => (
          <>
            <KeyFigures overview={data} />
            <div className="grid gap-3 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
              <Panel title="Traffic">
                <TrafficChart traffic={data.traffic} />
              </Panel>
              <Panel title="Alerts by type">
                <AlertTypes types={data.alert_types} />
              </Panel>
            </div>
            <div className="grid gap-3 md:grid-cols-2 xl:grid-cols-3">
              <Panel title="Top sources">
                <TopSources sources={data.top_sources} />
              </Panel>
              <Panel title="Protocols">
                <Protocols protocols={data.protocols} />
              </Panel>
              <Panel title="System health" className="md:max-xl:col-span-2">
                <SystemHealth />
              </Panel>
            </div>
          </>
        )}
      </Loaded>
      <Panel title="Recent alerts">
        <RecentAlerts />
      </Panel>
    </Page>
  );
}
