/** What one address did and what was done about it, from top to bottom in time. */
import { useParams } from 'react-router';
import { useStory } from '../../api/use-story.ts';
import { Empty } from '../../ui/empty.tsx';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SelectFilter } from '../../ui/select-filter.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { TimeLine } from './time-line.tsx';

const DEFAULT_DAYS = 30;
const SPANS = [
  { value: '1', label: 'Last day' },
  { value: '7', label: 'Last 7 days' },
  { value: '365', label: 'Last year' },
];

export function StoryPage() {
  const { ip = '' } = useParams();
  const { values, set, clear, isFiltered } = useFilters(['days']);
  const days = Number(values.days ?? DEFAULT_DAYS);
  const story = useStory(ip, days);
  return (
    <Page title={`Story of ${ip}`}>
      <Panel title="On one time line, oldest first">
        <FilterBar isFiltered={isFiltered} onClear={clear}>
          <SelectFilter
            label="Span"
            all="Last 30 days"
            value={values.days}
            options={SPANS}
            onChange={(value) => set('days', value)}
          />
        </FilterBar>
        <Loaded query={story} what="the story">
          {({ entries, is_cut: isCut, last_contact: lastContact }) =>
            entries.length === 0 ? (
              <Empty title="Nothing is kept of this address">
                It sent nothing here in this span, or what it sent is no longer kept.
              </Empty>
            ) : (
              <div className="grid gap-3">
                {isCut && (
                  <p className="text-muted">There are older entries than the newest 200 shown.</p>
                )}
                <TimeLine entries={entries} />
                {lastContact && (
                  <p className="text-muted">
                    Seen last <Timestamp at={lastContact} relative />
                  </p>
                )}
              </div>
            )
          }
        </Loaded>
      </Panel>
    </Page>
  );
}
