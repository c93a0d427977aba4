/** Who visited the honeypots. */
import { LureService } from '../../../../src/contract/lure.ts';
import { useLureSessions } from '../../api/use-lures.ts';
import { Empty } from '../../ui/empty.tsx';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { IpFilter } from '../../ui/ip-filter.tsx';
import { LoadMore } from '../../ui/load-more.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SelectFilter } from '../../ui/select-filter.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { LureSessionTable } from './lure-session-table.tsx';

const SERVICES = LureService.options.map((value) => ({ value, label: value.toUpperCase() }));

export function LuresPage() {
  const { values, set, clear, isFiltered } = useFilters(['service', 'source_ip']);
  const sessions = useLureSessions(values);
  return (
    <Page title="Lures">
      <Panel title="Honeypot sessions, newest first">
        <FilterBar isFiltered={isFiltered} onClear={clear}>
          <SelectFilter
            label="Service"
            value={values.service}
            options={SERVICES}
            onChange={(value) => set('service', value)}
          />
          <IpFilter
            label="Visitor"
            value={values.source_ip}
            onChange={(value) => set('source_ip', value)}
          />
        </FilterBar>
        <Loaded query={sessions} what="honeypot sessions">
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.sessions);
            if (rows.length === 0)
              return isFiltered ? (
                <Empty title="No session fits these filters">Clear a filter to see more.</Empty>
              ) : (
                <Empty title="Nobody has visited the lures yet">
                  They listen for SSH, HTTP and FTP on ports 2222, 8080 and 2121. Nobody has any
                  business there: whoever comes is worth a look.
                </Empty>
              );
            return (
              <>
                <LureSessionTable sessions={rows} />
                <LoadMore query={sessions} shown={rows.length} noun="sessions" />
              </>
            );
          }}
        </Loaded>
      </Panel>
    </Page>
  );
}
