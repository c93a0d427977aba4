import { Link } from 'react-router';
import type { Overview } from '../../../../src/contract/api.ts';
import { labelOf } from '../../format/label.ts';
import { formatCount } from '../../format/number.ts';
import { Empty } from '../../ui/empty.tsx';
import { RankedBars } from '../../ui/ranked-bars.tsx';

/** How many alerts of each type, most first. */
export function AlertTypes({ types }: { types: Overview['alert_types'] }) {
  if (types.length === 0)
    return <Empty title="No alerts in this time range">Nothing crossed the alert threshold.</Empty>;
  return (
    <RankedBars
      caption="Alerts by type"
      nameHeader="Type"
      valueHeader="Alerts"
      rows={[...types]
        .sort((a, b) => b.count - a.count)
        .map(({ alert_type, count }) => ({
          key: alert_type,
          name: (
            <Link
              className="whitespace-nowrap hover:underline"
              to={`/alerts?alert_type=${alert_type}`}
            >
              {labelOf(alert_type)}
            </Link>
          ),
          value: count,
          shown: formatCount(count),
          isMalicious: true,
        }))}
    />
  );
}
