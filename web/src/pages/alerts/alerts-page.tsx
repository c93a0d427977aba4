/** Every alert, filtered and page by page. */
import { useState } from 'react';
import { AlertStatus, Severity } from '../../../../src/contract/alert.ts';
import { ALERT_KIND_NAMES } from '../../../../src/contract/alert-kinds.ts';
import { useAlerts } from '../../api/use-alerts.ts';
import { useRights, useSession } from '../../api/use-session.ts';
import { labelOf } from '../../format/label.ts';
import { Empty } from '../../ui/empty.tsx';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { IpFilter } from '../../ui/ip-filter.tsx';
import { LoadMore } from '../../ui/load-more.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SelectFilter } from '../../ui/select-filter.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { SuppressionList } from '../suppressions/suppression-list.tsx';
import { AlertTable } from './alert-table.tsx';
import { BulkActions } from './bulk-actions.tsx';

const FILTERS = [
  'status',
  'severity',
  'alert_type',
  'source_ip',
  'assignee',
  'suppressed',
] as const;
const SUPPRESSED = [
  { value: 'with', label: 'With suppressed' },
  { value: 'only', label: 'Suppressed only' },
];
const options = (names: readonly string[]) =>
  names.map((value) => ({ value, label: labelOf(value) }));

export function AlertsPage() {
  const { values, set, clear, isFiltered } = useFilters(FILTERS);
  const alerts = useAlerts(values);
  const { mayAct } = useRights();
  const me = useSession().data?.username ?? null;
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  return (
    <Page title="Alerts">
      <Panel title="Newest activity first">
        <FilterBar isFiltered={isFiltered} onClear={clear}>
          <SelectFilter
            label="Status"
            value={values.status}
            options={options(AlertStatus.options)}
            onChange={(value) => set('status', value)}
          />
          <SelectFilter
            label="Severity"
            value={values.severity}
            options={options(Severity.options)}
            onChange={(value) => set('severity', value)}
          />
          <SelectFilter
            label="Type"
            value={values.alert_type}
            options={options(ALERT_KIND_NAMES)}
            onChange={(value) => set('alert_type', value)}
          />
          <SelectFilter
            label="Suppressed"
            all="Not suppressed"
            value={values.suppressed}
            options={SUPPRESSED}
            onChange={(value) => set('suppressed', value)}
          />
          <SelectFilter
            label="Assigned"
            all="To anybody"
            value={values.assignee}
            options={me === null ? [] : [{ value: me, label: 'To me' }]}
            onChange={(value) => set('assignee', value)}
          />
          <IpFilter
            label="Source address"
            value={values.source_ip}
            onChange={(value) => set('source_ip', value)}
          />
        </FilterBar>
        <Loaded query={alerts} what="alerts">
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.alerts);
            if (rows.length === 0)
              return isFiltered ? (
                <Empty title="No alert fits these filters">Clear a filter to see more.</Empty>
              ) : (
                <Empty title="No alerts yet">
                  They appear here as they are raised. If you expected some, look at System health
                  on the overview: no sensor or no model means nothing to judge.
                </Empty>
              );
            // What has left the list is no longer meant.
            const chosen = new Set(rows.map(({ id }) => id).filter((id) => selected.has(id)));
            return (
              <>
                {mayAct && <BulkActions selected={chosen} onDone={() => setSelected(new Set())} />}
                <AlertTable
                  alerts={rows}
                  caption="Alerts"
                  selection={mayAct ? { selected: chosen, onChange: setSelected } : null}
                />
                <LoadMore query={alerts} shown={rows.length} noun="alerts" />
              </>
            );
          }}
        </Loaded>
      </Panel>
      <SuppressionList />
    </Page>
  );
}
