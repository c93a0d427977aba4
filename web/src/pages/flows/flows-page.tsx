/** Conversations, newest first. */
import { CONN_STATES } from '../../../../src/contract/flow.ts';
import { useFlows } from '../../api/use-flows.ts';
import { Empty } from '../../ui/empty.tsx';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { IpFilter } from '../../ui/ip-filter.tsx';
import { LoadMore } from '../../ui/load-more.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SelectFilter } from '../../ui/select-filter.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { CONN_STATE_MEANINGS } from './conn-state.ts';
import { FlowTable } from './flow-table.tsx';

const FILTERS = ['src_ip', 'dest_ip', 'service', 'conn_state'] as const;
const SERVICES = ['ssh', 'http', 'tls', 'dns', 'ftp', 'smtp', 'ntp'].map((value) => ({
  value,
  label: value,
}));
const STATES = CONN_STATES.map((value) => ({
  value,
  label: `${value}: ${CONN_STATE_MEANINGS[value]}`,
}));

export function FlowsPage() {
  const { values, set, clear, isFiltered } = useFilters(FILTERS);
  const flows = useFlows(values);
  return (
    <Page title="Flows">
      <Panel title="Conversations, newest first">
        <FilterBar isFiltered={isFiltered} onClear={clear}>
          <IpFilter
            label="Source"
            value={values.src_ip}
            onChange={(value) => set('src_ip', value)}
          />
          <IpFilter
            label="Destination"
            value={values.dest_ip}
            onChange={(value) => set('dest_ip', value)}
          />
          <SelectFilter
            label="Service"
            value={values.service}
            options={SERVICES}
            onChange={(value) => set('service', value)}
          />
          <SelectFilter
            label="State"
            value={values.conn_state}
            options={STATES}
            onChange={(value) => set('conn_state', value)}
          />
        </FilterBar>
        <Loaded query={flows} what="flows">
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.flows);
            if (rows.length === 0)
              return (
                <Empty title={isFiltered ? 'No flow fits these filters' : 'No flows yet'}>
                  {isFiltered
                    ? 'Clear a filter to see more.'
                    : 'A flow is listed when it ends or after a while of quiet; packets come first.'}
                </Empty>
              );
            return (
              <>
                <FlowTable flows={rows} />
                <LoadMore query={flows} shown={rows.length} noun="flows" />
              </>
            );
          }}
        </Loaded>
      </Panel>
    </Page>
  );
}
