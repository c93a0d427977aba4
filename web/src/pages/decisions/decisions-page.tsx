/** Blocks and the rules they follow: list, block by hand, policy, never-block list. */
import { Decision } from '../../../../src/contract/decision.ts';
import { useDecisions } from '../../api/use-decisions.ts';
import { useRights } from '../../api/use-session.ts';
import { labelOf } from '../../format/label.ts';
import { Empty } from '../../ui/empty.tsx';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { LoadMore } from '../../ui/load-more.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SelectFilter } from '../../ui/select-filter.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { BlockForm } from './block-form.tsx';
import { DecisionTable } from './decision-table.tsx';
import { PolicyPanel } from './policy-panel.tsx';
import { ProtectedNetworks } from './protected-networks.tsx';

const STATES = Decision.shape.state.options.map((value) => ({ value, label: labelOf(value) }));

export function DecisionsPage() {
  const { values, set, clear, isFiltered } = useFilters(['state']);
  const { mayAct } = useRights();
  const decisions = useDecisions(values.state);
  return (
    <Page title="Decisions">
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <PolicyPanel />
        <Panel title="Block an address">
          <BlockForm disabled={!mayAct} />
        </Panel>
      </div>
      <Panel title="Decisions, newest first">
        <FilterBar isFiltered={isFiltered} onClear={clear}>
          <SelectFilter
            label="State"
            value={values.state}
            options={STATES}
            onChange={(value) => set('state', value)}
          />
        </FilterBar>
        <Loaded query={decisions} what="decisions">
          {({ pages }) => {
            const rows = pages.flatMap((page) => page.decisions);
            if (rows.length === 0)
              return (
                <Empty title={isFiltered ? 'No decision is in this state' : 'No decisions yet'}>
                  An alert at or above the block threshold leads to one; you can also block an
                  address by hand.
                </Empty>
              );
            return (
              <>
                <DecisionTable decisions={rows} />
                <LoadMore query={decisions} shown={rows.length} noun="decisions" />
              </>
            );
          }}
        </Loaded>
      </Panel>
      <ProtectedNetworks />
    </Page>
  );
}
